"""Viterbi through posteriors of players."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.transcription import DecodingSettings, Posteriors, decode
from rebalance.transcription._decoding import best_path

N_PITCHES = 12


def posteriors(values: np.ndarray) -> Posteriors:
    return Posteriors(
        values=values.astype(np.float32),
        pitches_midi=60 + np.arange(N_PITCHES) / 3,
        frame_times_s=np.arange(values.shape[1]) * 0.02,
        instruments=("Violin",) * len(values),
    )


def of_states(states: list[int], share: float = 0.9) -> np.ndarray:
    values = np.full((1, len(states), N_PITCHES + 1), (1 - share) / N_PITCHES)
    values[0, np.arange(len(states)), states] = share
    return values


def test_a_clear_path_is_found_with_its_silence() -> None:
    (track,) = decode(posteriors(of_states([2] * 5 + [N_PITCHES] * 5 + [8] * 5)))
    assert track.pitches_midi[:5].tolist() == pytest.approx([60 + 2 / 3] * 5)
    assert not track.sounding[5:10].any()
    assert track.pitches_midi[10:].tolist() == pytest.approx([60 + 8 / 3] * 5)
    assert track.confidence.min() > 0.85


def test_a_single_doubtful_frame_does_not_break_a_note() -> None:
    values = of_states([4] * 10)
    values[0, 5] = of_states([9], share=0.5)[0, 0]
    (track,) = decode(posteriors(values))
    assert track.pitches_midi.tolist() == pytest.approx([60 + 4 / 3] * 10)


def test_the_path_is_the_best_of_all() -> None:
    settings = DecodingSettings(glide=0.7, leap=1.6, silence=1.1)
    rng = np.random.default_rng(3)
    logs = np.log(rng.dirichlet(np.ones(5), size=5))

    def cost(before: int, after: int) -> float:
        if before == after:
            return 0.0
        if 4 in (before, after):
            return settings.silence
        return min(abs(before - after) * settings.glide, settings.leap)

    def worth(path: tuple[int, ...]) -> float:
        changes = sum(cost(*pair) for pair in itertools.pairwise(path))
        return float(sum(logs[frame, state] for frame, state in enumerate(path)) - changes)

    best = max(itertools.product(range(5), repeat=5), key=worth)
    assert worth(tuple(best_path(logs, settings).tolist())) == pytest.approx(worth(best))


def test_no_frames_give_an_empty_path_and_negative_costs_are_refused() -> None:
    assert not len(best_path(np.zeros((0, 4)), DecodingSettings()))
    with pytest.raises(ConfigError, match="from 0"):
        DecodingSettings(leap=-1.0)
