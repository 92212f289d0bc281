"""Posteriors sharpened by a score: what a player can play at a time is what the score says around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.separation.player_tracker import Posteriors
from rebalance.synthesis.notation import Part, Score
from rebalance.transcription._score_alignment import Alignment, seconds_of

MISMATCH_COST = 1.25
"""Mean cost of a frame in nats from which score and recording do not match: right scores of rendered segments cost 0.2
to 0.9, wrong ones 1.5 and more."""

_SMOOTHING_S = 3.0
_TRUST_SLOPE = 0.25  # nats from full trust to half of it


@dataclass(frozen=True, slots=True, kw_only=True)
class SharpeningSettings:
    """How a score changes posteriors.

    Parameters
    ----------
    early_s, late_s
        A note may begin so much earlier and end so much later than the alignment says.
    near_semitones
        How far from the note a pitch may be: vibrato, intonation.
    others
        Weight of the pitch evidence of the other players, who may have been taken for this one, in [0, 1].
    least
        Share of every pitch the score allows, whatever the tracker says.
    silence
        What silence keeps while a note is to sound, as a factor.

    Raises
    ------
    ConfigError
        If a duration is negative, a share lies outside 0 to 1, or the least share is not above 0.
    """

    early_s: float = 0.15
    late_s: float = 0.2
    near_semitones: float = 0.5
    others: float = 0.3
    least: float = 0.005
    silence: float = 0.1

    def __post_init__(self) -> None:
        numbers = (self.early_s, self.late_s, self.near_semitones, self.others, self.least, self.silence)
        if min(numbers) < 0 or max(self.others, self.silence) > 1 or not self.least > 0:
            raise ConfigError(where="sharpening", expected="shares from 0 to 1 and durations from 0", got=str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedNote:
    """A note of a score where the recording plays it: onset and end in seconds, and MIDI pitch as it sounds there."""

    onset_s: float
    end_s: float
    pitch_midi: float


def aligned_notes(score: Score, part: Part, alignment: Alignment) -> tuple[AlignedNote, ...]:
    """Return the notes of a part that a recording plays, by onset, where it plays them."""
    first_s, last_s = float(alignment.score_s[0]), float(alignment.score_s[-1])
    spans_s = seconds_of(score, [(note.onset_q, note.end_q) for note in part.notes]).tolist()
    return tuple(
        AlignedNote(
            onset_s=alignment.recording_s(onset_s),
            end_s=alignment.recording_s(end_s),
            pitch_midi=note.pitch + alignment.shift_semitones,
        )
        for note, (onset_s, end_s) in zip(part.notes, spans_s, strict=True)
        if end_s >= first_s and onset_s <= last_s
    )


def trust(alignment: Alignment, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far a score is to be trusted at some times, in [0, 1].

    One half where the cost, averaged over three seconds, is `MISMATCH_COST`.
    """
    step_s = float(alignment.times_s[1] - alignment.times_s[0]) if len(alignment.times_s) > 1 else _SMOOTHING_S
    smooth = scipy.ndimage.uniform_filter1d(alignment.costs, max(round(_SMOOTHING_S / step_s), 1), mode="nearest")
    trusted = 1 / (1 + np.exp((smooth - MISMATCH_COST) / _TRUST_SLOPE * 2))
    return np.asarray(np.interp(times_s, alignment.times_s, trusted))


def sharpen(
    posteriors: Posteriors,
    score: Score,
    parts: Sequence[Part | None],
    alignment: Alignment,
    settings: SharpeningSettings | None = None,
) -> Posteriors:
    """Return posteriors in which every player plays what the score says, where the score is to be trusted.

    Around every aligned note only its own pitch and, less, silence are possible; elsewhere silence. Within that the
    tracker's evidence decides, that of the other players included. Where recording and score do not match, and for
    players without a part, the posteriors stay as they are.

    Parameters
    ----------
    posteriors
        Of a tracker.
    score, parts, alignment
        See `align`.
    settings
        The usual when None.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.transcription import Posteriors, align, sharpen
    >>> part = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=2.0, pitch=60),))
    >>> score = Score(name="one note", parts=(part,), quarter_bpm=60.0)
    >>> values = np.tile(np.float32([0.6, 0.4, 0.0]), (1, 100, 1))  # for two seconds torn between two pitches
    >>> times_s, pitches_midi = np.arange(100) / 50, np.array([60.0, 67.0])
    >>> heard = Posteriors(values=values, pitches_midi=pitches_midi, frame_times_s=times_s, instruments=("Oboe",))
    >>> sharpened = sharpen(heard, score, [part], align(heard, score, [part]))
    >>> bool(sharpened.values[0, 50, 0] > 0.9)
    True
    """
    chosen = settings or SharpeningSettings()
    trusted = trust(alignment, posteriors.frame_times_s).astype(np.float32)[:, None]
    values = posteriors.values.copy()
    for player, part in enumerate(parts):
        if part is None:
            continue
        allowed = _allowed(aligned_notes(score, part, alignment), posteriors, chosen)
        others = np.delete(posteriors.values, player, axis=0)[..., :-1].max(axis=0, initial=0.0)
        evidence = posteriors.values[player].copy()
        evidence[:, :-1] += np.float32(chosen.others) * others
        sharpened = allowed * (evidence + np.float32(chosen.least))
        sharpened /= np.maximum(sharpened.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
        values[player] = trusted * sharpened + (1 - trusted) * posteriors.values[player]
    return replace(posteriors, values=values / values.sum(axis=-1, keepdims=True))


def _allowed(notes: Sequence[AlignedNote], posteriors: Posteriors, settings: SharpeningSettings) -> NDArray[np.float32]:
    """Return how possible every state is at every frame, ``(n_frames, n_pitches + 1)``, from 0 to 1."""
    times = posteriors.frame_times_s
    allowed = np.zeros((len(times), len(posteriors.pitches_midi) + 1), dtype=np.float32)
    sounding = np.zeros(len(times), dtype=np.float32)
    for note in notes:
        first, last = np.searchsorted(times, [note.onset_s - settings.early_s, note.end_s + settings.late_s])
        near = times[first:last]
        before = _ramp(near - note.onset_s + settings.early_s, settings.early_s)
        after = _ramp(note.end_s + settings.late_s - near, settings.late_s)
        possible = np.minimum(before, after)
        pitched = np.abs(posteriors.pitches_midi - note.pitch_midi) <= settings.near_semitones
        frames = allowed[first:last, :-1]
        np.maximum(frames, possible[:, None] * pitched, out=frames)
        core = possible >= 1.0
        sounding[first:last] = np.maximum(sounding[first:last], core)
    allowed[:, -1] = 1.0 - (1.0 - np.float32(settings.silence)) * sounding
    return allowed


def _ramp(distance_s: NDArray[np.float64], length_s: float) -> NDArray[np.float32]:
    """Return 0 to 1 over a length from where it begins."""
    return np.clip(distance_s / max(length_s, 1e-6), 0.0, 1.0).astype(np.float32)
