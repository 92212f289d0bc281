from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_networks import small_network

from rebalance._base.errors import AudioError, ConfigError
from rebalance.cli._evaluate_separation import group_table, means_table
from rebalance.pipeline import metric_columns
from rebalance.pipeline._separation_quality import EvaluationOptions, evaluate_separation
from rebalance.task import load_task
from rebalance.training import held_out_figures
from rebalance.training._haaqi_gain import haaqi_gain
from rebalance.training._tracking import Tracker
from rebalance.training.data._stem_library import StemLibrary

from .conftest import mixer_of

DEMO = Path(__file__).parents[2] / "metadata" / "demo"


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    options = EvaluationOptions(separators=("mixture", "average-spectra", "oracle"), with_bss=False)
    measured = evaluate_separation(load_task(DEMO, "valid", require_sources=True), options, jobs=1)
    assert not measured.failures
    return measured.rows


@pytest.mark.slow
def test_the_oracle_is_perfect_and_the_mixture_as_every_estimate_the_lower_bound(rows: pd.DataFrame) -> None:
    means = rows.groupby("separator")["sdr"].mean()
    assert means["oracle"] > 60
    assert means["mixture"] < means["average-spectra"] < means["oracle"]


@pytest.mark.slow
def test_every_sounding_source_has_one_row_per_separator(rows: pd.DataFrame) -> None:
    assert rows.groupby(["separator", "segment", "source"]).size().eq(1).all()
    assert metric_columns(rows) == ["sdr", "si_sdr", "frame_sdr"]
    assert means_table(rows, ("mixture", "oracle")).row_count == 2
    assert group_table(rows, ("mixture", "oracle"), "instrument").row_count == rows["instrument"].nunique()


def test_an_unknown_separator_is_refused_before_any_work() -> None:
    task = load_task(DEMO, "valid", require_sources=True)
    with pytest.raises(ConfigError, match="separator 'nosuch'"):
        evaluate_separation(task, EvaluationOptions(separators=("nosuch",)), jobs=1)


def test_tracking_gives_equal_masks_no_remix_gain_and_names_every_instrument(library: StemLibrary) -> None:
    tracker = Tracker(mixers={"tones": mixer_of(library, batch_size=2)}, n_batches=1)
    figures = tracker(small_network().eval(), 0)
    again = tracker(small_network().eval(), 5)
    assert figures == again
    assert figures["selection"] == pytest.approx((figures["tones/haaqi"] + figures["tones/worst"]) / 2)
    assert figures["tones/worst"] <= figures["tones/haaqi"]

    class Silent(torch.nn.Module):
        def forward(self, mixture: torch.Tensor, slots: torch.Tensor) -> torch.Tensor:
            return torch.zeros(*slots.shape, *mixture.shape[1:])

    untouched = tracker(Silent(), 0)
    assert untouched["tones/remix"] == pytest.approx(0.0, abs=1e-3)
    assert untouched["tones/haaqi"] == untouched["selection"] == 0.0


def test_the_true_remix_is_worth_more_than_the_mixture_and_half_of_it_less_than_all() -> None:
    rng = np.random.default_rng(4)
    mixture, true_edit = 0.02 * rng.standard_normal((2, 2, 44_100))
    whole, half = haaqi_gain(mixture, true_edit, true_edit), haaqi_gain(mixture, true_edit, 0.5 * true_edit)
    assert 0.0 < half < whole <= 1.0
    silenced = haaqi_gain(mixture, true_edit, -mixture)
    assert silenced is not None
    assert silenced < half - 0.1
    assert haaqi_gain(mixture, -mixture, true_edit) is None
    assert haaqi_gain(10 * mixture, 10 * true_edit, 5 * true_edit) == pytest.approx(half, abs=1e-6)
    with pytest.raises(AudioError, match="NaN"):
        haaqi_gain(mixture, true_edit, np.full_like(mixture, np.nan))


def test_a_network_is_measured_on_every_mixture_of_every_family(library: StemLibrary) -> None:
    mixers = {name: mixer_of(library, batch_size=2) for name in ("first", "second")}
    figures = held_out_figures(small_network().eval(), mixers, 2)
    assert list(figures.columns) == ["sounds", "mixture", "improvement_db", "remix_db", "haaqi_gain"]
    assert figures.groupby("sounds").size().to_dict() == {"first": 4, "second": 4}
    first, second = (own.drop(columns="sounds").reset_index(drop=True) for _, own in figures.groupby("sounds"))
    pd.testing.assert_frame_equal(first, second)
