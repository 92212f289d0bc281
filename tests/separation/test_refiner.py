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
from rebalance.separation.player_tracker._by_pitch import PitchSeparator, pitch_masks
from rebalance.separation.player_tracker._combs import PLAIN_COMBS, released
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


def test_envelopes_move_with_the_pitch() -> None:
    torch.manual_seed(2)
    network = Refiner(replace(SMALL_REFINER, envelope_width=8, n_envelope_layers=2, n_heads=2)).eval()
    envelopes = network.envelopes
    assert envelopes is not None
    torch.nn.init.normal_(envelopes.exit.weight)
    torch.nn.init.zeros_(envelopes.pitch.weight)  # the envelope may depend on the pitch; not here
    n_maps, n_pitches, shift = network.config.features.n_channels, network.config.features.n_bins, 30
    maps = torch.rand(1, n_maps, n_pitches, 12)
    maps[:, :, :60] = maps[:, :, 190:] = 0.0
    rest = torch.zeros(1, 2, n_pitches, 12)
    pitched = torch.zeros(1, 2, 12, n_pitches)
    pitched[0, 0, :, 60] = pitched[0, 1, :, 66] = 1.0
    players = torch.tensor([[1, 7]])
    with torch.inference_mode():
        before = envelopes(maps, rest, pitched, players)
        after = envelopes(maps.roll(shift, dims=2), rest, pitched.roll(shift, dims=3), players)
    assert before.abs().max() > 0.1
    assert (before[0, 0, :60] == 0).all()
    assert (before[0, 1, :66] == 0).all()
    torch.testing.assert_close(after[:, :, shift : shift + 200], before[:, :, :200])


def test_a_refiner_with_envelopes_begins_with_what_that_without_gives(tmp_path: Path) -> None:
    smaller, path = refiner(trained=True), tmp_path / "smaller.safetensors"
    save_tracker_checkpoint(path, small_tracker(), ModelCard(), refiner=smaller)
    grown = Refiner(replace(SMALL_REFINER, envelope_width=8, n_heads=2)).eval()
    begin_with(grown, path)
    mixture = noise(40_000)
    posteriors = posteriors_of(mixture, ("Flute", "Bassoon"))
    found, expected = (
        separate_by_pitch(mixture, posteriors, sample_rate=SAMPLE_RATE, refiner=network) for network in (grown, smaller)
    )
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-3)
    with pytest.raises(ConfigError, match="a width that 4 heads divide"):
        replace(SMALL_REFINER, envelope_width=6)


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
