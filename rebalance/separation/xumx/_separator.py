"""X-UMX on disk, and the separator over the models of several families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.audio import Audio
from rebalance.separation import (
    XUMX_FORMAT,
    Checkpoint,
    Described,
    ModelCard,
    SeparatorInfo,
    checked_mixture,
    info_of_checkpoints,
    known_instruments,
    load_network,
    save_network,
    shared_among_voices,
)
from rebalance.separation.networks import chosen_device
from rebalance.separation.xumx._network import Xumx, XumxConfig

BLOCK_FRAMES = 1024

XUMX_FAMILIES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "strings": {"Violin": ("Violin",), "Viola": ("Viola",), "Cello": ("Cello",), "Bass": ("Bass",)},
        "woodwinds": {
            "Flute": ("Flute", "Piccolo"),
            "Clarinet": ("Clarinet",),
            "Oboe": ("Oboe", "EnglishHorn"),
            "Bassoon": ("Bassoon",),
        },
        "brass": {"Horn": ("Horn",), "Trumpet": ("Trumpet",), "Trombone": ("Trombone",), "Tuba": ("Tuba",)},
        "percussion": {
            "Harp": ("Harp",),
            "Timpani": ("Timpani",),
            "UntunedPercussion": ("UntunedPercussion",),
        },
    }
)
"""The fifteen targets of the four models, each with the instruments summed to it, as SynthSOD's baseline has them."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class XumxSeparator(Described):
    """Gives every instrument the mask of its target, with the mixture's phase.

    Masks come from the mean of the channels, in blocks of 1024 frames, and are applied to both. Two voices of an
    instrument share its estimate. A mask may exceed 1, so that the estimates need not sum to the mixture.

    Parameters
    ----------
    name
        Registry name or path.
    models
        With different targets and of one sample rate.
    """

    name: str
    models: tuple[Checkpoint[Xumx], ...]

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.models[0].network.config.sample_rate

    @property
    def separated_instruments(self) -> tuple[str, ...]:
        """The targets of all models."""
        return tuple(target for model in self.models for target in model.network.config.targets)

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it; the digest is that of the digests of all models."""
        return info_of_checkpoints(self.models)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `Separator`."""
        have = self.separated_instruments
        known = known_instruments(instruments, also=have)
        checked = checked_mixture(mixture)
        if missing := sorted(set(known) - set(have)):
            raise ConfigError(
                where=f"separator {self.name!r}", expected=f"instruments among {', '.join(have)}", got=str(missing)
            )
        estimates: dict[str, NDArray[np.float32]] = {}
        for model in self.models:
            wanted = [target for target in model.network.config.targets if target in known]
            estimates |= _estimates(model.network, checked, wanted) if wanted else {}
        return shared_among_voices(estimates, known)


def save_xumx(path: StrPath, network: Xumx, card: ModelCard) -> None:
    """Write weights in full precision with configuration and card in the header, and ``<name>.sha256`` beside.

    The card is given the widths: ``"published"`` or ``"small"``.

    Parameters
    ----------
    path
        Where to; the ending is ``.safetensors``.
    network
        Whose weights are kept; stays as it is.
    card
        How and on what it was trained.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.xumx import Xumx, XumxConfig, load_xumx_separator, save_xumx
    >>> config = XumxConfig(targets=("Flute",), hidden_size=8, n_layers=1, window=64, hop=16)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_xumx(Path(folder) / "woodwinds.safetensors", Xumx(config), ModelCard())
    ...     separator = load_xumx_separator("mine", folder, device="cpu")
    >>> separator.models[0].card.training["Widths"]
    'small'
    """
    save_network(path, network, card.with_widths(network.config.widths), XUMX_FORMAT)


def load_xumx_separator(name: str, folder: StrPath, *, device: str) -> XumxSeparator:
    """Return the separator over the model of a file, or over all models in a folder; nothing is unpickled.

    Parameters
    ----------
    name
        What the separator is to be called.
    folder
        Where the models lie, or one of them; files whose name begins with a dot are left out.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises
    ------
    ConfigError
        If there is no model, one is damaged, or two share a target or differ in sample rate.

    Examples
    --------
    >>> from rebalance.separation.xumx import load_xumx_separator
    >>> load_xumx_separator("xumx:nowhere", "nowhere", device="cpu")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: nowhere: expected models of X-UMX (*.safetensors), found none
    """
    folder = expanded(folder)
    files = [folder] if folder.is_file() else sorted(folder.glob("[!.]*.safetensors"))
    on = chosen_device(device)
    models = tuple(load_network(file, XUMX_FORMAT, XumxConfig, Xumx, device=on) for file in files)
    if not models:
        raise ConfigError(where=folder, expected="models of X-UMX (*.safetensors)", found="none")
    targets = [target for model in models for target in model.network.config.targets]
    if len(set(targets)) != len(targets) or len({model.network.config.sample_rate for model in models}) > 1:
        raise ConfigError(where=folder, expected="models of one sample rate with different targets", got=str(targets))
    return XumxSeparator(name=name, models=models)


def block_masks(network: Xumx, magnitudes: torch.Tensor) -> torch.Tensor:
    """Return masks ``(n_targets, n_bins, n_frames)`` of ``(1, n_bins, n_frames)``, block by block."""
    blocks = torch.split(magnitudes, BLOCK_FRAMES, dim=-1)
    return torch.cat([network.masks(block)[0] for block in blocks], dim=-1)


def _estimates(network: Xumx, mixture: NDArray[np.float32], wanted: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Return the estimates of some targets by name, each of the mixture's shape."""
    n_samples = mixture.shape[1]
    short = max(network.config.window - n_samples, 0)
    with torch.inference_mode():
        signal = torch.from_numpy(np.pad(mixture, [(0, 0), (0, short)])).to(network.window.device)
        spectra = network.spectra(signal)
        magnitudes = network.spectra(signal.mean(dim=0, keepdim=True)).abs()
        masks = block_masks(network, magnitudes)
        numbers = {name: network.config.targets.index(name) for name in wanted}
        signals = {
            name: network.signals(masks[number] * spectra, signal.shape[1])[:, :n_samples]
            for name, number in numbers.items()
        }
        return {name: estimate.cpu().numpy() for name, estimate in signals.items()}
