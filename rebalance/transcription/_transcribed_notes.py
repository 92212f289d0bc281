"""Notes of every player: from the posteriors of a tracker, or its decoded paths, to onset, end and pitch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.pitches import A4_HZ
from rebalance.separation.player_tracker import Posteriors
from rebalance.transcription._decoding import DecodingSettings, best_path

_MIN_SHARE = 1e-6
_ONSETS_APART = 5  # frames
_CENTS_PER_SEMITONE = 100.0
# How much of a pitch so many semitones away counts for a note: vibrato is about a quarter tone wide to either side.
_FULL_WITHIN_SEMITONES, _NOTHING_FROM_SEMITONES = 0.4, 0.95


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TranscribedNote:
    """One note as it was heard.

    Parameters
    ----------
    onset_s, end_s
        From the start of the recording, in seconds.
    pitch_midi
        Nearest note of equal temperament, 69 is the A of the recording's tuning.
    cents
        How far the note is from that, by its mean pitch, in (-100, 100).
    confidence
        Mean share that the posteriors give it, in [0, 1].

    Raises
    ------
    AudioError
        If it ends before it begins, or its confidence is no share.
    """

    onset_s: float
    end_s: float
    pitch_midi: int
    cents: float
    confidence: float

    def __post_init__(self) -> None:
        if not (self.end_s > self.onset_s and 0 <= self.confidence <= 1):
            raise AudioError(
                where="note", expected="an end after the onset and a confidence from 0 to 1", got=str(self)
            )

    @property
    def duration_s(self) -> float:
        """How long it lasts, in seconds."""
        return self.end_s - self.onset_s


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSettings:
    """How posteriors become notes.

    Parameters
    ----------
    change
        What another note costs, in nats; the higher, the fewer short notes.
    silence
        What it costs to stop or to start.
    onset_db
        A sounding note is begun anew where its harmonics rise by so many dB, see `onset_rises_db`.
    shortest_s
        Shorter notes are left out, in seconds.
    least_confidence
        Less likely notes are left out, in [0, 1].

    Raises
    ------
    ConfigError
        If a setting is negative.
    """

    change: float = 4.0
    silence: float = 3.0
    onset_db: float = 7.0
    shortest_s: float = 0.06
    least_confidence: float = 0.2

    def __post_init__(self) -> None:
        if min(self.change, self.silence, self.onset_db, self.shortest_s, self.least_confidence) < 0:
            raise ConfigError(where="notes", expected="settings from 0", got=str(self))


def tuning_cents(posteriors: Posteriors) -> float:
    """Return how far the recording is tuned from equal temperament at A = 440 Hz, in cents, in [-50, 50).

    The mean angle of all pitches on the circle of a semitone, each with its share; 0 where nobody sounds.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import Posteriors, tuning_cents
    >>> values = np.tile(np.float32([0.0, 0.0, 0.75, 0.25]), (1, 10, 1))  # one player, ten frames
    >>> pitches_midi = np.array([68.8, 69.0, 69.2])
    >>> played = Posteriors(
    ...     values=values, pitches_midi=pitches_midi, frame_times_s=np.arange(10) / 50, instruments=("Oboe",)
    ... )
    >>> round(tuning_cents(played))
    20
    """
    shares = posteriors.values[:, :, :-1].sum(axis=(0, 1), dtype=np.float64)
    mean = np.sum(shares * np.exp(2j * np.pi * posteriors.pitches_midi))
    if abs(mean) < _MIN_SHARE:
        return 0.0
    return float(_CENTS_PER_SEMITONE * np.angle(mean) / (2 * np.pi))


def notes_of(
    posteriors: Posteriors,
    *,
    rises_db: NDArray[np.float64] | None = None,
    a4_hz: float | None = None,
    settings: NoteSettings | None = None,
) -> tuple[tuple[TranscribedNote, ...], ...]:
    """Return the notes of every player, by onset.

    The thirds of a semitone around every note of equal temperament add up, so that vibrato stays one note; the most
    likely sequence of notes is found as `decode` finds pitches, and cut where the same note is begun anew.

    Parameters
    ----------
    posteriors
        Of a tracker, or of one sharpened by a score.
    rises_db
        Evidence of onsets from the mixture, shape ``(n_players, n_frames)``; without it a repeated note is one.
    a4_hz
        Tuning of the recording in Hz; None takes the one nearest to 440 Hz that `tuning_cents` finds.
    settings
        The usual when None.

    Raises
    ------
    ConfigError
        If the tuning is not positive, or the evidence has another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import Posteriors, notes_of
    >>> values = np.zeros((1, 100, 3), dtype=np.float32)  # one player, a hundred frames, two pitches and silence
    >>> values[0, :20, 2] = values[0, 20:60, 0] = values[0, 60:, 1] = 1.0
    >>> frame_times_s = (np.arange(100) + 0.5) / 50
    >>> played = Posteriors(
    ...     values=values, pitches_midi=np.array([60.0, 62.0]), frame_times_s=frame_times_s, instruments=("Oboe",)
    ... )
    >>> [(note.pitch_midi, round(note.onset_s, 2), round(note.end_s, 2)) for note in notes_of(played)[0]]
    [(60, 0.4, 1.2), (62, 1.2, 2.0)]
    """
    chosen = settings or NoteSettings()
    if a4_hz is not None and not 0 < a4_hz < np.inf:
        raise ConfigError(where="tuning", expected="a positive frequency in Hz", got=str(a4_hz))
    if rises_db is not None and rises_db.shape != posteriors.values.shape[:2]:
        raise ConfigError(where="onsets", expected=f"shape {posteriors.values.shape[:2]}", got=str(rises_db.shape))
    offset = tuning_cents(posteriors) / _CENTS_PER_SEMITONE if a4_hz is None else 12 * np.log2(a4_hz / A4_HZ)
    bounds = _bounds_s(posteriors.frame_times_s)
    return tuple(
        tuple(_notes_of_player(shares, posteriors.pitches_midi - offset, bounds, rises, chosen))
        for shares, rises in zip(posteriors.values, _each(rises_db, len(posteriors.values)), strict=True)
    )


def _each(rises_db: NDArray[np.float64] | None, n_players: int) -> Sequence[NDArray[np.float64] | None]:
    """Return the evidence of every player, None where there is none."""
    return [None] * n_players if rises_db is None else list(rises_db)


def _bounds_s(frame_times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where frames begin, and the last one ends, in seconds from 0."""
    if len(frame_times_s) < 2:
        spacing = 2 * max(float(frame_times_s[0]), 0.01) if len(frame_times_s) else 0.0
        return np.array([0.0, spacing])[: len(frame_times_s) + 1]
    middles = (frame_times_s[1:] + frame_times_s[:-1]) / 2
    first, last = 2 * frame_times_s[0] - middles[0], 2 * frame_times_s[-1] - middles[-1]
    bounds: NDArray[np.float64] = np.maximum(np.concatenate([[first], middles, [last]]), 0.0)
    return bounds


