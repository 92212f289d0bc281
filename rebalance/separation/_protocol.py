"""What a separator is, and what every one of them asks of its input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.instrument_names import instrument_of, letters_of, names_another, spaced
from rebalance._base.names import suggestion
from rebalance.audio import Audio


@runtime_checkable
class Separator(Protocol):
    """Splits a mixture of known instruments into its sources.

    What else is known of it stands in its attribute ``info``, where it has one; see `SeparatorInfo`.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import Separator, load_separator
    >>> separator = load_separator("mixture")
    >>> isinstance(separator, Separator), separator.sample_rate
    (True, 44100)
    >>> list(separator(np.zeros((2, 44_100), dtype=np.float32), ("Flute", "Cello")))
    ['Flute', 'Cello']
    """

    @property
    def name(self) -> str:
        """Name the registry knows it by, or the path it came from."""

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source of a mixture.

        Parameters
        ----------
        mixture
            Shape ``(n_channels, n_samples)``, one or two channels, at least one sample.
        instruments
            Instrument of every source, repeated where one plays twice: ``("Violin", "Violin", "Cello")``.

        Returns
        -------
        dict
            Signals of the mixture's shape by source name; see `source_names`. They are looked up by name.

        Raises
        ------
        AudioError
            If the mixture is empty, not finite, or of another shape.
        ConfigError
            If an instrument is unknown, or the true sources are needed and missing.
        """


@runtime_checkable
class Oracle(Separator, Protocol):
    """A separator that has to be told the true sources: an upper bound.

    Examples
    --------
    >>> from rebalance.separation import Oracle, load_separator
    >>> isinstance(load_separator("ideal-ratio-mask"), Oracle), isinstance(load_separator("mixture"), Oracle)
    (True, False)
    """

    def informed_by(self, sources: Mapping[str, Audio]) -> Separator:
        """Return the separator that knows the true sources by source name, shape ``(n_channels, n_samples)``."""


def informed(separator: Separator, sources: Mapping[str, Audio]) -> Separator:
    """Return a separator that can be called: an oracle is told the true sources, any other stays as it is.

    Parameters
    ----------
    separator
        An oracle or any other.
    sources
        The true sources by source name, each of shape ``(n_channels, n_samples)``.

    Examples
    --------
    >>> from rebalance.separation import informed, load_separator
    >>> separator = load_separator("mixture")
    >>> informed(separator, {}) is separator
    True
    """
    return separator.informed_by(sources) if isinstance(separator, Oracle) else separator


@runtime_checkable
class Levelled(Protocol):
    """A separator that judges a mixture relative to its mean power, and can be told that of the music around it."""

    def at_level(self, mean_square: float) -> Separator:
        """Return the same separator, which takes this for the mean square of every mixture."""


@runtime_checkable
class OfficialTargets(Protocol):
    """A separator that can also give what the official baseline feeds its remix."""

    def targets(
        self, mixture: Audio, instruments: Sequence[str], *, accompaniment_share: float = 0.1
    ) -> dict[str, NDArray[np.float32]]:
        """Return for every voice its instrument's whole estimate with a share of the accompaniment, by source name.

        Parameters
        ----------
        mixture
            Shape ``(n_channels, n_samples)``.
        instruments
            Instrument of every source, repeated where one plays twice.
        accompaniment_share
            Amplitude at which the accompaniment is added, from 0 to 1.
        """


@runtime_checkable
class OwnInstruments(Protocol):
    """A separator that names the instruments it knows; they need not be the challenge's."""

    @property
    def separated_instruments(self) -> tuple[str, ...]:
        """Every instrument it can be asked for."""


def instruments_of(separator: object) -> tuple[str, ...]:
    """Return the instruments a separator names as its own; none where it knows those of the challenge.

    Parameters
    ----------
    separator
        Anything that may separate, whatever it offers.

    Examples
    --------
    >>> from rebalance.separation import instruments_of, load_separator
    >>> instruments_of(load_separator("mixture"))
    ()
    >>> class OfSongs:
    ...     separated_instruments = ("Vocals", "Drums")
    >>> instruments_of(OfSongs())
    ('Vocals', 'Drums')
    """
    return separator.separated_instruments if isinstance(separator, OwnInstruments) else ()


def source_names(instruments: Sequence[str], *, also: Sequence[str] = ()) -> tuple[str, ...]:
    """Name every source after its instrument, numbered only where one is repeated.

    Parameters
    ----------
    instruments
        Instruments in any case and in many languages: ``("violin", "Geige", "Cello")``.
    also
        Instruments beside those of the challenge; see `instruments_of`.

    Returns
    -------
    tuple of str
        In the same order: ``("Violin_1", "Violin_2", "Cello")``.

    Raises
    ------
    ConfigError
        If there is none, or one is neither an instrument of the challenge nor one of the others.

    Examples
    --------
    >>> from rebalance.separation import source_names
    >>> source_names(["violin", "Violin", "Cello"])
    ('Violin_1', 'Violin_2', 'Cello')
    """
    return _numbered(known_instruments(instruments, also=also))


