"""The refiner of masks."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import SMALL_REFINER, small_tracker

from rebalance._base.errors import ConfigError
from rebalance.separation import ModelCard
from rebalance.separation._stft import spectrogram
from rebalance.separation.player_tracker import save_tracker_checkpoint
from rebalance.separation.player_tracker._by_pitch import PitchSeparator
from rebalance.separation.player_tracker._combs import PLAIN_COMBS, released
from rebalance.separation.player_tracker._pitch_masks import COMBS_PER_PITCH, RefinedMasks, pitch_masks, sums_of_combs
from rebalance.separation.player_tracker._refiner import Refiner
from rebalance.separation.player_tracker._tracker import Tracker
from rebalance.training._transcribing import begin_with
from rebalance.transcription import Posteriors, separate_by_pitch

SAMPLE_RATE = 44_100


def refiner(*, trained: bool) -> Refiner:
    torch.manual_seed(1)
    network = Refiner(SMALL_REFINER).eval()
    if trained:
        torch.nn.init.normal_(network.exit.weight, std=0.5)
    return network


def noise(n_samples: int, n_channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n_channels, n_samples)).astype(np.float32) * 0.1


def posteriors_of(mixture: np.ndarray, instruments: tuple[str, ...]) -> Posteriors:
    return Tracker(name="small", network=small_tracker(), card=ModelCard())(mixture, instruments)


def test_untrained_it_gives_the_masks_of_the_combs() -> None:
    mixture = noise(20_000)
    posteriors = posteriors_of(mixture, ("Violin", "Cello"))
    network = refiner(trained=False)
    pitched = torch.from_numpy(released(posteriors.values[:, :, :-1], PLAIN_COMBS.release))[None]
    spectra = torch.from_numpy(spectrogram(mixture).swapaxes(1, 2))[None]
    with torch.inference_mode():
        masks = network(spectra, pitched, torch.tensor([[7, 1]]), torch.tensor([0.01]))[0].transpose(1, 2)
    plain = pitch_masks(posteriors, sample_rate=SAMPLE_RATE)
    np.testing.assert_allclose(masks.numpy(), plain, atol=1e-4)
    by_combs, refined = (
        separate_by_pitch(mixture, posteriors, sample_rate=SAMPLE_RATE, refiner=each) for each in (None, network)
    )
    for name, estimate in by_combs.items():
        np.testing.assert_allclose(refined[name], estimate, atol=1e-5)


@pytest.mark.parametrize(
    ("instruments", "share"),
    [(("Violin", "Viola", "Cello"), 0.7), (("Flute", "Violin", "Viola", "Cello"), 0.9)],
)
def test_masks_keep_a_part_of_those_of_the_combs(instruments: tuple[str, ...], share: float) -> None:
    mixture, network = noise(20_000), refiner(trained=True)
    posteriors, spectra = posteriors_of(mixture, instruments), spectrogram(mixture)
    combs = sums_of_combs(posteriors.finer(COMBS_PER_PITCH), SAMPLE_RATE, PLAIN_COMBS)
    pitched = torch.from_numpy(released(posteriors.values[:, :, :-1], PLAIN_COMBS.release))[None]
    players = torch.tensor([[SMALL_REFINER.instruments.index(instrument) for instrument in instruments]])
    level = torch.tensor([0.01])
    with torch.inference_mode():
        seen = torch.from_numpy(spectra.swapaxes(1, 2))[None]
        refined = network(seen, pitched, players, level, torch.from_numpy(combs)[None])[0].transpose(1, 2).numpy()
    plain = pitch_masks(posteriors.finer(COMBS_PER_PITCH), sample_rate=SAMPLE_RATE)
    assert np.abs(refined - plain).max() > 0.1
    masks = RefinedMasks(refiner=network, level=0.01)(spectra, posteriors)
    np.testing.assert_allclose(masks, share * refined + (1 - share) * plain, atol=1e-5)


def deep_refiner() -> Refiner:
    torch.manual_seed(2)
    return Refiner(replace(SMALL_REFINER, deep_channels=8, deep_width=8, n_deep_layers=1, n_heads=2)).eval()


def test_a_deep_refiner_begins_with_what_that_without_gives(tmp_path: Path) -> None:
    smaller, path = refiner(trained=True), tmp_path / "smaller.safetensors"
    save_tracker_checkpoint(path, small_tracker(), ModelCard(), refiner=smaller)
    grown = deep_refiner()
    begin_with(grown, path)
    mixture = noise(40_000)
    posteriors = posteriors_of(mixture, ("Flute", "Bassoon"))
    found, expected = (
        separate_by_pitch(mixture, posteriors, sample_rate=SAMPLE_RATE, refiner=network) for network in (grown, smaller)
    )
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-3)


@pytest.mark.parametrize("n_steps", [1, 3, 10])
def test_the_deep_level_sees_all_times_and_players_but_nobody_who_is_absent(n_steps: int) -> None:
    level = deep_refiner().deeper
    assert level is not None
    for parameter in level.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    n_channels, n_blocks = (
        SMALL_REFINER.channels[1],
        SMALL_REFINER.features.n_bins // (2 * SMALL_REFINER.bins_per_block),
    )
    maps, condition = torch.rand(3, n_channels, n_blocks, n_steps), torch.rand(3, SMALL_REFINER.n_conditions)
    players = torch.tensor([[1, 7, -1]])
    with torch.inference_mode():
        before = level(maps, condition, players)
        assert before.shape == maps.shape
        for changed, seen in ((0, True), (2, False)):
            other = maps.clone()
            other[changed, :, :, 0] += 1.0
            after = level(other, condition, players)
            assert (not torch.allclose(after[1, ..., -1], before[1, ..., -1])) == seen


def test_deep_levels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="a width that 4 heads divide"):
        replace(SMALL_REFINER, deep_channels=8, deep_width=6, n_heads=4)
    with pytest.raises(ConfigError, match="0 channels"):
        replace(SMALL_REFINER, deep_channels=-8)
    with pytest.raises(ConfigError, match="divisible by 4 blocks"):
        replace(SMALL_REFINER, deep_channels=8, bins_per_block=48)


@pytest.mark.parametrize("n_channels", [1, 2])
def test_estimates_sum_to_the_mixture_and_blocks_leave_no_trace(
    n_channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixture = noise(150_000, n_channels)
    posteriors = posteriors_of(mixture, ("Flute", "Flute", "Bassoon"))
    network = refiner(trained=True)
    whole = separate_by_pitch(mixture, posteriors, sample_rate=SAMPLE_RATE, refiner=network)
    np.testing.assert_allclose(sum(whole.values()), mixture, atol=1e-5)
    monkeypatch.setattr("rebalance.separation.player_tracker._by_pitch._BLOCK", 64 * 1024)
    monkeypatch.setattr("rebalance.separation.player_tracker._by_pitch._BLOCK_MARGIN", 32 * 1024)
    blocks = separate_by_pitch(mixture, posteriors, sample_rate=SAMPLE_RATE, refiner=network)
    for name, estimate in whole.items():
        np.testing.assert_allclose(blocks[name], estimate, atol=1e-4)


def test_players_that_are_absent_get_nothing() -> None:
    network = refiner(trained=True)
    spectra = network.transform(torch.from_numpy(noise(8192))[None])
    pitched = torch.rand(1, 3, spectra.shape[-1], 288)
    masks = network(spectra, pitched, torch.tensor([[7, 1, -1]]), torch.tensor([0.01]))
    assert not masks[:, 2].any()
    torch.testing.assert_close(masks.sum(dim=1), torch.ones(1, *spectra.shape[-2:]))


def test_other_pitches_or_rates_are_refused() -> None:
    mixture = noise(8192)
    posteriors = posteriors_of(mixture, ("Oboe", "Cello"))
    with pytest.raises(ConfigError, match="44100 Hz"):
        separate_by_pitch(mixture, posteriors, sample_rate=16_000, refiner=refiner(trained=False))


def test_a_separator_counts_both_networks() -> None:
    tracker = Tracker(name="small", network=small_tracker(), card=ModelCard())
    alone = PitchSeparator(name="small", tracker=tracker)
    both = PitchSeparator(name="small", tracker=tracker, refiner=refiner(trained=False))
    assert both.info.n_parameters > alone.info.n_parameters > 0
    assert alone.info.lookahead_ms == math.inf
    assert not alone.info.external_training_data
