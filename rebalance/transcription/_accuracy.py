"""How right a transcription is: frames and notes of every player, and the pitches of all, by mir_eval.

Conventions: a frame is right within half a semitone; a note is right if it begins within 50 ms of a true note of the
same player within half a semitone, and, where its end counts, ends within 50 ms or a fifth of its length.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError
from rebalance._base.extras import optional_packages
from rebalance._base.pitches import midi_to_hz
from rebalance.transcription._decoding import PitchTrack
from rebalance.transcription._transcribed_notes import TranscribedNote

_TOLERANCE_SEMITONES = 0.5
_ONSET_TOLERANCE_S = 0.05
_END_TOLERANCE_SHARE = 0.2
_CONFUSED_SEMITONES = (12.0, 19.0)  # octave and twelfth
FRAME_KINDS = ("right", "another", "silent", "octave", "elsewhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far what was found and what is true agree, each in [0, 1]; not a number where there is nothing to count.

    Parameters
    ----------
    precision
        Share of what was found that is true.
    recall
        Share of what is true that was found.
    f_measure
        Harmonic mean of both.
    """

    precision: float
    recall: float
    f_measure: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameShares:
    """Frames of one player.

    Parameters
    ----------
    pitch
        Share of the frames in which the player sounds that have the right pitch; not a number if there are none.
    silence
        Share of the others that are found silent; not a number if there are none.
    """

    pitch: float
    silence: float


def frame_shares(true_midi: NDArray[np.float64], track: PitchTrack) -> FrameShares:
    """Return how many frames of a player are right.

    Parameters
    ----------
    true_midi
        MIDI pitch at every frame of the track, not a number where the player is silent, shape ``(n_frames,)``.
    track
        Pitch of the player in every frame, as estimated.

    Raises
    ------
    AudioError
        If there are not as many true pitches as frames.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import PitchTrack, frame_shares
    >>> found = PitchTrack(
    ...     instrument="Oboe",
    ...     frame_times_s=np.arange(3) / 50,
    ...     pitches_midi=np.array([60.0, 62.0, np.nan]),
    ...     confidence=np.ones(3),
    ... )
    >>> frame_shares(np.array([60.1, 60.0, np.nan]), found)
    FrameShares(pitch=0.5, silence=1.0)
    """
    if true_midi.shape != track.pitches_midi.shape:
        raise AudioError(where="frames", expected=f"{track.pitches_midi.shape} true pitches", got=str(true_midi.shape))
    sounding = np.isfinite(true_midi)
    near = np.abs(track.pitches_midi - true_midi)[sounding] <= _TOLERANCE_SEMITONES
    return FrameShares(pitch=_mean(near), silence=_mean(~track.sounding[~sounding]))


def frame_kinds(found_midi: NDArray[np.float64], true_midi: NDArray[np.float64], player: int) -> NDArray[np.str_]:
    """Return what became of every frame in which a player sounds.

    Parameters
    ----------
    found_midi, true_midi
        MIDI pitches ``(n_players, n_frames)``, not a number where a player is silent.
    player
        Whose frames.

    Returns
    -------
    NDArray
        Of `FRAME_KINDS`, shape ``(n_frames,)``: ``"right"`` within half a semitone, ``"another"`` where the pitch is
        that of another player, ``"silent"``, an ``"octave"`` or a twelfth off, or ``"elsewhere"``. Frames in which the
        player is silent have no meaning.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import frame_kinds
    >>> true_midi = np.array([[72.0, 72.0, 72.0], [48.0, 48.0, 48.0]])
    >>> found_midi = np.array([[72.2, 48.0, 84.0], [48.0, np.nan, 50.0]])
    >>> frame_kinds(found_midi, true_midi, 0).tolist(), frame_kinds(found_midi, true_midi, 1).tolist()
    (['right', 'another', 'octave'], ['right', 'silent', 'elsewhere'])
    """
    off = np.abs(found_midi[player] - true_midi[player])
    others = np.delete(true_midi, player, axis=0)
    another = (np.abs(found_midi[player] - others) <= _TOLERANCE_SEMITONES).any(axis=0)
    harmonic = (np.abs(off[:, None] - _CONFUSED_SEMITONES) <= _TOLERANCE_SEMITONES).any(axis=1)
    states = [off <= _TOLERANCE_SEMITONES, another, np.isnan(found_midi[player]), harmonic]
    kinds: NDArray[np.str_] = np.select(states, FRAME_KINDS[:-1], default=FRAME_KINDS[-1])
    return kinds


