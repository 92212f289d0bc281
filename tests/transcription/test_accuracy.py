"""How right a transcription is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rebalance._base.errors import AudioError
from rebalance.transcription import (
    FRAME_KINDS,
    PitchTrack,
    TranscribedNote,
    frame_kinds,
    frame_shares,
    multipitch_agreement,
    note_agreement,
)


def note(onset_s: float, end_s: float, pitch: int = 69) -> TranscribedNote:
    return TranscribedNote(onset_s=onset_s, end_s=end_s, pitch_midi=pitch, cents=0.0, confidence=1.0)


def track(pitches: list[float]) -> PitchTrack:
    return PitchTrack(
        instrument="Oboe",
        frame_times_s=np.arange(len(pitches)) * 0.02 - 0.02,
        pitches_midi=np.array(pitches),
        confidence=np.ones(len(pitches)),
    )


TRUE = [note(0.0, 1.0), note(1.0, 2.0, 71), note(2.0, 3.0, 72)]


def test_late_or_wrong_notes_do_not_count_and_ends_count_when_asked() -> None:
    found = [TRUE[0], replace(TRUE[1], onset_s=1.2), replace(TRUE[2], end_s=2.5)]
    agreement = note_agreement(TRUE, found)
    assert (agreement.precision, agreement.recall) == pytest.approx((2 / 3, 2 / 3))
    assert note_agreement(TRUE, found, ends_count=True).f_measure == pytest.approx(1 / 3)
    octave = [replace(TRUE[0], pitch_midi=81)]
    assert note_agreement(TRUE, octave).f_measure == 0.0


def test_where_there_is_nothing_to_find_finding_nothing_is_right() -> None:
    assert note_agreement([], []).f_measure == 1.0
    assert note_agreement(TRUE, []).recall == 0.0
    assert note_agreement([], TRUE).precision == 0.0
    assert np.isnan(note_agreement([], TRUE).recall)


def test_frames_count_by_pitch_and_by_silence() -> None:
    nan = float("nan")
    shares = frame_shares(np.array([60.0, 60.0, nan, nan]), track([60.4, nan, nan, 60.0]))
    assert (shares.pitch, shares.silence) == (0.5, 0.5)
    assert np.isnan(frame_shares(np.array([nan]), track([nan])).pitch)
    with pytest.raises(AudioError, match="expected"):
        frame_shares(np.zeros(3), track([60.0]))


def test_every_frame_is_of_one_kind() -> None:
    nan = float("nan")
    true = np.array([[60.0] * 8, [64.0] * 4 + [72.0] * 4])
    found = np.array([[60.5, 60.6, 64.4, nan, 72.0, 48.0, 79.2, 41.7], [64.0] * 8])
    kinds = ["right", "elsewhere", "another", "silent", "another", "octave", "octave", "elsewhere"]
    assert frame_kinds(found, true, 0).tolist() == kinds
    assert set(kinds) == set(FRAME_KINDS)


def test_a_player_alone_takes_nobodys_pitch() -> None:
    assert frame_kinds(np.array([[61.0, 60.0]]), np.array([[60.0, 60.0]]), 0).tolist() == ["elsewhere", "right"]


def test_a_pitch_counts_whoever_plays_it() -> None:
    true = np.array([[60.0, 60.0, 60.0], [64.0, 64.0, 64.0]])
    swapped = multipitch_agreement(true, [track([64.0] * 3), track([60.0] * 3)])
    assert (swapped.precision, swapped.recall, swapped.f_measure) == (1.0, 1.0, 1.0)
    half = multipitch_agreement(true, [track([60.0] * 3), track([60.0] * 3)])
    assert (half.precision, half.recall) == (1.0, 0.5)
