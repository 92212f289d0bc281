"""Notes in what a transcriptor finds, and how many of them are true.

Conventions: chances above one half are notes, shorter ones than two frames are none. A note is right if it begins
within 50 ms of a true one of the same key. Accuracy is right ones over right, false and missed ones; the false-positive
rate is the share of the notes found that are false.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError
from rebalance._base.extras import optional_packages
from rebalance._base.pitches import midi_to_hz
from rebalance.separation.score_supervised import LOWEST_NOTE

_THRESHOLD = 0.5
_MIN_FRAMES = 2
_ONSET_TOLERANCE_S = 0.05
_PITCH_TOLERANCE_CENTS = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCounts:
    """Notes found and true, of one instrument.

    Parameters
    ----------
    right
        Found and true.
    false
        Found, not true.
    missed
        True, not found.

    Examples
    --------
    >>> from rebalance.training.score_supervision import NoteCounts
    >>> counts = NoteCounts(right=6, false=2, missed=4)
    >>> counts.accuracy, counts.false_positive_rate
    (0.5, 0.25)
    """

    right: int
    false: int
    missed: int

    @property
    def accuracy(self) -> float:
        """Right ones over all that were found or should have been; not a number where there are none."""
        total = self.right + self.false + self.missed
        return self.right / total if total else float("nan")

    @property
    def false_positive_rate(self) -> float:
        """Share of the notes found that are false; not a number where none was found."""
        found = self.right + self.false
        return self.false / found if found else float("nan")


def notes_in_roll(chances: NDArray[np.floating], frame_s: float) -> NDArray[np.float64]:
    """Return the notes in the chances of one instrument.

    Parameters
    ----------
    chances
        Shape ``(88, n_frames)``, from 0 to 1.
    frame_s
        Hop of the frames, in seconds.

    Returns
    -------
    numpy.ndarray
        Onset and end in seconds and MIDI pitch, ``(n_notes, 3)``, by pitch and onset.

    Raises
    ------
    AudioError
        If a chance is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.score_supervision import notes_in_roll
    >>> chances = np.zeros((88, 6))
    >>> chances[39, 1:4] = 0.9
    >>> chances[40, 2] = 0.9  # too short
    >>> notes_in_roll(chances, 0.5).tolist()
    [[0.5, 2.0, 60.0]]
    """
    if not np.isfinite(chances).all():
        raise AudioError(where="transcription", expected="finite chances", found="NaN")
    active = np.pad(chances > _THRESHOLD, ((0, 0), (1, 1))).astype(np.int8)
    changes = np.diff(active, axis=1)
    keys, onsets = np.nonzero(changes == 1)
    ends = np.nonzero(changes == -1)[1]
    long_enough = ends - onsets >= _MIN_FRAMES
    table = np.stack([onsets * frame_s, ends * frame_s, keys + float(LOWEST_NOTE)], axis=1)
    return np.asarray(table[long_enough], dtype=np.float64)


def note_counts(true: NDArray[np.floating], found: NDArray[np.floating]) -> NoteCounts:
    """Return how many notes are right, false and missed.

    Parameters
    ----------
    true, found
        Onset and end in seconds and MIDI pitch, ``(n_notes, 3)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.score_supervision import note_counts
    >>> true = np.array([[0.0, 1.0, 60.0], [1.0, 2.0, 62.0]])
    >>> note_counts(true, np.array([[0.04, 0.5, 60.0], [1.2, 2.0, 62.0], [1.0, 2.0, 64.0]]))
    NoteCounts(right=1, false=2, missed=1)

    Source: ``mir_eval.transcription.match_notes``, ends not counting.
    """
    if not len(true) or not len(found):
        return NoteCounts(right=0, false=len(found), missed=len(true))
    with optional_packages():
        from mir_eval.transcription import match_notes
    matched = match_notes(
        *_intervals_and_hz(true),
        *_intervals_and_hz(found),
        onset_tolerance=_ONSET_TOLERANCE_S,
        pitch_tolerance=_PITCH_TOLERANCE_CENTS,
        offset_ratio=None,
    )
    return NoteCounts(right=len(matched), false=len(found) - len(matched), missed=len(true) - len(matched))


def _intervals_and_hz(notes: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return onsets and ends, and frequencies, as mir_eval wants them."""
    pitches = midi_to_hz(np.rint(notes[:, 2]).astype(np.float64))
    return np.asarray(notes[:, :2], dtype=np.float64), pitches
