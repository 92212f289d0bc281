"""What somebody wants of a recording: gains by source or instrument, for whom, and how loud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rebalance._base.errors import ConfigError
from rebalance._base.instrument_names import instrument_of, letters_of, voice_of
from rebalance._base.names import suggestion
from rebalance.audio import MAX_STRENGTH
from rebalance.hearing import Fitting
from rebalance.pipeline._levelling import LoudnessTarget
from rebalance.separation import Separator, instruments_of, known_instruments, source_names

_MIN_LUFS, _MAX_LUFS = -70.0, 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixRequest:
    """What somebody wants of a recording.

    Parameters
    ----------
    instruments
        Instrument of every source.
    gains_db
        Gain in dB by source name; names not mentioned stay at 0 dB. See `gains_by_source`.
    separator
        The separator of the instruments.
    strength
        Multiplies the separator's shrinkage, in [0, 1.5]: more of the gains is made, and artefacts are louder.
    fitting
        Compressor settings of the listener; None leaves the result unamplified. A mono recording
        becomes stereo, one channel per ear.
    loudness
        What the result is brought to by one gain, the same for both ears: LUFS, or ``"recording"`` for the loudness of
        the recording. None leaves it as remix and compressors leave it.

    Raises
    ------
    ConfigError
        If the loudness or the strength is out of range.
    """

    instruments: Sequence[str]
    gains_db: Mapping[str, float]
    separator: Separator
    strength: float = 1.0
    fitting: Fitting | None = None
    loudness: LoudnessTarget = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= MAX_STRENGTH:
            raise ConfigError(where="strength", expected=f"0 to {MAX_STRENGTH:g}", got=f"{self.strength:g}")
        if not isinstance(self.loudness, str | None) and not _MIN_LUFS <= self.loudness <= _MAX_LUFS:
            raise ConfigError(
                where="loudness",
                expected=f"{_MIN_LUFS:g} to {_MAX_LUFS:g} LUFS, 'recording' or None",
                got=f"{self.loudness:g}",
            )

    @property
    def all_gains_db(self) -> dict[str, float]:
        """Gain in dB of every source."""
        names = source_names(self.instruments, also=instruments_of(self.separator))
        return {name: self.gains_db.get(name, 0.0) for name in names}


def gains_by_source(
    requests: Mapping[str, float] | Iterable[tuple[str, float]], instruments: Sequence[str], *, also: Sequence[str] = ()
) -> dict[str, float]:
    """Spell out gains asked by instrument or by source: ``violin`` means every violin, ``violin_2`` one of them.

    A gain of one player holds before that of its instrument. Names are understood as `source_names` understands them:
    ``Geige 2`` is the second violin. Sources stand in the order of the recording.

    Parameters
    ----------
    requests
        Gains in dB by name, or pairs of both; a name may come twice when its gain is the same.
    instruments
        Of every player, in the order of the recording.
    also
        Instruments beside those of the challenge; see `rebalance.separation.instruments_of`.

    Raises
    ------
    ConfigError
        If a name is none of the recording's sources, with the closest one, or two different gains are asked for the
        same instrument or the same player.

    Examples
    --------
    >>> from rebalance.pipeline import gains_by_source
    >>> gains_by_source({"celli": -6.0, "Geige 2": 3.0}, ("violin", "violin", "cello"))
    {'Violin_2': 3.0, 'Cello': -6.0}
    """
    names = source_names(instruments, also=also)
    known = known_instruments(instruments, also=also)
    of_instruments: dict[str, float] = {}
    of_players: dict[str, float] = {}
    pairs = requests.items() if isinstance(requests, Mapping) else requests
    for request, gain_db in pairs:
        asked, voice = voice_of(request)
        wanted = instrument_of(asked)
        matching = [
            name
            for name, instrument in zip(names, known, strict=True)
            if (instrument == wanted or letters_of(instrument) == letters_of(asked))
            and (voice is None or name == f"{instrument}_{voice}")
        ]
        if not matching:
            expected = sorted({*names, *known})
            raise ConfigError(
                where=f"gain for {request!r}", expected=f"one of {expected}", more=suggestion(request, names)
            )
        asked_db = of_instruments if voice is None else of_players
        if twice := [name for name in matching if asked_db.get(name, gain_db) != gain_db]:
            got = f"{asked_db[twice[0]]:+g} dB and {gain_db:+g} dB"
            raise ConfigError(where=f"gain for {request!r}", expected=f"one gain for {twice[0]}", got=got)
        asked_db |= dict.fromkeys(matching, gain_db)
    gains_db = of_instruments | of_players
    return {name: gains_db[name] for name in names if name in gains_db}