def multipitch_agreement(true_midi: NDArray[np.float64], tracks: Sequence[PitchTrack]) -> Agreement:
    """Return the agreement of all pitches of a recording, whoever plays them.

    Parameters
    ----------
    true_midi
        Shape ``(n_players, n_frames)``, not a number where a player is silent.
    tracks
        Of every player.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import PitchTrack, multipitch_agreement
    >>> def found(instrument, pitches_midi):
    ...     times_s = np.arange(2) / 50
    ...     return PitchTrack(
    ...         instrument=instrument, frame_times_s=times_s, pitches_midi=np.array(pitches_midi), confidence=np.ones(2)
    ...     )
    >>> true_midi = np.array([[72.0, 72.0], [48.0, np.nan]])
    >>> exchanged = [found("Oboe", [48.0, np.nan]), found("Cello", [72.0, 74.0])]  # and one pitch wrong
    >>> round(multipitch_agreement(true_midi, exchanged).f_measure, 3)
    0.667

    Source: mir_eval.multipitch, after Poliner and Ellis (2007).
    """
    with optional_packages():
        from mir_eval import multipitch
    times_s = tracks[0].frame_times_s
    within = times_s >= 0
    found = np.stack([track.pitches_midi for track in tracks])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = multipitch.metrics(
            times_s[within], _by_frame(true_midi[:, within]), times_s[within], _by_frame(found[:, within])
        )
    return _agreement(float(scores[0]), float(scores[1]))


def note_agreement(
    true: Sequence[TranscribedNote], found: Sequence[TranscribedNote], *, ends_count: bool = False
) -> Agreement:
    """Return the agreement of the notes of one player.

    Source: mir_eval.transcription, after MIREX.

    Parameters
    ----------
    true, found
        Of the same player.
    ends_count
        Whether a note must end right too.

    Examples
    --------
    >>> from rebalance.transcription import TranscribedNote, note_agreement
    >>> note = TranscribedNote(onset_s=0.0, end_s=1.0, pitch_midi=60, cents=0.0, confidence=1.0)
    >>> note_agreement([note], [note]).f_measure
    1.0
    """
    if not true or not found:
        nothing = 1.0 if not true and not found else 0.0
        precision, recall = (nothing if found else float("nan")), (nothing if true else float("nan"))
        return Agreement(precision=precision, recall=recall, f_measure=nothing)
    with optional_packages():
        from mir_eval import transcription
    precision, recall, f_measure, _ = transcription.precision_recall_f1_overlap(
        *_intervals_and_hz(true),
        *_intervals_and_hz(found),
        onset_tolerance=_ONSET_TOLERANCE_S,
        pitch_tolerance=100 * _TOLERANCE_SEMITONES,
        offset_ratio=_END_TOLERANCE_SHARE if ends_count else None,
    )
    return Agreement(precision=float(precision), recall=float(recall), f_measure=float(f_measure))


def _agreement(precision: float, recall: float) -> Agreement:
    """Return precision and recall with their harmonic mean."""
    total = precision + recall
    return Agreement(precision=precision, recall=recall, f_measure=2 * precision * recall / total if total else 0.0)


def _by_frame(pitches_midi: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the frequencies that sound at every frame, in Hz, each once."""
    return [np.unique(midi_to_hz(frame[np.isfinite(frame)])) for frame in pitches_midi.T]


def _intervals_and_hz(notes: Sequence[TranscribedNote]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return onsets and ends ``(n_notes, 2)`` and frequencies of notes."""
    intervals = np.array([(note.onset_s, note.end_s) for note in notes])
    return intervals, midi_to_hz(np.array([note.pitch_midi + note.cents / 100 for note in notes]))


def _mean(right: NDArray[np.bool_]) -> float:
    """Return the share that is right, not a number of none."""
    return float(right.mean()) if right.size else float("nan")
