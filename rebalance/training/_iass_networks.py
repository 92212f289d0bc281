"""The networks of a training of IASS as they begin: of comparable sizes, knowing the statistics of their mixtures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from rebalance.separation.iass import Iass, IassConfig
from rebalance.separation.xumx import Xumx, XumxConfig
from rebalance.training._iass_settings import IassExperiment
from rebalance.training.data import PlainMixer


def equal_hidden_size(config: IassConfig) -> int:
    """Return the hidden size with which an Open-Unmix has about as many parameters as an IASS.

    Examples
    --------
    >>> from rebalance.separation.iass import IassConfig
    >>> from rebalance.training import equal_hidden_size
    >>> equal_hidden_size(IassConfig(target="Flute"))
    320
    """
    wanted = _count(Iass(config))
    sizes = range(2, 1_026, 2)
    return min(sizes, key=lambda size: abs(_open_unmix_size(config, size) - wanted))


def _open_unmix_size(config: IassConfig, width: int) -> int:
    """Return how many parameters an Open-Unmix has: linear layers, norms, six LSTMs of half the width, statistics."""
    linear = width * (config.n_seen_bins + 2 * width + config.n_bins)
    norms = 4 * width + 2 * config.n_bins
    memories = 6 * 4 * (width // 2) * (width + width // 2 + 2)
    return linear + norms + memories + 2 * (config.n_seen_bins + config.n_bins)


def _count(network: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def untrained_network(experiment: IassExperiment) -> Iass | Xumx:
    """Return the network of an experiment, with random weights."""
    config = experiment.network
    if experiment.system != "open-unmix":
        return Iass(config)
    sizes = XumxConfig(
        targets=(config.target,),
        hidden_size=equal_hidden_size(config),
        window=config.window,
        hop=config.hop,
        sample_rate=config.sample_rate,
        bandwidth_hz=config.bandwidth_hz,
    )
    return Xumx(sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statistics:
    """Mean and standard deviation of every bin the network sees, and the RMS of the mixtures."""

    mean: torch.Tensor
    scale: torch.Tensor
    mixture_rms: float


def begun_network(experiment: IassExperiment, mixer: PlainMixer) -> Iass | Xumx:
    """Return the network of an experiment before training, which knows the statistics of the mixtures."""
    network = untrained_network(experiment)
    found = _statistics(experiment, mixer, network)
    if isinstance(network, Iass):
        network.standardise(found.mean, found.scale, found.mixture_rms)
    else:
        network.standardise(found.mean, found.scale)
    return network


def _statistics(experiment: IassExperiment, mixer: PlainMixer, network: Iass | Xumx) -> _Statistics:
    """Return the statistics of the first mixtures of a run."""
    config = network.config
    seen, powers = [], []
    for step in range(experiment.statistics_batches):
        mixture = mixer.batch(step).mixture[:, 0].cpu()
        seen.append(network.spectra(mixture).abs()[:, : config.n_seen_bins])
        powers.append(mixture.square().mean())
    frames = torch.cat([part.transpose(1, 2).reshape(-1, config.n_seen_bins) for part in seen])
    rms = float(torch.stack(powers).mean().sqrt())
    return _Statistics(mean=frames.mean(dim=0), scale=frames.std(dim=0), mixture_rms=rms)
