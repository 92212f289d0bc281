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
from rebalance.separation.player_tracker import Posteriors, Tracker
from rebalance.transcription._decoding import decode

HARDLY_THERE = 0.15
"""Own evidence below which a player is said to be hardly there."""

DOUBTFUL = 0.4
"""Own evidence below which other instruments are tried in a player's place."""

_UNISON_SEMITONES = 0.5
_CLEARLY_BETTER = 0.2
_EXCERPT_S = 20.0


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
    """An instrument that fits a recording better than the one named.

    Parameters
    ----------
    player
        Source name of the one named.
    instrument
        That fits better.
    gain
        By how much the own evidence of the player rises.
    """

    player: str
    instrument: str
    gain: float


def presence_of(posteriors: Posteriors) -> tuple[Presence, ...]:
    """Return what speaks for every player.

    Parameters
    ----------
    posteriors
        Of a tracker told of these players, not sharpened by a score.
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


def better_instruments(
    mixture: Audio,
    instruments: Sequence[str],
    tracker: Tracker,
    *,
    sample_rate: int,
    players: Sequence[str],
) -> tuple[Alternative, ...]:
    """Try other instruments in the place of some players, and return those that fit clearly better.

    On the loudest 20 s. An instrument fits better where the own evidence of the player rises by 0.2 or more, and that
    of all players together rises too.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``, one or two channels.
    instruments
        Of every player.
    tracker
        Runs once for every instrument tried.
    sample_rate
        Of the mixture in Hz.
    players
        Source names of those to try others for.

    Raises
    ------
    ConfigError
        If one of the players is none of the recording.
    """
    named = known_instruments(instruments)
    names = source_names(named)
    if unknown := sorted(set(players) - set(names)):
        raise ConfigError(f"players: expected some of {', '.join(names)}, got {', '.join(unknown)}")
    excerpt = loudest_excerpt(mixture, int(_EXCERPT_S * sample_rate))
    before = _evidence(tracker(excerpt, named, sample_rate)) if players else np.zeros(len(names))
    found = []
    for player in players:
        place = names.index(player)
        tried = {}
        for instrument in CAD2_TASK2.instruments:
            if instrument not in named:
                others = (*named[:place], instrument, *named[place + 1 :])
                after = _evidence(tracker(excerpt, others, sample_rate))
                tried[instrument] = (float(after[place] - before[place]), float(after.sum() - before.sum()))
        best = max(tried, key=lambda instrument: tried[instrument][0], default=None)
        if best is not None and tried[best][0] >= _CLEARLY_BETTER and tried[best][1] > 0:
            found.append(Alternative(player=player, instrument=best, gain=tried[best][0]))
    return tuple(found)


def loudest_excerpt(mixture: Audio, n_samples: int) -> Audio:
    """Return the loudest stretch of so many samples, the whole of a shorter mixture."""
    if mixture.shape[1] <= n_samples:
        return mixture
    energy = np.cumsum(np.square(mixture, dtype=np.float64).sum(axis=0))
    sums = energy[n_samples - 1 :] - np.concatenate([[0.0], energy[:-n_samples]])
    start = int(np.argmax(sums))
    return mixture[:, start : start + n_samples]


def _evidence(posteriors: Posteriors) -> NDArray[np.float64]:
    """Return the own evidence of every player."""
    return np.array([presence.own_evidence for presence in presence_of(posteriors)])
