"""Frame-wise SDR by the rules of museval, Wiener filtering as norbert does it, and rows that separate nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import floor_estimates, frame_median_db, museval_frames_db, sdr_db, si_sdr_db, wiener

RECORDED = Path(__file__).parent / "golden" / "museval_and_norbert.npz"


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(RECORDED, allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize("source", [0, 1])
def test_frames_have_the_sdr_that_museval_gives_them(recorded: dict[str, np.ndarray], source: int) -> None:
    reference, estimate = recorded["references"][source].T, recorded["estimates"][source].T
    frames = museval_frames_db(reference, estimate, 200)
    np.testing.assert_allclose(frames, recorded["sdr_db"][source], rtol=1e-10)
    median = frame_median_db(sdr_db, reference, estimate, 200, rules="museval")
    assert median == pytest.approx(np.median(recorded["sdr_db"][source]))


def test_museval_drops_the_last_partial_frame_which_the_default_rules_keep() -> None:
    source = np.ones((1, 35))
    estimate = source.copy()
    estimate[:, 30:] = 0.0
    estimate[:, :30] = 0.9
    assert len(museval_frames_db(source, estimate, 10)) == 3
    assert museval_frames_db(source[:, :7], estimate[:, :7], 10).size == 1
    kept = frame_median_db(sdr_db, source[:, 20:], estimate[:, 20:], 10)
    assert kept == pytest.approx(10.0)  # the mean of 20 dB in the whole frame and 0 dB in the half


def test_museval_skips_only_frames_that_are_exactly_silent() -> None:
    source = np.concatenate([np.ones(10), np.full(10, 3e-5), np.zeros(10)])
    estimate = source + 0.1
    frames = museval_frames_db(source, estimate, 10)
    assert len(frames) == 2  # the tail at -90 dB counts
    assert frames[1] < -60
    assert frame_median_db(sdr_db, source, estimate, 10) == pytest.approx(20.0)


def test_a_silent_estimate_scores_0_db_above_the_mixture() -> None:
    sources = np.eye(4)[:, None]
    rows = floor_estimates(sources.sum(axis=0), "abcd")
    scores = {row: sdr_db(sources[0], estimates["a"]) for row, estimates in rows.items()}
    assert scores == pytest.approx({"silence": 0.0, "x/n": 1.2494, "no separation": -4.7712}, abs=1e-3)
    assert museval_frames_db(np.ones((1, 10)), np.zeros((1, 10)), 10) == pytest.approx([0.0])


def test_the_rules_of_museval_are_refused_for_other_metrics_and_where_nothing_counts() -> None:
    with pytest.raises(ConfigError, match="expected the metric sdr_db"):
        frame_median_db(si_sdr_db, np.ones((1, 20)), np.ones((1, 20)), 10, rules="museval")
    with pytest.raises(ConfigError, match="rules: expected one of sounding, museval"):
        frame_median_db(sdr_db, np.ones((1, 20)), np.ones((1, 20)), 10, rules="bsseval")  # type: ignore[arg-type]
    with pytest.raises(AudioError, match="no frame counts"):
        frame_median_db(sdr_db, np.zeros((1, 20)), np.ones((1, 20)), 10, rules="museval")


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("n_iterations", [0, 1, 2])
@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_wiener_filtering_is_that_of_norbert(
    recorded: dict[str, np.ndarray], n_channels: int, n_iterations: int, scale: float
) -> None:
    magnitudes = np.moveaxis(recorded["magnitudes"][:, :, :n_channels], (2, 3), (1, 0)) * scale
    mixture = np.moveaxis(recorded["mixture"][:, :, :n_channels], 2, 0) * scale
    expected = np.moveaxis(recorded[f"wiener-{n_channels}-{n_iterations}-{scale:g}"], (2, 3), (1, 0))
    estimates = wiener(magnitudes, mixture, n_iterations=n_iterations)
    np.testing.assert_allclose(estimates, expected, rtol=1e-6, atol=1e-6 * scale)


def test_one_mono_step_is_a_power_ratio_mask_whose_outputs_sum_to_the_mixture() -> None:
    rng = np.random.default_rng(3)
    mixture = rng.standard_normal((1, 5, 7)) + 1j * rng.standard_normal((1, 5, 7))
    magnitudes = rng.uniform(0.1, 2.0, (4, 1, 5, 7))
    estimates = wiener(magnitudes, mixture)
    np.testing.assert_allclose(estimates, magnitudes**2 / (magnitudes**2).sum(axis=0) * mixture, rtol=1e-6)
    np.testing.assert_allclose(estimates.sum(axis=0), mixture, rtol=1e-6)


def test_wiener_refuses_shapes_that_do_not_match_and_nan() -> None:
    with pytest.raises(AudioError, match="n_sources, n_channels, n_frames, n_bins"):
        wiener(np.ones((2, 1, 3)), np.ones((1, 3, 4), dtype=complex))
    with pytest.raises(AudioError, match="finite"):
        wiener(np.full((2, 1, 3, 4), np.nan), np.ones((1, 3, 4), dtype=complex))