def _notes_of_player(
    shares: NDArray[np.float32],
    pitches: NDArray[np.float64],
    bounds_s: NDArray[np.float64],
    rises_db: NDArray[np.float64] | None,
    settings: NoteSettings,
) -> Iterator[TranscribedNote]:
    """Give the notes of one player whose shares ``(n_frames, n_pitches + 1)`` belong to pitches in its tuning."""
    lowest, highest = int(np.floor(pitches.min())), int(np.ceil(pitches.max()))
    names = np.arange(lowest, highest + 1)
    by_note = shares[:, :-1] @ _nearness(pitches[:, None] - names).astype(np.float32)
    states = np.concatenate([by_note, shares[:, -1:]], axis=1).astype(np.float64)
    costs = DecodingSettings(glide=settings.change, leap=settings.change, silence=settings.silence)
    path = best_path(np.log(np.maximum(states, _MIN_SHARE)), costs)
    for first, last in _stretches(path, rises_db, settings.onset_db, _ONSETS_APART):
        state = path[first]
        if state == len(names):
            continue
        within = shares[first:last, :-1] * (np.abs(pitches - names[state]) < 1.0)
        mean = float(np.sum(within * (pitches - names[state])) / max(float(within.sum()), _MIN_SHARE))
        onset_s, end_s = float(bounds_s[first]), float(bounds_s[last])
        confidence = min(float(np.mean(states[first:last, state])), 1.0)
        if end_s - onset_s >= settings.shortest_s and confidence >= settings.least_confidence:
            yield TranscribedNote(
                onset_s=onset_s,
                end_s=end_s,
                pitch_midi=int(names[state]),
                cents=_CENTS_PER_SEMITONE * mean,
                confidence=confidence,
            )


def _nearness(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much a pitch counts for a note at a distance in semitones, from 1 to 0."""
    slope = (_NOTHING_FROM_SEMITONES - np.abs(distances)) / (_NOTHING_FROM_SEMITONES - _FULL_WITHIN_SEMITONES)
    nearness: NDArray[np.float64] = np.clip(slope, 0.0, 1.0)
    return nearness


def _stretches(
    path: NDArray[np.int64], rises_db: NDArray[np.float64] | None, onset_db: float, apart: int
) -> Iterator[tuple[int, int]]:
    """Give first and past-last frame of every note or rest, cut where a note is begun anew some frames after it was."""
    changes = np.flatnonzero(np.diff(path)) + 1
    again: list[int] = [] if rises_db is None else _peaks(rises_db, onset_db)
    bounds = [0, *changes.tolist(), len(path)]
    for first, last in itertools.pairwise(bounds):
        begin = first
        for cut in again:
            if begin + apart <= cut <= last - apart:
                yield begin, cut
                begin = cut
        if last > begin:
            yield begin, last


def _peaks(rises_db: NDArray[np.float64], least_db: float) -> list[int]:
    """Return the frames whose rise is the largest near by, and large enough."""
    within = rises_db[1:-1]
    peaks = (within >= rises_db[:-2]) & (within > rises_db[2:]) & (within >= least_db)
    return [int(frame) + 1 for frame in np.flatnonzero(peaks)]
