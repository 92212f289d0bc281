"""Notes in what is transcribed, how many are true, and the figures of separators and transcriptors on clips."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from mir_eval.transcription import precision_recall_f1_overlap

from rebalance._base.errors import AudioError
from rebalance.separation import si_sdr_db
from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
from rebalance.training.data import ScoredTrack
from rebalance.training.score_supervision import (
    NoteCounts,
    input_figures,
    note_counts,
    notes_in_roll,
    separation_figures,
    transcription_figures,
)

RATE = 16_000
DUO = ("Piano", "Bass")


def network(role: str) -> ScoreTcn:
    torch.manual_seed(0)
    config = TcnConfig(role=role, instruments=DUO, bottleneck=8, hidden=8, n_repeats=1, n_blocks=2)
    return ScoreTcn(config).eval()


def constant(role: str, logits: list[float]) -> ScoreTcn:
    """Return a network that gives each instrument one logit everywhere."""
    made = network(role)
    each = made.config.n_outputs // len(DUO)
    with torch.no_grad():
        made.exit[1].weight.zero_()
        made.exit[1].bias.copy_(torch.tensor(logits).repeat_interleave(each))
    return made


def duo(*, level: float = 0.1, bass_from_s: float = 0.0, seconds: float = 4.0) -> ScoredTrack:
    time_s = np.arange(int(seconds * RATE)) / RATE
    piano = level * np.sin(2 * np.pi * 440 * time_s)
    bass = level * np.sin(2 * np.pi * 55 * time_s) * (time_s >= bass_from_s)
    notes = [[0.0, seconds * RATE, 69.0]], [[bass_from_s * RATE, seconds * RATE, 33.0]]
    return ScoredTrack(
        name="duo",
        instruments=DUO,
        sample_rate=RATE,
        samples=np.rint(np.stack([piano, bass]) * 32_768).astype(np.int16),
        notes=tuple(np.array(its, np.float32) for its in notes),
    )


def test_accuracy_and_false_positives_have_their_hand_values() -> None:
    counts = NoteCounts(right=6, false=2, missed=4)
    assert (counts.accuracy, counts.false_positive_rate) == (0.5, 0.25)
    assert math.isnan(NoteCounts(right=0, false=0, missed=0).accuracy)
    assert math.isnan(NoteCounts(right=0, false=0, missed=3).false_positive_rate)


def test_counts_equal_precision_and_recall_of_mir_eval() -> None:
    rng = np.random.default_rng(0)
    true = np.stack([onsets := np.sort(rng.uniform(0, 10, 40)), onsets + 0.3, rng.integers(60, 66, 40)], axis=1)
    found = true[rng.permutation(40)[:30]] + np.stack([rng.normal(0, 0.04, 30)] * 2 + [rng.integers(0, 2, 30)], axis=1)
    counts = note_counts(true, found)

    def hertz(notes: np.ndarray) -> np.ndarray:
        return 440.0 * 2 ** ((notes[:, 2] - 69) / 12)

    precision, recall, _, _ = precision_recall_f1_overlap(
        true[:, :2], hertz(true), found[:, :2], hertz(found), offset_ratio=None
    )
    assert 0 < counts.right < 30
    assert counts.right / (counts.right + counts.false) == pytest.approx(precision)
    assert counts.right / (counts.right + counts.missed) == pytest.approx(recall)


@pytest.mark.parametrize(("n_true", "n_found", "expected"), [(0, 2, (0, 2, 0)), (3, 0, (0, 0, 3)), (0, 0, (0, 0, 0))])
def test_nothing_played_or_nothing_found_is_counted(n_true: int, n_found: int, expected: tuple[int, ...]) -> None:
    notes = np.array([[0.0, 1.0, 60.0], [1.0, 2.0, 60.0], [2.0, 3.0, 60.0]])
    counts = note_counts(notes[:n_true], notes[:n_found])
    assert (counts.right, counts.false, counts.missed) == expected


def test_chances_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(AudioError, match="NaN"):
        notes_in_roll(np.full((88, 4), np.nan), 0.1)


def test_notes_at_the_edges_of_a_clip_are_found_whole() -> None:
    chances = np.zeros((88, 5))
    chances[0] = 0.9
    chances[87, 3:] = 0.9
    assert notes_in_roll(chances, 1.0).tolist() == [[0.0, 5.0, 21.0], [3.0, 5.0, 108.0]]


def test_the_mixture_in_place_of_estimates_has_the_si_sdr_of_the_mixture() -> None:
    track = duo()
    stems = track.sources(0, 4 * RATE)
    found = input_figures(network("separator"), [track], 4.0)
    expected = [si_sdr_db(stem, stems.sum(axis=0)) for stem in stems]
    np.testing.assert_allclose(found["si_sdr_db"], expected, atol=1e-4)


def test_one_mask_everywhere_leaves_the_si_sdr_of_the_mixture() -> None:
    same = input_figures(network("separator"), [duo()], 4.0)["si_sdr_db"]
    found = separation_figures(constant("separator", [0.0, -1.0]), [duo()], 4.0)["si_sdr_db"]
    np.testing.assert_allclose(found, same, atol=1e-2)


def test_masks_that_follow_the_pitch_raise_the_si_sdr() -> None:
    made = constant("separator", [0.0, 0.0])
    low = torch.arange(1025) < 30  # below 234 Hz
    with torch.no_grad():
        made.exit[1].bias.copy_(10.0 * torch.cat([1.0 - 2.0 * low, 2.0 * low - 1.0]))
    assert separation_figures(made, [duo()], 4.0)["si_sdr_db"].min() > 25.0


def test_instruments_that_rest_or_play_alone_are_not_scored() -> None:
    found = separation_figures(network("separator"), [duo(bass_from_s=2.0)], 2.0)
    assert found[["clip", "instrument"]].to_numpy().tolist() == [[1, "Piano"], [1, "Bass"]]


def test_what_is_left_at_the_end_of_a_track_is_not_heard() -> None:
    assert set(separation_figures(network("separator"), [duo(seconds=5.0)], 2.0)["clip"]) == {0, 1}


def test_a_transcriptor_that_hears_every_key_has_one_right_and_the_rest_false() -> None:
    found = transcription_figures(constant("transcriptor", [10.0, -10.0]), [duo()], 4.0)
    figures = found.set_index(["heard", "instrument"])[["right", "false", "missed", "intruding"]]
    assert figures.loc[("mixture", "Piano")].tolist() == [1, 87, 0, 0]
    assert figures.loc[("mixture", "Bass")].tolist() == [0, 0, 1, 0]
    assert figures.loc[("isolated", "Bass")].tolist() == [0, 0, 1, 88]
