from dataclasses import replace

import numpy as np
import pytest
import torch

from rebalance._base.errors import ConfigError
from rebalance.separation.mask_network import (
    ASYMMETRIC,
    PRESETS,
    SYMMETRIC,
    FeatureConfig,
    HarmonicFeatures,
    MaskNetwork,
    MaskNetworkConfig,
    Transform,
    TransformConfig,
)
from rebalance.separation.mask_network._band_split import BandSplitConfig
from rebalance.separation.mask_network._features import shifted
from rebalance.separation.mask_network._mask_network import RunningLevel
from rebalance.separation.mask_network._unet import UNetConfig


def roughened(network, seed=0):
    """Move every weight away from its first value, so that masks are not all equal."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network.eval()


@pytest.mark.parametrize("config", [SYMMETRIC, ASYMMETRIC, TransformConfig(window=64, synthesis=16, hop=4)])
@pytest.mark.parametrize("n_samples", [1, 109, 110, 111, 5000])
def test_a_transform_is_inverted_exactly(rng, config, n_samples):
    signal = torch.from_numpy(rng.standard_normal((2, n_samples)).astype(np.float32))
    transform = Transform(config)
    spectra = transform(signal)
    assert spectra.shape == (2, config.n_bins, config.n_frames(n_samples))
    torch.testing.assert_close(transform.inverse(spectra, n_samples), signal, atol=2e-5, rtol=0)


def test_the_asymmetric_transform_looks_219_samples_ahead(rng):
    transform = Transform(ASYMMETRIC)
    signal = torch.from_numpy(rng.standard_normal(6000).astype(np.float32))
    changed = signal.clone()
    changed[3000:] = 0
    difference = (transform.inverse(transform(signal).abs() + 0j, 6000)) - transform.inverse(
        transform(changed).abs() + 0j, 6000
    )
    first = int(torch.nonzero(difference.abs() > 1e-6)[0])
    assert 3000 - 219 <= first < 3000 - 100


def test_transforms_that_cannot_work_are_refused():
    with pytest.raises(ConfigError, match="hop"):
        TransformConfig(window=64, synthesis=16, hop=5)


def test_a_tone_stands_at_its_place_on_the_log_axis_and_its_harmonic_below_it():
    """With 36 bins per octave from 55 Hz, 440 Hz is bin 108; shown at twice the frequency, it moves to bin 72."""
    config = FeatureConfig()
    features = HarmonicFeatures(config, n_linear_bins=SYMMETRIC.n_bins, sample_rate=44_100)
    time_s = torch.arange(22_050) / 44_100
    spectra = Transform(SYMMETRIC)(torch.sin(2 * torch.pi * 440.0 * time_s).expand(1, 2, -1))
    maps = features(features.powers(spectra), torch.ones(1, 1, 1, 1))[0, :, :, 12]
    assert abs(int(maps[0].argmax()) - 108) <= 2
    octave_up = 1 + config.harmonics.index(2.0)
    assert abs(int(maps[octave_up].argmax()) - 72) <= 2
    assert maps.shape == (config.n_channels, config.n_bins)


def test_silence_looks_like_nothing():
    features = HarmonicFeatures(FeatureConfig(), n_linear_bins=SYMMETRIC.n_bins, sample_rate=44_100)
    maps = features(torch.zeros(1, 2, 288, 3), torch.full((1, 1, 1, 1), 1e-12))
    assert not maps[:, :-1].any()


def test_the_balance_tells_left_from_right():
    features = HarmonicFeatures(FeatureConfig(), n_linear_bins=SYMMETRIC.n_bins, sample_rate=44_100)
    powers = torch.ones(1, 2, 288, 1)
    powers[:, 1] = 0.25
    balance = features(powers, torch.ones(1, 1, 1, 1))[0, -2]
    torch.testing.assert_close(balance, torch.full_like(balance, 0.6), atol=1e-4, rtol=0)


@pytest.mark.parametrize("shift", [0, 1, -1, 5, -5, 10, -10, 12, -12])
def test_shifting_moves_bins_and_fills_with_silence(shift):
    maps = torch.arange(1.0, 11.0)[:, None]
    expected = [i + shift + 1 if 0 <= i + shift < 10 else 0 for i in range(10)]
    assert shifted(maps, shift)[:, 0].tolist() == expected


def test_masks_that_share_everything_still_do_on_the_linear_axis(rng):
    features = HarmonicFeatures(FeatureConfig(), n_linear_bins=SYMMETRIC.n_bins, sample_rate=44_100)
    shares = torch.softmax(torch.from_numpy(rng.standard_normal((3, 288, 4))), dim=0).float()
    torch.testing.assert_close(features.linear_masks(shares).sum(dim=0), torch.ones(2049, 4))


def test_the_running_level_is_the_weighted_mean_so_far(rng):
    powers = torch.from_numpy(rng.random((2, 50)))
    level = RunningLevel(decay=0.9)
    weights = 0.9 ** torch.arange(20, -1, -1, dtype=torch.float64)
    expected = (powers[:, :21] * weights).sum(dim=1) / weights.sum()
    torch.testing.assert_close(level(powers)[:, 20], expected, atol=1e-6, rtol=1e-5)
    memory = {}
    parts = torch.cat([level(part, memory) for part in powers.split([7, 1, 30, 12], dim=1)], dim=1)
    torch.testing.assert_close(parts, level(powers), atol=1e-6, rtol=1e-5)


def test_the_shipped_sizes_stay_within_five_million_parameters():
    for config in PRESETS.values():
        assert sum(parameter.numel() for parameter in MaskNetwork(config).parameters()) <= 5_000_000


def test_only_the_causal_preset_is_causal_and_within_five_milliseconds():
    causal = {name: config.look_ahead_samples for name, config in PRESETS.items() if config.causal}
    assert causal == {"causal": 219}
    assert 1000 * 219 / 44_100 < 5.0


@pytest.mark.parametrize("family", ["u-net", "band-split"])
def test_an_untrained_network_shares_the_mixture_equally(tiny_config, rng, family):
    network = MaskNetwork(replace(tiny_config, family=family)).eval()
    mixture = torch.from_numpy(rng.standard_normal((1, 2, 9000)).astype(np.float32))
    with torch.no_grad():
        estimates = network(mixture, network.slots(("Violin", "Cello"))[None])
    torch.testing.assert_close(estimates[0, 1], mixture[0] / 2, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["u-net", "band-split"])
def test_padding_slots_get_nothing_and_change_nothing(tiny_config, rng, family):
    network = roughened(MaskNetwork(replace(tiny_config, family=family)))
    mixture = torch.from_numpy(rng.standard_normal((1, 2, 9000)).astype(np.float32))
    slots = network.slots(("Violin", "Cello"))
    padded = torch.cat([slots, torch.tensor([-1])])
    with torch.no_grad():
        two, three = network(mixture, slots[None]), network(mixture, padded[None])
    torch.testing.assert_close(three[:, :2], two)
    assert not three[:, 2].any()


@pytest.mark.parametrize("family", ["u-net", "band-split"])
def test_a_batch_gives_what_its_mixtures_give_alone(tiny_config, rng, family):
    network = roughened(MaskNetwork(replace(tiny_config, family=family)))
    mixtures = torch.from_numpy(rng.standard_normal((2, 2, 9000)).astype(np.float32))
    slots = torch.stack([network.slots(("Violin", "Cello")), network.slots(("Flute", "Flute"))])
    with torch.no_grad():
        together = network(mixtures, slots)
        alone = torch.cat([network(mixtures[i : i + 1], slots[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", ["u-net", "band-split"])
def test_the_level_of_the_recording_does_not_change_the_shares(tiny_config, rng, family):
    network = roughened(MaskNetwork(replace(tiny_config, family=family)))
    mixture = torch.from_numpy(rng.standard_normal((1, 2, 9000)).astype(np.float32))
    slots = network.slots(("Violin", "Cello"))[None]
    with torch.no_grad():
        torch.testing.assert_close(100 * network(mixture / 100, slots), network(mixture, slots), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", ["u-net", "band-split"])
def test_a_few_steps_learn_to_tell_a_low_tone_from_a_high_one(tiny_config, family):
    """Gradients reach every weight, and following them halves the error many times over."""
    torch.manual_seed(0)
    network = MaskNetwork(replace(tiny_config, family=family, unet=UNetConfig(channels=(8, 16), n_conditions=8)))
    time_s = torch.arange(8192) / 44_100
    low, high = (sum(torch.sin(2 * torch.pi * k * f * time_s) / k for k in (1, 2, 3)) for f in (196.0, 700.0))
    sources = torch.stack([low, high])[None, :, None].expand(-1, -1, 2, -1)
    slots = network.slots(("Cello", "Flute"))[None]
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        loss = (network(sources.sum(dim=1), slots) - sources).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    assert all(
        parameter.grad is not None and torch.isfinite(parameter.grad).all() for parameter in network.parameters()
    )


def test_too_many_voices_of_an_instrument_are_refused(tiny_config):
    with pytest.raises(ConfigError, match="'Violin': expected at most 2 voices"):
        MaskNetwork(tiny_config).slots(("Violin", "Violin", "Violin"))


def test_an_instrument_the_network_does_not_know_is_refused(tiny_config):
    network = MaskNetwork(replace(tiny_config, instruments=("Violin", "Cello")))
    with pytest.raises(ConfigError, match="separates Violin, Cello"):
        network.slots(("Flute",))


def test_a_causal_network_cannot_shorten_time(tiny_config):
    with pytest.raises(ConfigError, match="time stride of 1"):
        MaskNetwork(replace(tiny_config, causal=True, unet=UNetConfig(channels=(4, 8), time_stride=2)))


def test_sizes_that_cannot_work_are_refused():
    with pytest.raises(ConfigError, match="band split"):
        BandSplitConfig(width=10, n_heads=4)
    with pytest.raises(ConfigError, match="mask_every"):
        MaskNetworkConfig(mask_every=4)


@pytest.mark.parametrize(("n_linear_bins", "sample_rate"), [(2049, 44_100), (257, 8000)])
def test_powers_are_those_of_the_whole_matrix(n_linear_bins: int, sample_rate: int) -> None:
    features = HarmonicFeatures(FeatureConfig(), n_linear_bins=n_linear_bins, sample_rate=sample_rate)
    generator = torch.Generator().manual_seed(0)
    spectra = torch.randn(1, 2, n_linear_bins, 5, dtype=torch.complex64, generator=generator)
    expected = features.to_log @ spectra.abs().square()
    torch.testing.assert_close(features.powers(spectra), expected, rtol=1e-5, atol=1e-6)
