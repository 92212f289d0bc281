from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_networks import small_network

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance.separation import ModelCard, load_checkpoint, save_checkpoint
from rebalance.separation.mask_network import MaskSeparator
from rebalance.task import load_task, read_source
from rebalance.training import TrainSettings, export_average, stamp
from rebalance.training._loop import train
from rebalance.training._run_state import save_weights
from rebalance.training.calibration import _voice_trust as voices, fit_shrinkage, fit_voice_trust
from rebalance.training.calibration._shrinkage import MIN_SCENES, best_shrinkage, greatest_harm
from rebalance.training.calibration._voice_trust import voice_products
from rebalance.training.data._stem_library import StemLibrary

from .conftest import mixer_of

DEMO = Path(__file__).parents[2] / "metadata" / "demo"


def scores(*values: tuple[float, int, float], n_scenes: int = MIN_SCENES) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "scene": f"scene {n_sources} {number}",
                "listener": "L0001",
                "shrinkage": shrinkage,
                "n_sources": n_sources,
                "gain_size_db": 6.0,
                "instruments": " ".join(["Violin", "Cello", "Flute"][:n_sources]),
                "haaqi": haaqi,
            }
            for shrinkage, n_sources, haaqi in values
            for number in range(n_scenes)
        ]
    )


TWO_LIKE_ALL_THREE_LIKE_HALF = (
    (0.0, 2, 0.5),
    (0.5, 2, 0.6),
    (1.0, 2, 0.7),
    (0.0, 3, 0.5),
    (0.5, 3, 0.6),
    (1.0, 3, 0.55),
)


def test_every_number_of_sources_gets_the_shrinkage_of_its_highest_mean_and_others_what_is_best_for_all() -> None:
    assert best_shrinkage(scores(*TWO_LIKE_ALL_THREE_LIKE_HALF)) == (1.0, 0.5, 1.0, 1.0)


def test_too_few_scenes_of_a_number_of_sources_say_nothing_of_it() -> None:
    few = scores(*TWO_LIKE_ALL_THREE_LIKE_HALF, n_scenes=MIN_SCENES - 1)
    assert best_shrinkage(few) == (1.0, 1.0, 1.0, 1.0)


def test_a_number_of_sources_that_every_shrinkage_harms_keeps_its_mixture() -> None:
    rows = scores((0.0, 2, 0.5), (0.5, 2, 0.6), (1.0, 2, 0.9), (0.0, 3, 0.5), (0.5, 3, 0.48), (1.0, 3, 0.45))
    assert best_shrinkage(rows)[:2] == (1.0, 0.0)


def test_a_shrinkage_that_wins_on_average_and_harms_an_instrument_is_passed_over() -> None:
    harmed = scores((0.0, 2, 0.5), (1.0, 2, 0.4), n_scenes=1).assign(scene="oboe", instruments="Violin Oboe")
    rows = pd.concat([scores((0.0, 2, 0.5), (1.0, 2, 0.9)), harmed])
    assert rows.groupby("shrinkage")["haaqi"].mean()[1.0] > 0.6
    assert best_shrinkage(rows) == (0.0, 0.0, 0.0, 0.0)


def test_harm_is_that_of_the_group_served_worst() -> None:
    table = scores((0.0, 2, 0.5), (0.0, 3, 0.5), n_scenes=1)
    assert greatest_harm(table, pd.Series([0.2, -0.03])) == pytest.approx(0.03)
    assert greatest_harm(table, pd.Series([0.2, 0.1])) == pytest.approx(-0.1)


def test_fitting_needs_the_mixture_to_compare_with() -> None:
    with pytest.raises(ConfigError, match="expected 0"):
        fit_shrinkage(load_task(DEMO, "valid", require_sources=True), Path("none"), shrinkages=(0.5,))


@pytest.mark.slow
def test_an_untrained_separator_is_fitted_on_the_embedded_task(tmp_path: Path) -> None:
    path = tmp_path / "equal.safetensors"
    save_checkpoint(path, small_network(), ModelCard())
    task = load_task(DEMO, "valid", require_sources=True)
    few = task.subset(task.pairs[:1])
    fit = fit_shrinkage(few, path, shrinkages=(0.0, 1.0), jobs=1)
    assert not fit.failures
    assert len(fit.rows) == 2
    # equal masks ask for one gain on the whole mixture, which HAAQI hardly hears
    assert fit.rows["haaqi"].max() - fit.rows["haaqi"].min() < 0.1


