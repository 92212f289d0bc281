"""Whether the players named are there at all, and whether other instruments would fit better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.audio import Audio
from rebalance.separation import known_instruments, source_names
from rebalance.separation.mask_network import N_VOICES
from rebalance.separation.player_tracker import Posteriors, Tracker
from rebalance.transcription._decoding import decode

HARDLY_THERE = 0.15
"""Own evidence below which a player is said to be hardly there."""

DOUBTFUL = 0.4
"""Own evidence below which other instruments are tried in a player's place."""

_UNISON_SEMITONES = 0.5
_CLEARLY_BETTER = 0.3
_EXCERPT_S = 20.0
_SDR_DB_PER_EVIDENCE = 10.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What speaks for one player.

    Parameters
    ----------
    player
        Source name.
    own_evidence
        Mean over all frames of the confidence in the player's path where it sounds and nobody else has the same pitch,
        in [0, 1]. A tracker that is told of a player who is not there lets it double others.
    doubles
        The player it is in unison with most of the time it sounds; None where it mostly plays alone.
    """

    player: str
    own_evidence: float
    doubles: str | None

    @property
    def expected_sdr_db(self) -> float:
        """What SDR to expect of the player's estimate, in dB, as a rough guide to how far to trust it.

        A line through 81 sources of 24 rendered segments with two to five players, sounds held out: the tracker of
        `default` was off by 2.8 dB (standard deviation), where the SDR itself varied by 3.6 dB.
        """
        return _SDR_DB_PER_EVIDENCE * self.own_evidence

    @property
    def verdict(self) -> str:
        """What to say of the player, in a few words."""
        if not self.hardly_there:
            return f"evidence of its own {self.own_evidence:.2f}"
        alone = f"where it is heard it doubles {self.doubles}" if self.doubles else "silent, or not there"
        return f"hardly anything speaks for this player ({self.own_evidence:.2f}): {alone}"

    @property
    def hardly_there(self) -> bool:
        """Whether nothing, or next to nothing, speaks for the player."""
        return self.own_evidence < HARDLY_THERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A change of the players named after which a recording fits better.

    Parameters
    ----------
    player
        Source name of the one named.
    instrument
        That fits better in its place; None if nobody does.
    gain
        By how much the own evidence of all players together rises.
    """

    player: str
    instrument: str | None
    gain: float

    @property
    def remark(self) -> str:
        """What to say of it."""
        if self.instrument is None:
            return f"{self.player}: probably not there; without it the other players fit better"
        return f"{self.player}: {self.instrument} fits what is heard better"


def presence_of(posteriors: Posteriors) -> tuple[Presence, ...]:
    """Return what speaks for every player.

    Parameters
    ----------
    posteriors
        Of a tracker told of these players, not sharpened by a score.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import Posteriors, presence_of
    >>> values = np.zeros((2, 50, 3), dtype=np.float32)  # two players, fifty frames, two pitches and silence
    >>> values[0, :, 0] = values[1, :, 2] = 1.0
    >>> times_s, pitches_midi = np.arange(50) / 50, np.array([60.0, 62.0])
    >>> heard = Posteriors(
    ...     values=values, pitches_midi=pitches_midi, frame_times_s=times_s, instruments=("Oboe", "Cello")
    ... )
    >>> [(player.player, player.hardly_there) for player in presence_of(heard)]
    [('Oboe', False), ('Cello', True)]
    """
    tracks = decode(posteriors)
    names = source_names(posteriors.instruments)
    pitches = np.stack([track.pitches_midi for track in tracks])
    sounding = np.isfinite(pitches)
    found = []
    for player, (name, track) in enumerate(zip(names, tracks, strict=True)):
        unison = np.abs(pitches - pitches[player]) <= _UNISON_SEMITONES
        unison[player] = False
        alone = sounding[player] & ~unison.any(axis=0)
        doubled = unison.sum(axis=1)
        most = int(np.argmax(doubled))
        doubles = 2 * int(doubled[most]) > int(sounding[player].sum())
        own = float(np.mean(track.confidence * alone)) if alone.size else 0.0
        found.append(Presence(player=name, own_evidence=own, doubles=names[most] if doubles else None))
    return tuple(found)


