"""The loudness of any mix, known from the powers of its parts."""

from __future__ import annotations

import numpy as np
import pytest

from rebalance.audio import loudness_lufs
from rebalance.web.listening_room._powers import (
    OverviewMeter,
    hop_powers,
    integrated_loudness_lufs,
    loudest_stretch,
    row_length,
)

RATE = 44_100


def signals(n_signals: int = 3, duration_s: float = 6.0) -> np.ndarray:
    rng = np.random.default_rng(4)
    noise = rng.normal(0.0, 0.02, (n_signals, 2, int(duration_s * RATE)))
    noise[:, :, : 2 * RATE] *= 0.02  # below the relative gate
    noise[1] += 0.5 * noise[0]  # related, as stems are to their mixture
    return noise.astype(np.float32)


def measured_in_pieces(heard: np.ndarray, n_pieces: int = 7) -> np.ndarray:
    meter = OverviewMeter(heard.shape[0], heard.shape[1], RATE)
    return np.concatenate([meter.add(piece) for piece in np.array_split(heard, n_pieces, axis=-1)])


@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (1.0, -0.7, 2.1), (0.0, 0.3, 0.0)])
def test_the_loudness_of_a_weighted_sum_is_that_of_the_meter(weights: tuple[float, ...]) -> None:
    heard = signals()
    rows = measured_in_pieces(heard)
    expected = loudness_lufs(np.einsum("s,sct->ct", weights, heard), RATE)
    assert integrated_loudness_lufs(hop_powers(rows, np.array(weights))) == pytest.approx(expected, abs=0.01)


def test_silence_has_no_loudness() -> None:
    rows = measured_in_pieces(np.zeros((2, 1, RATE), np.float32))
    assert integrated_loudness_lufs(hop_powers(rows, np.array([1.0, 1.0]))) == -np.inf


def test_rows_end_with_the_peaks() -> None:
    heard = np.zeros((2, 2, RATE), np.float32)
    heard[1, 0, RATE // 2 + 5] = -0.25
    rows = measured_in_pieces(heard)
    assert rows.shape == (10, row_length(2))
    np.testing.assert_array_equal(rows[:, -1], [0, 0, 0, 0, 0, 0.25, 0, 0, 0, 0])


def test_the_loudest_stretch_is_found() -> None:
    powers = np.array([1, 1, 1, 9, 9, 1, 1], dtype=np.float64)
    assert loudest_stretch(powers, 2) == 3
    assert loudest_stretch(powers, 20) == 0
