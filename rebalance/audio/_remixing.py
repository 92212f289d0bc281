"""Remixing: the normalising gain, the remix as a sum of sources, and the remix as an edit of the mixture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import SupportsFloat, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance.audio._audio_files import Audio
from rebalance.audio._levels import amplitude_from_db

# How far estimates are trusted: alike, or by the number of sources, from two on, the last value for all beyond.
Shrinkage: TypeAlias = float | tuple[float, ...]

MAX_STRENGTH = 1.5


def normalising_gain_db(gains_db: Mapping[str, float] | Iterable[float]) -> float:
    """Return the gain G in dB that keeps the mean power of the gains at one.

    Parameters
    ----------
    gains_db
        Raw gain of every source in dB.

    Raises
    ------
    MetadataError
        If there is no gain, or one is not finite.

    Examples
    --------
    >>> from rebalance import normalising_gain_db
    >>> round(normalising_gain_db([6.0, 0.0]), 2)
    -3.96

    Source: equation 1 of the CAD2-T2 data page with the sum sign it lost,
    ``G = -10 log10((1/N) sum_i 10**(gain_i / 10))``.
    """
    gains = list(gains_db.values() if isinstance(gains_db, Mapping) else gains_db)
    are_numbers = all(isinstance(gain, SupportsFloat) and np.isfinite(float(gain)) for gain in gains)
    if not gains or not are_numbers:
        raise MetadataError(where="gains", expected="one or more finite numbers in dB", got=f"{gains}")
    levels_db = np.array(gains, dtype=np.float64)
    return float(-10.0 * np.log10(np.mean(10.0 ** (levels_db / 10.0))))


def remix(sources: Mapping[str, Audio], gains_db: Mapping[str, float]) -> NDArray[np.float64]:
    """Sum the sources, each scaled by its gain and all by the normalising gain.

    Parameters
    ----------
    sources
        Signals of one shape ``(n_channels, n_samples)`` by source name.
    gains_db
        Raw gain in dB by the same names.

    Raises
    ------
    MetadataError
        If the names differ or a gain is not a finite number.
    AudioError
        If the shapes differ, or a source does not hold finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import remix
    >>> sources = {"Flute": np.full((2, 3), 0.1), "Cello": np.full((2, 3), 0.2)}
    >>> remix(sources, {"Flute": 0.0, "Cello": 0.0}).round(3).tolist()
    [[0.3, 0.3, 0.3], [0.3, 0.3, 0.3]]

    Source: ``apply_gains``, ``remix_stems`` and ``adjust_level`` of the official evaluator, whose
    loudness measurement cancels out.
    """
    _require_same_names(sources, gains_db)
    total_db = normalising_gain_db(gains_db)
    signals = _signals(sources)
    total = sum(amplitude_from_db(gains_db[name]) * signal for name, signal in signals.items())
    return np.asarray(total * amplitude_from_db(total_db))


def remix_as_edit(
    mixture: Audio,
    estimates: Mapping[str, Audio],
    gains_db: Mapping[str, float],
    *,
    shrinkage: Shrinkage | Mapping[str, float] = 1.0,
    strength: float = 1.0,
) -> NDArray[np.float64]:
    """Edit the mixture instead of rebuilding it: add only what the gains change.

    ``out = mixture + sum_i shrinkage_i (g_i / g0 - 1) estimate_i`` where ``g0`` is the root mean square
    of the amplitude gains, so that the normalising gain is already in it and equal gains return the
    mixture itself, sample for sample. Errors of the estimates enter in proportion to the change asked.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``.
    estimates
        Estimated sources of the same shape by name.
    gains_db
        Raw gain in dB by the same names.
    shrinkage
        How far the estimates are trusted, in [0, 1]: one value, one per source, or a tuple of one for two sources,
        for three, and so on, of which the last holds for all numbers beyond.
    strength
        Multiplies the shrinkage; see `changes_of`.

    Raises
    ------
    MetadataError
        If the names differ or a gain is not finite.
    AudioError
        If the shapes differ, or a signal does not hold finite numbers.
    ConfigError
        If a shrinkage lies outside [0, 1], or the strength outside [0, `MAX_STRENGTH`].

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import remix_as_edit
    >>> estimates = {"Flute": np.full((2, 3), 0.1), "Cello": np.full((2, 3), 0.2)}
    >>> mixture = sum(estimates.values())
    >>> bool(np.array_equal(remix_as_edit(mixture, estimates, {"Flute": 3.0, "Cello": 3.0}, shrinkage=1.0), mixture))
    True
    """
    _require_same_names(estimates, gains_db)
    changes = changes_of(gains_db, shrinkage=shrinkage, strength=strength)
    edited = _signal("mixture", mixture).copy()
    if not any(changes.values()):
        return edited
    for name, estimate in estimates.items():
        signal = _signal(name, estimate)
        if signal.shape != edited.shape:
            raise AudioError(where=name, expected=f"the mixture's shape {edited.shape}", got=str(signal.shape))
        edited += changes[name] * signal
    return edited


def changes_of(
    gains_db: Mapping[str, float], *, shrinkage: Shrinkage | Mapping[str, float] = 1.0, strength: float = 1.0
) -> dict[str, float]:
    """Return how much of every estimate the remix as an edit adds to the mixture: ``shrinkage (g_i / g0 - 1)``.

    Parameters
    ----------
    gains_db
        Raw gain in dB by source name.
    shrinkage
        As for `remix_as_edit`.
    strength
        Multiplies the shrinkage, in [0, `MAX_STRENGTH`]. Beyond 1 more of the request is made, and whatever is
        wrong in the estimates becomes louder in proportion. No more of an estimate is taken away than there is.

    Returns
    -------
    dict
        Factors by source name, all 0 for equal gains.

    Raises
    ------
    MetadataError
        If a gain is not finite.
    ConfigError
        If a shrinkage or the strength is out of range.

    Examples
    --------
    >>> from rebalance.audio import changes_of
    >>> changes_of({"Flute": 3.0, "Cello": 3.0})
    {'Flute': 0.0, 'Cello': 0.0}
    """
    if not 0.0 <= strength <= MAX_STRENGTH:
        raise ConfigError(where="strength", expected=f"0 to {MAX_STRENGTH:g}", got=str(strength))
    normalising_db = normalising_gain_db(gains_db)
    if len(set(gains_db.values())) == 1:
        return dict.fromkeys(gains_db, 0.0)
    trust_by_source = _by_source(shrinkage, list(gains_db))
    return {
        name: max(-1.0, strength * trust_by_source[name] * (amplitude_from_db(gain_db + normalising_db) - 1.0))
        for name, gain_db in gains_db.items()
    }


def official_remix(
    targets: Mapping[str, Audio], gains_db: Mapping[str, float], instruments: Mapping[str, str]
) -> NDArray[np.float64]:
    """Remix as the official baseline does, quirks included.

    Every voice of a repeated instrument carries the whole estimate of that instrument (so a pair comes
    out twice), and *all* repeated instruments of the segment share one gain, the mean of theirs in dB.
    The normalising gain is that of the raw gains.

    Parameters
    ----------
    targets
        The model's estimate for each source's instrument, shape ``(n_channels, n_samples)``, by source name.
    gains_db
        Raw gain in dB by source name.
    instruments
        Instrument by source name.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import official_remix
    >>> targets = {"source_1": np.full((2, 2), 0.1), "source_2": np.full((2, 2), 0.2)}
    >>> official_remix(targets, {"source_1": 0.0, "source_2": 0.0}, {"source_1": "Flute", "source_2": "Cello"}).shape
    (2, 2)

    Source: ``check_repeated_source``, ``apply_gains``, ``remix_stems`` and ``adjust_level`` of the
    official recipe.
    """
    _require_same_names(targets, gains_db)
    counts = Counter(instruments[name] for name in targets)
    repeated = [name for name in targets if counts[instruments[name]] > 1]
    pooled_db = float(np.mean([gains_db[name] for name in repeated])) if repeated else 0.0
    made_db = {name: pooled_db if name in repeated else gains_db[name] for name in targets}
    total = sum(amplitude_from_db(made_db[name]) * signal for name, signal in _signals(targets).items())
    return np.asarray(total * amplitude_from_db(normalising_gain_db(gains_db)))


def _signals(sources: Mapping[str, Audio]) -> dict[str, NDArray[np.float64]]:
    """Return the sources in double precision, checked to be of one shape."""
    signals = {name: _signal(name, source) for name, source in sources.items()}
    if len({signal.shape for signal in signals.values()}) != 1:
        raise AudioError(expected="sources of one shape", got=f"{ {name: s.shape for name, s in signals.items()} }")
    return signals


def _signal(name: str, samples: Audio) -> NDArray[np.float64]:
    """Return samples in double precision, checked to be finite numbers."""
    try:
        signal = np.asarray(samples, dtype=np.float64)
    except (TypeError, ValueError):
        raise AudioError(where=name, expected="an array of numbers", got=type(samples).__name__) from None
    if not signal.ndim or not np.isfinite(signal).all():
        got = "NaN or infinity" if signal.ndim else type(samples).__name__
        raise AudioError(where=name, expected="an array of finite numbers", got=got)
    return signal


def _require_same_names(signals: Mapping[str, Audio], gains_db: Mapping[str, float]) -> None:
    """Raise unless the gains name exactly the signals."""
    if missing := sorted(signals.keys() - gains_db.keys()):
        raise MetadataError(
            where="gains", expected=f"one for every source, {sorted(signals)}", got=f"none for {missing}"
        )
    if unknown := sorted(gains_db.keys() - signals.keys()):
        raise MetadataError(where="gains", expected=f"names of the sources, {sorted(signals)}", got=f"{unknown}")


def _by_source(shrinkage: Shrinkage | Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Return the shrinkage of every source, checked."""
    if isinstance(shrinkage, Mapping):
        by_source = {name: shrinkage[name] for name in names}
        values = tuple(by_source.values())
    else:
        values = (shrinkage,) if isinstance(shrinkage, int | float) else tuple(shrinkage)
        own = values[min(max(len(names), 2) - 2, len(values) - 1)] if values else np.nan
        by_source = dict.fromkeys(names, own)
    if not values or not all(0.0 <= value <= 1.0 for value in values):
        raise ConfigError(expected="shrinkages between 0 and 1", got=str(shrinkage))
    return by_source
