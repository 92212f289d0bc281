"""IASS on disk, and what its networks say of a whole recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation import IASS_FORMAT, Checkpoint, ModelCard, load_network, save_network
from rebalance.separation.iass._iass_network import Iass, IassConfig

_BLOCK_FRAMES = 512
_REACH_FRAMES = 12  # six convolutions of three frames on the way down, six on the way up


@dataclass(frozen=True, slots=True, kw_only=True)
class IassReading:
    """What a network says of a recording.

    Parameters
    ----------
    mask
        Shape ``(n_bins, n_frames)``.
    logits
        Of the instrument playing, shape ``(n_frames,)``.
    """

    mask: torch.Tensor
    logits: NDArray[np.float32]


def read_through(network: Iass, magnitudes: torch.Tensor) -> IassReading:
    """Return what a network says of magnitudes of any length, as if of all frames at once.

    It works in blocks that overlap by what the convolutions reach, so that no seam is left.

    Parameters
    ----------
    network
        In evaluation mode.
    magnitudes
        Of a mono mixture, shape ``(n_bins, n_frames)``, on the network's device.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.iass import Iass, IassConfig, read_through
    >>> network = Iass(IassConfig(target="Flute", channels=(2, 2, 2))).eval()
    >>> reading = read_through(network, torch.rand(2049, 600))
    >>> reading.mask.shape, reading.logits.shape
    (torch.Size([2049, 600]), (600,))
    """
    masks, logits = [], []
    with torch.inference_mode():
        for frames, kept in _blocks(magnitudes.shape[-1]):
            output = network(magnitudes[None, :, frames])
            masks.append(output.mask[0, :, kept])
            logits.append(output.activity[0, kept])
        return IassReading(mask=torch.cat(masks, dim=-1), logits=torch.cat(logits).cpu().numpy())


def _blocks(n_frames: int) -> Iterator[tuple[slice, slice]]:
    """Give the frames of every block, and which of its results are kept."""
    for start in range(0, n_frames, _BLOCK_FRAMES):
        first, last = max(start - _REACH_FRAMES, 0), min(start + _BLOCK_FRAMES + _REACH_FRAMES, n_frames)
        n_kept = min(_BLOCK_FRAMES, n_frames - start)
        yield slice(first, last), slice(start - first, start - first + n_kept)


def save_iass(path: StrPath, network: Iass, card: ModelCard) -> None:
    """Write weights in full precision with configuration and card in the header, and ``<name>.sha256`` beside.

    The card is given the widths: ``"published"`` or ``"small"``.

    Parameters
    ----------
    path
        Ends in ``.safetensors``.
    network
        Whose weights are written.
    card
        What is known of the weights.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.iass import Iass, IassConfig, load_iass_models, save_iass
    >>> network = Iass(IassConfig(target="Flute", channels=(2, 2, 2)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_iass(Path(folder) / "flute.safetensors", network, ModelCard())
    ...     (model,) = load_iass_models(folder, device=torch.device("cpu"))
    >>> model.network.config.target, model.card.training["Widths"]
    ('Flute', 'small')
    """
    save_network(path, network, card.with_widths(network.config.widths), IASS_FORMAT)


def load_iass_models(path: StrPath, *, device: torch.device) -> tuple[Checkpoint[Iass], ...]:
    """Return the model of a file, or all models in a folder; nothing is unpickled.

    Parameters
    ----------
    path
        A file, or a folder of files.
    device
        Where the networks run.

    Raises
    ------
    ConfigError
        If there is no model, one is damaged, or two share a target or differ in sample rate or STFT.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.iass import load_iass_models
    >>> load_iass_models("nowhere", device=torch.device("cpu"))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: nowhere: expected models of IASS (*.safetensors), found none
    """
    path = expanded(path)
    files = [path] if path.is_file() else sorted(path.glob("[!.]*.safetensors"))
    models = tuple(load_network(file, IASS_FORMAT, IassConfig, Iass, device=device) for file in files)
    if not models:
        raise ConfigError(where=path, expected="models of IASS (*.safetensors)", found="none")
    configs = [model.network.config for model in models]
    targets = [config.target for config in configs]
    if len(set(targets)) < len(targets):
        raise ConfigError(where=path, expected="models with different targets", got=str(targets))
    if len({(config.sample_rate, config.window, config.hop) for config in configs}) > 1:
        raise ConfigError(where=path, expected="models of one sample rate, window and hop", got=str(targets))
    return models
