"""The challenge's numbers and naming rules."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import recipes.cad2.task2.baseline
import yaml

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import MetadataError


@pytest.mark.parametrize(
    ("scene", "split"),
    [
        ("S10001", "train"),
        ("S49999", "train"),
        ("S50000", "valid"),
        ("S50001", "valid"),
        ("S59999", "valid"),
        ("S60000", "test"),
        ("S60001", "test"),
    ],
)
def test_the_number_of_a_scene_decides_its_split_borders_included(scene: str, split: str) -> None:
    assert CAD2_TASK2.split_of(scene) == split


@pytest.mark.parametrize("scene", ["", "S", "50001", "s50001", "S50001a", "XS50001", "S-1", "S５０００１", "S50001\n"])
def test_what_is_no_scene_id_is_in_no_split(scene: str) -> None:
    with pytest.raises(MetadataError, match="expected 'S' and digits such as 'S50001'"):
        CAD2_TASK2.split_of(scene)


def test_rates_bands_and_times_are_those_of_the_official_configuration() -> None:
    (folder,) = recipes.cad2.task2.baseline.__path__
    config = yaml.safe_load((Path(folder) / "config.yaml").read_text(encoding="utf-8"))
    assert CAD2_TASK2.mixture_sample_rate == config["input_sample_rate"]
    assert CAD2_TASK2.remix_sample_rate == config["remix_sample_rate"]
    assert CAD2_TASK2.haaqi_sample_rate == config["HAAQI_sample_rate"]
    aid = config["enhancer"]
    assert list(CAD2_TASK2.crossover_frequencies_hz) == aid["crossover_frequencies"]
    assert list(CAD2_TASK2.compressor_threshold_db) == aid["threshold"]
    assert list(CAD2_TASK2.compressor_attack_ms) == aid["attack"]
    assert list(CAD2_TASK2.compressor_release_ms) == aid["release"]


def test_a_crossover_lies_in_the_middle_of_two_bands_an_octave_apart() -> None:
    centres_hz = CAD2_TASK2.compressor_band_frequencies_hz
    assert centres_hz == tuple(250.0 * 2**octave for octave in range(6))
    middles_hz = [(low * high) ** 0.5 for low, high in pairwise(centres_hz)]
    assert CAD2_TASK2.crossover_frequencies_hz == pytest.approx(middles_hz, abs=0.01)
    assert set(centres_hz) <= set(CAD2_TASK2.audiogram_frequencies_hz)


def test_the_numbers_of_the_data_and_baseline_pages() -> None:
    assert CAD2_TASK2.gain_values_db == (-10, -6, -3, 0, 3, 6, 10)
    assert CAD2_TASK2.n_sources == (2, 3, 4, 5)
    assert set(CAD2_TASK2.doubling_instruments) < set(CAD2_TASK2.instruments)
    assert len(CAD2_TASK2.instruments) == 8
    assert CAD2_TASK2.n_channels == 2
    assert CAD2_TASK2.segment_duration_s == 15
    assert CAD2_TASK2.mixture_loudness_lufs == -40
    assert CAD2_TASK2.reference_level_db_spl == 65
    assert CAD2_TASK2.lookahead_limit_ms == 5
    assert CAD2_TASK2.compressor_ratio_limit == 6
    assert CAD2_TASK2.audiogram_frequencies_hz == (250, 500, 1000, 2000, 3000, 4000, 6000, 8000)


def test_the_seed_of_a_scene_is_the_official_one() -> None:
    from recipes.cad2.task2.baseline.evaluate import set_song_seed

    for scene in ("S50001", "S60123", "S10001"):
        np.random.seed(CAD2_TASK2.scene_seed(scene))  # noqa: NPY002
        ours = np.random.random()  # noqa: NPY002
        set_song_seed(scene)
        assert np.random.random() == ours  # noqa: NPY002


def test_a_submitted_file_is_named_by_scene_and_listener() -> None:
    assert CAD2_TASK2.remix_file_name("S50001", "L5012") == "S50001_L5012_remix.flac"