def better_ensemble(
    mixture: Audio,
    instruments: Sequence[str],
    tracker: Tracker,
    *,
    sample_rate: int,
    players: Sequence[str],
) -> Alternative | None:
    """Try the recording without some players, then others in the place of one, and return what is better.

    On the loudest 20 s. To leave out a player is better where the own evidence of all players together rises by 0.3 or
    more; another instrument in the place of that player, else of the least evident, where it rises by 0.3 more still.
    None if nothing is better. The tracker runs once for every change tried.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``, one or two channels.
    instruments
        Of every player.
    tracker
        See `load_tracker`.
    sample_rate
        Of the mixture in Hz.
    players
        Source names of those in doubt.

    Raises
    ------
    ConfigError
        If one of the players is none of the recording.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import DOUBTFUL, better_ensemble, load_tracker, presence_of
    >>> tracker = load_tracker("default", device="cpu")
    >>> phase = 2 * np.pi * 440 * np.arange(22_050) / 44_100
    >>> tone = sum(0.05 / partial * np.sin(partial * phase) for partial in range(1, 9)).astype(np.float32)[None]
    >>> found = presence_of(tracker(tone, ["Oboe"], 44_100))
    >>> in_doubt = [presence.player for presence in found if presence.own_evidence < DOUBTFUL]
    >>> better_ensemble(tone, ["Oboe"], tracker, sample_rate=44_100, players=in_doubt) is None  # nobody is in doubt
    True
    """
    named = known_instruments(instruments)
    names = source_names(named)
    if unknown := sorted(set(players) - set(names)):
        raise ConfigError(where="players", expected=f"some of {', '.join(names)}", got=f"{', '.join(unknown)}")
    if not players:
        return None
    excerpt = loudest_excerpt(mixture, int(_EXCERPT_S * sample_rate))

    def evidence(ensemble: Sequence[str]) -> NDArray[np.float64]:
        found = presence_of(tracker(excerpt, ensemble, sample_rate))
        return np.array([presence.own_evidence for presence in found])

    before = evidence(named)

    def change(place: int, instrument: str | None) -> Alternative:
        others = (*named[:place], *([instrument] if instrument else []), *named[place + 1 :])
        gain = float(evidence(others).sum() - before.sum())
        return Alternative(player=names[place], instrument=instrument, gain=gain)

    doubted = [names.index(player) for player in players]
    least = min(doubted, key=lambda place: float(before[place]))
    without = [change(place, None) for place in doubted] if len(named) > 1 else []
    fewer = max(without, key=_gain_of, default=None)
    if fewer is not None and fewer.gain >= _CLEARLY_BETTER:
        least = names.index(fewer.player)
    else:
        fewer = None
    rest = [*named[:least], *named[least + 1 :]]
    possible = [
        instrument
        for instrument in CAD2_TASK2.instruments
        if instrument != named[least] and rest.count(instrument) < N_VOICES
    ]
    other = max((change(least, instrument) for instrument in possible), key=_gain_of, default=None)
    to_beat = 0.0 if fewer is None else fewer.gain
    return other if other is not None and other.gain >= to_beat + _CLEARLY_BETTER else fewer


def _gain_of(alternative: Alternative) -> float:
    return alternative.gain


def loudest_excerpt(mixture: Audio, n_samples: int) -> Audio:
    """Return the loudest stretch of so many samples, the whole of a shorter mixture."""
    if mixture.shape[1] <= n_samples:
        return mixture
    energy = np.cumsum(np.square(mixture, dtype=np.float64).sum(axis=0))
    sums = energy[n_samples - 1 :] - np.concatenate([[0.0], energy[:-n_samples]])
    start = int(np.argmax(sums))
    return mixture[:, start : start + n_samples]
