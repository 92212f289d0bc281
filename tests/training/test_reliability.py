"""How much of the gains that estimates promise is made: one for oracles, less for those that are too sure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_networks import small_network

from rebalance import load_task
from rebalance._base.errors import ConfigError
from rebalance.separation import ModelCard, load_checkpoint, load_separator, save_checkpoint
from rebalance.training import stamp
from rebalance.training.calibration import measure_reliability
from rebalance.training.calibration._reliability import slopes, true_gains

DEMO = Path(__file__).parents[2] / "metadata" / "demo"


def test_an_oracle_makes_all_that_it_promises() -> None:
    found = measure_reliability(load_task(DEMO, "valid", require_sources=True), "oracle", jobs=1)
    assert not found.failures
    assert len(found.rows) == 16  # two quartets, every player up and down
    np.testing.assert_allclose(found.rows.made_db, found.rows.asked_db, atol=0.01)
    assert found.by_sources == pytest.approx((1.0,) * 4, abs=0.02)


def test_numbers_of_sources_without_music_take_the_slope_of_all() -> None:
    rows = pd.DataFrame(
        {"n_sources": [2, 2, 3], "made_db": [1.0, -1.0, 3.0], "estimated_db": [2.0, -2.0, 3.0]},
    )
    overall = (1 * 2 + 1 * 2 + 9) / (4 + 4 + 9)
    assert slopes(rows) == pytest.approx((0.5, 1.0, round(overall, 2), round(overall, 2)))


def test_true_gains_are_found_beside_what_is_no_source() -> None:
    rng = np.random.default_rng(0)
    sources = list(rng.normal(0, 1, (3, 2, 20_000)))
    remixed = 2 * sources[0] - 0.5 * sources[1] + 0.1 * rng.normal(0, 1, (2, 20_000))
    np.testing.assert_allclose(true_gains(remixed, sources), [2, -0.5, 0], atol=0.01)


def test_no_segments_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        measure_reliability(load_task(DEMO, "valid", require_sources=True), "oracle", n_segments=0)


def test_a_card_keeps_its_reliability_and_says_it(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, small_network(), ModelCard())
    assert load_separator(path, device="cpu").info.reliability == ()
    stamp(path, reliability=(0.75, 0.5))
    assert load_checkpoint(path).card.reliability == (0.75, 0.5)
    assert load_separator(path, device="cpu").info.reliability == (0.75, 0.5)
    assert "| Gains made over gains estimated | 0.75 for 2, 0.5 for 3 or more sources |" in (
        tmp_path / "small.md"
    ).read_text(encoding="utf-8")
