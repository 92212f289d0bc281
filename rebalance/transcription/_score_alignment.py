"""When a recording plays what of a score: dynamic time warping of its notes to the posteriors of the players."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.extras import optional_packages
from rebalance.separation.player_tracker import Posteriors
from rebalance.synthesis.notation import Part, Score
from rebalance.transcription._transcribed_notes import tuning_cents

DEFAULT_QUARTER_BPM = 90.0
_MINUTE_S = 60.0
_N_NOTES = 128
_STEP_S = 0.1
_MIN_S = 1.0
_PADDING_S = 2.0  # of silence before and after the score: a recording may begin or end with it
_SHIFTS = (-2, -1, 0, 1, 2)  # in semitones: another tuning or key
_MAX_CELLS = 12_000_000  # about half a gigabyte while warping
_SHIFT_CELLS = 1_000_000
_WINDOW_S, _WINDOW_MARGIN_S = 40.0, 6.0
# How well a frame of a player fits what the score says, in [0, 1], and the share that counts whoever plays it: the
# tracker finds pitches better than it tells players apart.
_FLOOR = 0.02
_WHOEVER = 0.4
_REST = 0.15
# What it costs to stand still in the score or to leap ahead, beside the cost of the frames: 0 for going on evenly.
_STILL_COST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Where a recording is in a score.

    Parameters
    ----------
    times_s
        Centres of frames of the recording in seconds, shape ``(n_frames,)``.
    score_s
        Where the score is then, in seconds at its printed tempi (90 quarter notes a minute where it has none); never
        decreasing, below 0 before it begins.
    costs
        How badly recording and score fit at every frame: mean over the players of minus the logarithm of the fit, in
        nats, from 0 to 3.9.
    shift_semitones
        By how much the recording sounds higher than the score, tuning included.
    """

    times_s: NDArray[np.float64]
    score_s: NDArray[np.float64]
    costs: NDArray[np.float64]
    shift_semitones: float

    @property
    def cost(self) -> float:
        """Mean cost of a frame."""
        return float(np.mean(self.costs))

    def recording_s(self, score_s: float) -> float:
        """Return when a place of the score is played; beyond what is played the ends of the recording.

        Where the recording dwells on one place of the score, what follows is played after it has dwelt.
        """
        last = int(np.searchsorted(self.score_s, score_s, side="right")) - 1
        if last < 0 or last == len(self.score_s) - 1:
            return float(self.times_s[max(last, 0)])
        here, there = self.score_s[last], self.score_s[last + 1]
        share = (score_s - here) / (there - here)
        return float(self.times_s[last] + share * (self.times_s[last + 1] - self.times_s[last]))


def align(posteriors: Posteriors, score: Score, parts: Sequence[Part | None]) -> Alignment:
    """Align a score to a recording, which may hold an excerpt of it.

    Parameters
    ----------
    posteriors
        Of a tracker.
    score
        The parts are of.
    parts
        Of every player of the posteriors; None for a player without one, who does not count.

    Raises
    ------
    MetadataError
        If no player has a part.
    ConfigError
        If the recording is shorter than a second, or librosa is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.transcription import Posteriors, align
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=60 + 2 * at) for at in range(4))
    >>> part = Part(name="Oboe", instrument=None, notes=notes)
    >>> score = Score(name="scale", parts=(part,), quarter_bpm=60.0)  # four notes of a second each
    >>> values = np.zeros((1, 100, 5), dtype=np.float32)  # two seconds: played twice as fast
    >>> values[0, range(100), np.arange(100) // 25] = 1.0
    >>> times_s, pitches_midi = np.arange(100) / 50, np.array([60.0, 62.0, 64.0, 66.0])
    >>> heard = Posteriors(values=values, pitches_midi=pitches_midi, frame_times_s=times_s, instruments=("Oboe",))
    >>> round(align(heard, score, [part]).recording_s(2.0), 1)
    1.0

    Source: librosa.sequence.dtw, subsequence dynamic time warping after Müller (2015), "Fundamentals of Music
    Processing", section 7.2.
    """
    played = [player for player, part in enumerate(parts) if part is not None]
    if not played:
        raise MetadataError("none of its parts is played", where=f"score {score.name}")
    heard = _Heard.of(posteriors, played)
    if len(heard.times_s) * _STEP_S < _MIN_S:
        raise ConfigError(where="score", expected=f"a recording of at least {_MIN_S:g} s to align it to")
    written = _written(score, [part for part in parts if part is not None])
    fraction = tuning_cents(posteriors) / 100
    by_shift = {shift: _warped(heard, written, shift, _SHIFT_CELLS) for shift in _SHIFTS}
    shift = min(by_shift, key=lambda candidate: (float(by_shift[candidate][1].mean()), abs(candidate)))
    places, costs = _refined(heard, written, shift, _warped(heard, written, shift, _MAX_CELLS)[0])
    return Alignment(
        times_s=heard.times_s,
        score_s=(places + 0.5) * _STEP_S - _PADDING_S,
        costs=costs,
        shift_semitones=shift + fraction,
    )


