from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_networks import SMALL_UNET

from rebalance._base.errors import ConfigError
from rebalance.separation.mask_network import MaskNetworkConfig
from rebalance.separation.mask_network._band_split import BandSplitConfig
from rebalance.separation.mask_network._unet import UNetConfig
from rebalance.training import Experiment, TrainSettings, held_out_mixers, progress_of_run, run_experiment
from rebalance.training._experiment import Data
from rebalance.training._losses import LossSettings
from rebalance.training.data import MixingSettings


def experiment(stems: Path, *, steps: int = 1, **sizes: object) -> Experiment:
    network = MaskNetworkConfig(**{"unet": SMALL_UNET, **sizes})  # type: ignore[arg-type]
    return Experiment(
        data=Data(train=(stems,), held_out={"tones": stems}),
        network=network,
        mixing=MixingSettings(batch_size=1, crop_samples=16_384),
        train=TrainSettings(steps=steps, warmup_steps=1, decay_steps=1, loss=LossSettings(masks_only=True)),
        validation_batches=1,
    )


def test_an_experiment_trains_and_validates_on_every_held_out_folder(tmp_path: Path, stem_folder: Path) -> None:
    average = run_experiment(experiment(stem_folder), tmp_path, device="cpu")
    assert all(torch.isfinite(tensor).all() for tensor in average.state_dict().values())
    with (tmp_path / "validation.csv").open(newline="", encoding="utf-8") as file:
        (figures,) = csv.DictReader(file)
    assert {"tones/haaqi", "tones/worst", "tones/remix", "selection"} <= set(figures)
    assert (tmp_path / "best.safetensors").exists()


def test_runs_of_different_seeds_are_validated_on_the_same_mixtures(stem_folder: Path) -> None:
    first = experiment(stem_folder)
    other = replace(first, train=replace(first.train, seed=first.train.seed + 1))
    batches = [held_out_mixers(one, torch.device("cpu"))["tones"].batch(0) for one in (first, other)]
    torch.testing.assert_close(batches[0].sources, batches[1].sources, rtol=0, atol=0)


def test_a_new_run_can_begin_with_the_weights_of_another(tmp_path: Path, stem_folder: Path) -> None:
    first = run_experiment(experiment(stem_folder), tmp_path / "first", device="cpu")
    begun = replace(experiment(stem_folder), start=tmp_path / "first" / "state.safetensors")
    gently = replace(begun, train=replace(begun.train, learning_rate=0.0))
    second = run_experiment(gently, tmp_path / "second", device="cpu")
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], tensor)
    other = replace(begun, network=MaskNetworkConfig(unet=UNetConfig(channels=(4, 16), n_conditions=8)))
    with pytest.raises(ConfigError, match="does not fit the network"):
        run_experiment(other, tmp_path / "third", device="cpu")


def test_a_run_goes_on_when_sizes_of_the_other_family_have_changed_but_not_its_own(
    tmp_path: Path, stem_folder: Path
) -> None:
    run_experiment(experiment(stem_folder), tmp_path, device="cpu")
    run_experiment(experiment(stem_folder, steps=2, band_split=BandSplitConfig(width=32)), tmp_path, device="cpu")
    assert progress_of_run(experiment(stem_folder), tmp_path).step == 2
    wider = experiment(stem_folder, steps=3, unet=UNetConfig(channels=(4, 16), n_conditions=8))
    with pytest.raises(ConfigError, match="other settings of network"):
        run_experiment(wider, tmp_path, device="cpu")
    with pytest.raises(ConfigError, match="other settings of network"):
        progress_of_run(wider, tmp_path)