def _numbered(known: Sequence[str]) -> tuple[str, ...]:
    """Return the names of sources by instrument, numbered where one is repeated."""
    counts = Counter(known)
    heard: Counter[str] = Counter()
    names: list[str] = []
    for instrument in known:
        heard[instrument] += 1
        names.append(f"{instrument}_{heard[instrument]}" if counts[instrument] > 1 else instrument)
    return tuple(names)


def known_instruments(instruments: Sequence[str], *, also: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the instruments as the challenge spells them: ``"Geige"`` and ``"violins"`` are ``"Violin"``.

    Parameters
    ----------
    instruments
        Instruments in any case and in many languages.
    also
        Instruments beside those of the challenge, spelt as they shall be; see `instruments_of`.

    Raises
    ------
    ConfigError
        If there is none, or one is neither an instrument of the challenge nor one of the others, with the closest one.

    Examples
    --------
    >>> from rebalance.separation import known_instruments
    >>> known_instruments(["violin", "CELLO"])
    ('Violin', 'Cello')
    >>> known_instruments(["electric guitar", "Posaune"], also=("ElectricGuitar", "Trombone"))
    ('ElectricGuitar', 'Trombone')
    >>> known_instruments(["Viollin"])
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: instrument 'Viollin': expected one of Bassoon, Cello, Clarinet, ...
    """
    if isinstance(instruments, str):
        raise ConfigError(
            where="instruments", expected="a sequence such as ('Violin', 'Cello')", got=f"the text {instruments!r}"
        )
    if not instruments:
        raise ConfigError(where="instruments", expected="at least one", got="none")
    return tuple(_known_instrument(instrument, also) for instrument in instruments)


def _known_instrument(name: str, also: Sequence[str]) -> str:
    """Return an instrument as the challenge, or who knows others, spells it, whatever its language."""
    known = instrument_of(name)
    if known in (*CAD2_TASK2.instruments, *also):
        return str(known)
    for other in also:
        if letters_of(other) == letters_of(name):
            return other
    possible = also or CAD2_TASK2.instruments
    expected = ", ".join(possible)
    if known is not None or names_another(name):
        what = f" ({spaced(known)})" if known is not None and spaced(known).casefold() != name.casefold() else ""
        raise ConfigError(f"not among those that can be separated: {expected}", where=f"instrument {name!r}{what}")
    raise ConfigError(where=f"instrument {name!r}", expected=f"one of {expected}", more=suggestion(name, possible))


def checked_mixture(mixture: Audio) -> NDArray[np.float32]:
    """Return the mixture in float32 once it is known to be one.

    Raises
    ------
    AudioError
        If it is not floating point, not ``(n_channels, n_samples)`` with one or two channels, empty,
        or holds NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import checked_mixture
    >>> checked_mixture(np.zeros((1, 4))).dtype
    dtype('float32')
    """
    if not isinstance(mixture, np.ndarray) or not np.issubdtype(mixture.dtype, np.floating):
        kind = mixture.dtype if isinstance(mixture, np.ndarray) else type(mixture).__name__
        raise AudioError(where="mixture", expected="an array of floating-point samples", got=str(kind))
    if mixture.ndim != 2 or not 1 <= mixture.shape[0] <= CAD2_TASK2.n_channels:
        raise AudioError(where="mixture", expected="shape (1 or 2 channels, n_samples)", got=str(mixture.shape))
    if not mixture.shape[1]:
        raise AudioError(where="mixture", expected="at least one sample", got="none")
    if not np.isfinite(mixture).all():
        raise AudioError(where="mixture", expected="finite samples", found="NaN or infinity")
    return mixture.astype(np.float32, copy=False)


def shared_among_voices(
    by_instrument: Mapping[str, NDArray[np.float32]], instruments: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """Give each voice of an instrument an equal part of that instrument's estimate.

    Parameters
    ----------
    by_instrument
        Estimate of every instrument, shape ``(n_channels, n_samples)``.
    instruments
        Instrument of every source, as `known_instruments` spells it.

    Returns
    -------
    dict
        Estimates by source name; those of one instrument sum to its estimate.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import shared_among_voices
    >>> estimate = {"Violin": np.ones((1, 2), dtype=np.float32)}
    >>> {name: each.tolist() for name, each in shared_among_voices(estimate, ["Violin", "Violin"]).items()}
    {'Violin_1': [[0.5, 0.5]], 'Violin_2': [[0.5, 0.5]]}
    """
    counts = Counter(instruments)
    return {
        name: by_instrument[instrument] / np.float32(counts[instrument])
        for name, instrument in zip(_numbered(instruments), instruments, strict=True)
    }
