import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from small_networks import small_tracker

from rebalance._base.challenge import CAD2_TASK2
from rebalance.separation import ModelCard, save_checkpoint
from rebalance.separation.mask_network import ASYMMETRIC, FeatureConfig, MaskNetwork, MaskNetworkConfig
from rebalance.separation.mask_network._band_split import BandSplitConfig
from rebalance.separation.mask_network._unet import UNetConfig
from rebalance.separation.player_tracker import save_tracker_checkpoint

TINY = {"N": 12, "L": 20, "B": 8, "H": 10, "P": 3, "X": 3, "R": 2, "C": 2, "audio_channels": 2, "samplerate": 44100}


@pytest.fixture(scope="session")
def official_tasnet():
    """The official module, loaded by file so that its package need not import."""
    (package,) = importlib.util.find_spec("recipes").submodule_search_locations
    file = Path(package) / "cad2/task2/ConvTasNet/local/tasnet.py"
    spec = importlib.util.spec_from_file_location("official_tasnet", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def write_official_checkpoint(official_tasnet):
    """Write one checkpoint as huggingface_hub does and return the official network."""

    def write(folder, *, causal=False, seed=0, **sizes):
        config = TINY | {"norm_type": "cLN" if causal else "gLN", "causal": causal, "mask_nonlinear": "relu"} | sizes
        torch.manual_seed(seed)
        network = official_tasnet.ConvTasNetStereo(**config).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        folder.mkdir(parents=True)
        save_file(network.state_dict(), folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(config))
        return network

    return write


@pytest.fixture(scope="session")
def convtasnet_folder(tmp_path_factory, write_official_checkpoint):
    """Tiny checkpoints of all eight instruments, both kinds."""
    folder = tmp_path_factory.mktemp("convtasnet")
    for seed, instrument in enumerate(CAD2_TASK2.instruments):
        write_official_checkpoint(folder / f"ConvTasNet_{instrument}_NonCausal", seed=seed)
        write_official_checkpoint(folder / f"ConvTasNet_{instrument}_Causal", causal=True, seed=seed)
    return folder


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def scene(rng):
    """Three sources and their mixture, half a second of stereo."""
    time_s = np.arange(22_050) / 44_100
    tones = [np.sin(2 * np.pi * frequency_hz * time_s) for frequency_hz in (220.0, 523.0, 1319.0)]
    noise = 0.01 * rng.standard_normal((3, 2, len(time_s)))
    sources = (np.stack([[0.3 * tone, 0.2 * tone] for tone in tones]) + noise).astype(np.float32)
    return dict(zip(("Violin_1", "Violin_2", "Cello"), sources, strict=True)), sources.sum(axis=0)


@pytest.fixture(scope="session")
def tiny_config():
    """A non-causal U-Net small enough to run in milliseconds."""
    return MaskNetworkConfig(
        unet=UNetConfig(channels=(4, 6), n_conditions=8),
        band_split=BandSplitConfig(bins_per_band=12, width=8, n_blocks=2, n_heads=2, n_conditions=8),
        features=FeatureConfig(bins_per_octave=12, n_bins=96),
    )


@pytest.fixture(scope="session", params=["u-net", "band-split"])
def tiny_causal_config(request, tiny_config):
    """Causal networks of both families."""
    return replace(
        tiny_config,
        family=request.param,
        causal=True,
        mask_every=4,
        transform=ASYMMETRIC,
        unet=replace(tiny_config.unet, time_stride=1),
    )


@pytest.fixture(scope="session")
def network_checkpoint(tmp_path_factory, tiny_config):
    """A checkpoint of a small network with random weights."""
    torch.manual_seed(4)
    network = MaskNetwork(tiny_config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    save_checkpoint(path, network, ModelCard(shrinkage=(0.75,)))
    return path


@pytest.fixture(scope="session")
def causal_checkpoint(tmp_path_factory, tiny_config):
    """The same for a causal network."""
    torch.manual_seed(5)
    config = replace(
        tiny_config, causal=True, mask_every=8, transform=ASYMMETRIC, unet=replace(tiny_config.unet, time_stride=1)
    )
    network = MaskNetwork(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("network") / "causal.safetensors"
    save_checkpoint(path, network, ModelCard())
    return path


@pytest.fixture(scope="session")
def tracker_checkpoint(tmp_path_factory):
    """A small player tracker with random weights, on disk."""
    path = tmp_path_factory.mktemp("tracker") / "small.safetensors"
    save_tracker_checkpoint(path, small_tracker(), ModelCard(shrinkage=(0.8,), data=("nothing",)))
    return path
