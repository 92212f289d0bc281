"""Checkpoints of both systems: safetensors, configuration and card in the header."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from torch import nn

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation import ModelCard, checked_header, reading_checkpoint, write_tensors
from rebalance.separation.networks import chosen_device

Network = TypeVar("Network", bound=nn.Module)


class _Sized(Protocol):
    """A configuration that tells whether its sizes are the published ones."""

    @property
    def sizes(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel(Generic[Network]):
    """A network of a checkpoint, on its device, with its card and the digest of its file."""

    network: Network
    card: ModelCard
    sha256: str


def save_model(path: StrPath, network: nn.Module, config: _Sized, card: ModelCard, model_format: str) -> None:
    """Write a network in full precision, and ``<name>.sha256`` beside it; the card is told the widths."""
    told = replace(card, training={**card.training, "Widths": config.sizes})
    header = {
        "format": model_format,
        "config": json.dumps(asdict(config)),  # type: ignore[call-overload]
        "card": json.dumps(asdict(told)),
        "n_parameters": str(sum(parameter.numel() for parameter in network.parameters())),
    }
    write_tensors(path, network.state_dict(), header, half_precision=False)


def load_model(
    path: StrPath, model_format: str, config_kind: type[Any], build: Callable[[Any], Network], *, device: str
) -> LoadedModel[Network]:
    """Return the network of a file, or of the one in a folder; nothing is unpickled.

    Raises
    ------
    ConfigError
        If there is no such file, or more than one, or it is damaged.
    """
    from safetensors.torch import load_file

    file = _only_file(expanded(path), model_format)
    header, sha256 = checked_header(file, model_format)
    with reading_checkpoint(file):
        network = build(structured(json.loads(header["config"]), config_kind, "config"))
        card = structured(json.loads(header["card"]), ModelCard, "card")
        network.load_state_dict(load_file(file))
    return LoadedModel(network=network.eval().to(chosen_device(device)), card=card, sha256=sha256)


def _only_file(path: Path, model_format: str) -> Path:
    """Return a file, or the only model in a folder."""
    if not path.is_dir():
        return path
    found = sorted(path.glob("[!.]*.safetensors"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise ConfigError(where=path, expected=f"one model of format {model_format!r}, or the path of it", found=names)
    return found[0]
