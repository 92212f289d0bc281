"""The most likely path of every player through its pitches: Viterbi over the posteriors of a tracker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.separation.player_tracker import Posteriors

_MIN_SHARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingSettings:
    """What a change costs, in nats.

    Parameters
    ----------
    glide
        To a neighbouring pitch, 33 cents away; as much again for the next one.
    leap
        To any other pitch.
    silence
        From sounding to silence or back.

    Raises
    ------
    ConfigError
        If a cost is negative.

    Examples
    --------
    >>> from rebalance.transcription import DecodingSettings
    >>> DecodingSettings(leap=6.0).silence
    3.0
    >>> DecodingSettings(glide=-1.0)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: decoding: expected costs from 0, got DecodingSettings(glide=-1.0, ...
    """

    glide: float = 1.0
    leap: float = 4.0
    silence: float = 3.0

    def __post_init__(self) -> None:
        if min(self.glide, self.leap, self.silence) < 0:
            raise ConfigError(where="decoding", expected="costs from 0", got=str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class PitchTrack:
    """What one player plays.

    Parameters
    ----------
    instrument
        As the challenge spells it.
    frame_times_s
        Centre of every frame in seconds, shape ``(n_frames,)``.
    pitches_midi
        MIDI pitch at every frame, not a number where the player is silent, shape ``(n_frames,)``.
    confidence
        What the posteriors give the path at every frame, its two neighbouring pitches included, in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import PitchTrack
    >>> track = PitchTrack(
    ...     instrument="Oboe",
    ...     frame_times_s=np.array([0.0, 0.1, 0.2]),
    ...     pitches_midi=np.array([60.0, 60.0, np.nan]),
    ...     confidence=np.array([0.9, 0.8, 0.9]),
    ... )
    >>> track.sounding
    array([ True,  True, False])
    """

    instrument: str
    frame_times_s: NDArray[np.float64]
    pitches_midi: NDArray[np.float64]
    confidence: NDArray[np.float64]

    @property
    def sounding(self) -> NDArray[np.bool_]:
        """Whether the player sounds, frame by frame."""
        return np.isfinite(self.pitches_midi)


def decode(posteriors: Posteriors, settings: DecodingSettings | None = None) -> tuple[PitchTrack, ...]:
    """Return the most likely path of every player.

    Parameters
    ----------
    posteriors
        Of a tracker.
    settings
        What changes cost; the usual when None.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import Posteriors
    >>> from rebalance.transcription import decode
    >>> values = np.full((1, 6, 4), 0.1, dtype=np.float32)  # one player, six frames, three pitches and silence
    >>> values[0, range(6), [0, 0, 2, 0, 3, 3]] = 0.7
    >>> posteriors = Posteriors(
    ...     values=values,
    ...     pitches_midi=np.array([60.0, 63.0, 67.0]),
    ...     frame_times_s=np.arange(6) * 0.1,
    ...     instruments=("Oboe",),
    ... )
    >>> (track,) = decode(posteriors)
    >>> track.pitches_midi  # the leap of a single frame costs more than it explains
    array([60., 60., 60., 60., nan, nan])
    """
    chosen = settings or DecodingSettings()
    silence = len(posteriors.pitches_midi)
    tracks = []
    for instrument, shares in zip(posteriors.instruments, posteriors.values, strict=True):
        path = best_path(np.log(np.maximum(shares.astype(np.float64), _MIN_SHARE)), chosen)
        pitches = np.append(posteriors.pitches_midi, np.nan)[path]
        tracks.append(
            PitchTrack(
                instrument=instrument,
                frame_times_s=posteriors.frame_times_s,
                pitches_midi=pitches,
                confidence=_confidence(shares, path, silence),
            )
        )
    return tuple(tracks)


def best_path(log_shares: NDArray[np.float64], settings: DecodingSettings) -> NDArray[np.int64]:
    """Return the states of the path of the largest sum of logarithms less what its changes cost.

    Parameters
    ----------
    log_shares
        Shape ``(n_frames, n_pitches + 1)``, silence last.
    settings
        Costs of the changes between states.
    """
    n_frames, n_states = log_shares.shape
    if not n_frames:
        return np.zeros(0, dtype=np.int64)
    back = np.empty((n_frames, n_states), dtype=np.int64)
    score = log_shares[0].copy()
    for frame in range(1, n_frames):
        back[frame], score = _step(score, settings)
        score = score + log_shares[frame]
    path = np.empty(n_frames, dtype=np.int64)
    path[-1] = int(np.argmax(score))
    for frame in range(n_frames - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path


def _step(score: NDArray[np.float64], settings: DecodingSettings) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where every state is best reached from, and the score it then has."""
    n_states = len(score)
    silence = n_states - 1
    pitched = score[:silence]
    origin = np.arange(n_states)
    best = score.copy()

    def offer(states: slice, origins: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        better = scores > best[states]
        best[states] = np.where(better, scores, best[states])
        origin[states] = np.where(better, origins, origin[states])

    steps = np.arange(silence)
    farthest = int(np.ceil(settings.leap / settings.glide)) if settings.glide else silence
    for distance in range(1, min(farthest, silence)):
        cost = distance * settings.glide
        offer(slice(distance, silence), steps[:-distance], pitched[:-distance] - cost)
        offer(slice(0, silence - distance), steps[distance:], pitched[distance:] - cost)
    if silence:
        loudest = int(np.argmax(pitched))
        everyone = np.full(silence, loudest)
        offer(slice(0, silence), everyone, np.full(silence, pitched[loudest] - settings.leap))
        offer(slice(0, silence), np.full(silence, silence), np.full(silence, score[silence] - settings.silence))
        offer(slice(silence, n_states), np.array([loudest]), np.array([pitched[loudest] - settings.silence]))
    return origin, best


def _confidence(shares: NDArray[np.float32], path: NDArray[np.int64], silence: int) -> NDArray[np.float64]:
    """Return what the posteriors give a path, neighbouring pitches included."""
    frames = np.arange(len(path))
    confidence = shares[frames, path].astype(np.float64)
    pitched = path < silence
    for step in (-1, 1):
        neighbour = path + step
        counts = pitched & (neighbour >= 0) & (neighbour < silence)
        confidence[counts] += shares[frames[counts], neighbour[counts]]
    return np.minimum(confidence, 1.0)