@pytest.mark.parametrize("validated", [False, True])
def test_a_trained_average_becomes_a_checkpoint_with_its_card(
    tmp_path: Path, library: StemLibrary, *, validated: bool
) -> None:
    import torch

    network = small_network()
    settings = TrainSettings(steps=1)
    average = train(network, mixer_of(library, batch_size=1), settings, tmp_path / "run", device=torch.device("cpu"))
    path = tmp_path / "tiny.safetensors"
    card = ModelCard(data=("tones",), training={"Seed": "0"})
    if validated:
        average = small_network(seed=3)
        save_weights(tmp_path / "run" / "best.safetensors", average)
    export_average(tmp_path / "run", network.config, path, card)
    stamp(path, shrinkage=(0.75, 0.5), training={"HAAQI": "0.5"})
    loaded = load_checkpoint(path)
    assert loaded.card.shrinkage == (0.75, 0.5)
    assert loaded.card.training == {"Seed": "0", "HAAQI": "0.5"}
    for name, tensor in average.state_dict().items():
        torch.testing.assert_close(loaded.network.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert "| Shrinkage of the remix | 0.75 for 2, 0.5 for 3 or more sources |" in text
    assert "- tones" in text


def test_a_state_of_another_network_is_refused(tmp_path: Path, library: StemLibrary) -> None:
    import torch

    from rebalance.separation.mask_network import MaskNetworkConfig

    run = tmp_path / "run"
    train(small_network(), mixer_of(library, batch_size=1), TrainSettings(steps=1), run, device=torch.device("cpu"))
    with pytest.raises(ConfigError, match="does not fit the network"):
        export_average(run, MaskNetworkConfig(), tmp_path / "x.safetensors", ModelCard())


def doubled_scene(task):
    return next(scene for scene in task.scenes.values() if scene.segment.instruments.count("Violin") == 2)


@pytest.mark.parametrize(("contrast", "expected"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0), (-1.0, -1.0)])
def test_trust_in_voices_is_what_brings_the_estimates_to_the_true_voices(tmp_path, monkeypatch, contrast, expected):
    task = load_task(DEMO, "valid", require_sources=True)
    segment = doubled_scene(task).segment
    truth = np.stack([read_source(task, source) for source in segment.sources])
    violins = [index for index, name in enumerate(segment.instruments) if name == "Violin"]
    mean = truth[violins].mean(axis=0)
    estimates = truth.copy()
    estimates[violins] = mean + contrast * (truth[violins] - mean)
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, small_network(), ModelCard(voice_trust=0.25))
    monkeypatch.setattr(MaskSeparator, "_chunked", lambda *_: estimates)
    products = voice_products(task, path, segment)
    assert products.likeness / products.estimated == pytest.approx(expected, abs=1e-4)
    assert products.estimated / products.true == pytest.approx(contrast**2, rel=1e-4)


@pytest.mark.parametrize(
    ("found", "trust", "explained"),
    [
        ([(1.0, 4.0, 2.0), (2.0, 2.0, 4.0)], 0.5, 0.25),
        ([(3.0, 2.0, 8.0)], 1.0, 0.5),
        ([(-1.0, 2.0, 2.0)], 0.0, 0.0),
        ([(2.0, 2.0, 2.0)], 1.0, 1.0),
    ],
)
def test_trust_in_voices_is_fitted_over_all_segments_and_stays_in_its_range(
    monkeypatch, tmp_path, found, trust, explained
):
    task = load_task(DEMO, "valid", require_sources=True)

    def run_items(items, _work, *, on_result, **_):
        for item, products in zip(items, found, strict=False):
            on_result(item, products)
        return [on_result(None, products) for products in found[len(items) :]]

    monkeypatch.setattr(voices, "run_items", run_items)
    fit = fit_voice_trust(task, tmp_path / "unused")
    assert (fit.trust, fit.explained) == pytest.approx((trust, explained))


def test_trust_in_voices_needs_music_with_two_of_one_instrument(tmp_path):
    task = load_task(DEMO, "valid", require_sources=True)
    few = task.subset([pair for pair in task.pairs if "Violin" not in task.scenes[pair.scene].segment.instruments][:1])
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, small_network(), ModelCard())
    with pytest.raises(RebalanceError, match="no two voices"):
        fit_voice_trust(few, path, jobs=1)


def test_voices_an_untrained_network_cannot_tell_apart_get_no_trust(tmp_path):
    task = load_task(DEMO, "valid", require_sources=True)
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, small_network(), ModelCard())
    fit = fit_voice_trust(task, path, jobs=1)
    assert fit.trust == fit.explained == 0.0
