"""X-UMX on disk, and the separator over the models of several families."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.audio import Audio
from rebalance.separation import (
    ModelCard,
    SeparatorInfo,
    checked_digest,
    checked_mixture,
    described,
    described_as_html,
    known_instruments,
    shared_among_voices,
    write_tensors,
)
from rebalance.separation.networks import chosen_device
from rebalance.separation.xumx._network import Xumx, XumxConfig

XUMX_FORMAT = "rebalance-xumx/1"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """One model and the digest of its file."""

    network: Xumx
    card: ModelCard
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class XumxSeparator:
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
    models: tuple[_Model, ...]

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.models[0].network.config.sample_rate

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it; the digest is that of the digests of all models."""
        digests = "".join(sorted(model.sha256 for model in self.models))
        return SeparatorInfo(
            shrinkage=self.models[0].card.shrinkage,
            n_parameters=sum(each.numel() for model in self.models for each in model.network.parameters()),
            lookahead_ms=float("inf"),
            external_training_data=any(bool(model.card.data) for model in self.models),
            weights=hashlib.sha256(digests.encode()).hexdigest(),
        )

    def __repr__(self) -> str:
        return described(self)

    def _repr_html_(self) -> str:
        return described_as_html(self)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `Separator`."""
        known = known_instruments(instruments)
        checked = checked_mixture(mixture)
        have = [target for model in self.models for target in model.network.config.targets]
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
    described_card = {**asdict(card), "training": {**card.training, "Widths": network.config.widths}}
    header = {
        "format": XUMX_FORMAT,
        "config": json.dumps(asdict(network.config)),
        "card": json.dumps(described_card),
    }
    write_tensors(path, network.state_dict(), header, half_precision=False)


def load_xumx_separator(name: str, folder: StrPath, *, device: str) -> XumxSeparator:
    """Return the separator over all models in a folder; nothing is unpickled.

    Parameters
    ----------
    name
        What the separator is to be called.
    folder
        Where the models lie; files whose name begins with a dot are left out.
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
    on = chosen_device(device)
    models = tuple(_loaded(path, on) for path in sorted(folder.glob("[!.]*.safetensors")))
    if not models:
        raise ConfigError(where=folder, expected="models of X-UMX (*.safetensors)", found="none")
    targets = [target for model in models for target in model.network.config.targets]
    if len(set(targets)) != len(targets) or len({model.network.config.sample_rate for model in models}) > 1:
        raise ConfigError(where=folder, expected="models of one sample rate with different targets", got=str(targets))
    return XumxSeparator(name=name, models=models)


def _loaded(path: Path, device: torch.device) -> _Model:
    """Return the model of a file."""
    try:
        header = _header(path)
        network = Xumx(structured(json.loads(header["config"]), XumxConfig, "config"))
        card = structured(json.loads(header["card"]), ModelCard, "card")
        network.load_state_dict(load_file(path))
    except ConfigError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise ConfigError(f"damaged model: {reason}", where=path) from error
    return _Model(network=network.to(device).eval(), card=card, sha256=checked_digest(path))


def _header(path: Path) -> Mapping[str, str]:
    """Return the header of a model's file."""
    with safe_open(path, framework="pt") as file:
        header: dict[str, str] = file.metadata() or {}
    if header.get("format") != XUMX_FORMAT:
        raise ConfigError(where=path, expected=f"a model of format {XUMX_FORMAT!r}")
    return header


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