def seconds_of(score: Score, places_q: ArrayLike) -> NDArray[np.float64]:
    """Return when places in quarter notes are reached at the printed tempi, in seconds, in the shape of the places."""
    starts_q = [0.0, *(change.onset_q for change in score.tempo_changes)]
    tempi = [score.quarter_bpm or DEFAULT_QUARTER_BPM, *(change.quarter_bpm for change in score.tempo_changes)]
    bounds_q = np.array([*starts_q, max(score.end_q, starts_q[-1]) + 1.0])
    bounds_s = np.concatenate([[0.0], np.cumsum(np.diff(bounds_q) * _MINUTE_S / np.array(tempi))])
    return np.asarray(np.interp(np.asarray(places_q, dtype=np.float64), bounds_q, bounds_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """Shares of notes in frames of a tenth of a second, ``(n_players, n_frames, 129)``, silence last, and its centres.

    The last of the players is whoever plays.
    """

    shares: NDArray[np.float32]
    times_s: NDArray[np.float64]

    @classmethod
    def of(cls, posteriors: Posteriors, players: Sequence[int]) -> _Heard:
        """Return what posteriors say of some players, notes relative to the recording's own tuning."""
        offset = tuning_cents(posteriors) / 100
        names = np.rint(posteriors.pitches_midi - offset).astype(np.int64).clip(0, _N_NOTES - 1)
        to_notes = np.zeros((len(names) + 1, _N_NOTES + 1), dtype=np.float32)
        to_notes[np.arange(len(names)), names] = 1.0
        to_notes[-1, -1] = 1.0
        times = posteriors.frame_times_s
        n_frames = max(int(float(times[-1]) / _STEP_S) if len(times) else 0, 1)
        bins = np.clip((times / _STEP_S).astype(np.int64), 0, n_frames - 1)
        counts = np.maximum(np.bincount(bins, minlength=n_frames), 1)[:, None]
        shares = np.zeros((len(posteriors.values), n_frames, _N_NOTES + 1), dtype=np.float32)
        for player, values in enumerate(posteriors.values):
            np.add.at(shares[player], bins, values @ to_notes)
        shares /= counts.astype(np.float32)
        whoever = np.minimum(shares.sum(axis=0), 1.0)
        return cls(
            shares=np.concatenate([shares[list(players)], whoever[None]]),
            times_s=np.asarray((np.arange(n_frames) + 0.5) * _STEP_S, dtype=np.float64),
        )


def _written(score: Score, parts: Sequence[Part]) -> NDArray[np.float32]:
    """Return the shares of notes in frames of a tenth of a second of a score, ``(n_players, n_frames, 129)``."""
    duration_s = float(seconds_of(score, score.end_q))
    n_frames = int(np.ceil((duration_s + 2 * _PADDING_S) / _STEP_S)) + 1
    written = np.zeros((len(parts), n_frames, _N_NOTES + 1), dtype=np.float32)
    for row, part in zip(written, parts, strict=True):
        spans_s = seconds_of(score, [(note.onset_q, note.end_q) for note in part.notes])
        for note, (onset, end) in zip(part.notes, ((spans_s + _PADDING_S) / _STEP_S).tolist(), strict=True):
            frames = np.arange(int(onset), min(int(np.ceil(end)), n_frames - 1) + 1)
            share = np.clip(np.minimum(frames + 1, end) - np.maximum(frames, onset), 0.0, 1.0)
            row[frames, note.pitch] = np.maximum(row[frames, note.pitch], share)
        row[:, -1] = np.clip(1.0 - row[:, :-1].sum(axis=1), 0.0, 1.0)
    return written


def _costs(heard: NDArray[np.float32], written: NDArray[np.float32], shift: int) -> NDArray[np.float64]:
    """Return how badly every frame heard fits every one written, ``(n_heard, n_written)``, in nats."""
    moved = written
    if shift:
        moved = np.zeros_like(written)
        into = slice(max(shift, 0), _N_NOTES + min(shift, 0))
        source = slice(max(-shift, 0), _N_NOTES + min(-shift, 0))
        moved[..., into] = written[..., source]
        moved[..., -1] = written[..., -1]
    total = np.zeros((heard.shape[1], written.shape[1]), dtype=np.float64)
    everyone_rests = written[..., -1].min(axis=0)
    for own, notes in zip(heard[:-1], moved, strict=True):
        rests, excuse = notes[:, -1], _REST * (1 - everyone_rests)
        silent = rests * (excuse + (1 - excuse) * own[:, -1:])
        pitched = (1 - _WHOEVER) * own[:, :-1] @ notes[:, :-1].T + _WHOEVER * heard[-1][:, :-1] @ notes[:, :-1].T
        total -= np.log(_FLOOR + (1 - _FLOOR) * np.clip(pitched + silent, 0.0, 1.0))
    return total / len(moved)


def _pooled(frames: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Return means of so many frames of ``(n, n_frames, n_states)``, the last of what is left."""
    starts = np.arange(0, frames.shape[1], by)
    counts = np.diff(np.append(starts, frames.shape[1]))
    return np.asarray(np.add.reduceat(frames, starts, axis=1) / counts[:, None], dtype=np.float32)


def _warped(
    heard: _Heard, written: NDArray[np.float32], shift: int, most_cells: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the frame of the score and the cost of every frame heard, both pooled until so many cells suffice."""
    n_heard, n_written = heard.shares.shape[1], written.shape[1]
    by = max(int(np.ceil(np.sqrt(n_heard * n_written / most_cells))), 1)
    places, costs = _path(_costs(_pooled(heard.shares, by), _pooled(written, by), shift))
    middles = (np.arange(len(places)) + 0.5) * by - 0.5
    every = np.arange(n_heard)
    return (
        np.interp(every, middles, (places + 0.5) * by - 0.5),
        np.interp(every, middles, costs),
    )


def _refined(
    heard: _Heard, written: NDArray[np.float32], shift: int, rough: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return place and cost of every frame, warped once more in windows near a rough path where that was pooled."""
    n_heard, n_written = heard.shares.shape[1], written.shape[1]
    places, costs = np.empty(n_heard), np.empty(n_heard)
    for own, seen in _windows(n_heard):
        margin = int(_WINDOW_MARGIN_S / _STEP_S)
        first = max(int(rough[seen][0]) - margin, 0)
        last = min(int(rough[seen][-1]) + margin + 1, n_written)
        near, fit = _path(_costs(heard.shares[:, seen], written[:, first:last], shift))
        within = slice(own.start - seen.start, own.stop - seen.start)
        places[own], costs[own] = first + near[within], fit[within]
    return np.maximum.accumulate(places), costs


def _windows(n_frames: int) -> Iterator[tuple[slice, slice]]:
    """Give consecutive windows of frames, and the same with what lies around them."""
    length, margin = int(_WINDOW_S / _STEP_S), int(_WINDOW_MARGIN_S / _STEP_S)
    for start in range(0, n_frames, length):
        stop = min(start + length, n_frames)
        yield slice(start, stop), slice(max(start - margin, 0), min(stop + margin, n_frames))


def _path(costs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the column and the cost of every row on the cheapest way through all rows, from any column to any."""
    with optional_packages(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from librosa.sequence import dtw
    n_rows, n_columns = costs.shape
    if n_rows == 1 or n_columns == 1:
        best = costs.argmin(axis=1)
        return best.astype(np.float64), costs[np.arange(n_rows), best]
    _, path = dtw(
        C=costs,
        subseq=True,
        step_sizes_sigma=np.array([[1, 1], [0, 1], [1, 0]]),
        weights_add=np.array([0.0, _STILL_COST, _STILL_COST]),
    )
    rows, columns = (path[:, ::-1] if n_rows > n_columns else path).T  # librosa swaps them then
    counts = np.bincount(rows, minlength=n_rows)
    places = np.bincount(rows, weights=columns, minlength=n_rows) / counts
    fits = np.bincount(rows, weights=costs[rows, columns], minlength=n_rows) / counts
    return places, fits
