"""Player trackers on disk: half-precision safetensors whose header says everything needed to run them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rebalance.errors import ConfigError
from rebalance.files import replacing, write_text
from rebalance.names import suggestion
from rebalance.separation.checkpoints import (
    TRACKER_FORMAT,
    ModelCard,
    checked_digest,
    checkpoint_header,
    digest_file,
    from_json,
    sha256_of,
    shipped_weights,
)

if TYPE_CHECKING:
    from rebalance.separation.networks.tracker import TrackerNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerCheckpoint:
    """A tracker, its card and the digest of the file they came from."""

    network: TrackerNetwork
    card: ModelCard
    sha256: str


def save_tracker_checkpoint(path: Path, network: TrackerNetwork, card: ModelCard) -> None:
    """Write weights in half precision with configuration and card in the header, and ``<name>.sha256`` beside.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.
    """
    import torch
    from safetensors.torch import save_file

    tensors = {
        name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in network.state_dict().items()
    }
    header = {
        "format": TRACKER_FORMAT,
        "config": json.dumps(asdict(network.config)),
        "card": json.dumps(asdict(card)),
        "n_parameters": str(sum(parameter.numel() for parameter in network.parameters())),
    }
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata=header)
    write_text(digest_file(path), f"{sha256_of(path)}  {path.name}\n")


def load_tracker_checkpoint(path: Path) -> TrackerCheckpoint:
    """Read a checkpoint; nothing is unpickled, and a ``.sha256`` file beside it must agree.

    Raises
    ------
    ConfigError
        If the file is no such checkpoint, is damaged, or contradicts itself.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from rebalance.separation.networks.tracker import TrackerConfig, TrackerNetwork

    header = checkpoint_header(path)
    if header is None or header["format"] != TRACKER_FORMAT:
        raise ConfigError(f"{path}: expected a checkpoint of format {TRACKER_FORMAT!r}")
    sha256 = checked_digest(path)
    try:
        network = TrackerNetwork(from_json(TrackerConfig, json.loads(header["config"])))
        card = from_json(ModelCard, json.loads(header["card"]))
        network.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ConfigError(
            f"{path}: damaged checkpoint: {(str(error).splitlines() or ['no reason given'])[0]}"
        ) from error
    return TrackerCheckpoint(network=network.eval(), card=card, sha256=sha256)


def tracker_path(name_or_path: str | Path) -> Path:
    """Return the file of a tracker: weights that ship by their name, else the path itself.

    Raises
    ------
    ConfigError
        If there is neither.
    """
    shipped = {name: path for name, path in shipped_weights().items() if _is_tracker(path)}
    text = str(name_or_path)
    path = shipped.get(text) or Path(text).expanduser()
    if not path.is_file():
        names = ", ".join(shipped) or "none ships"
        raise ConfigError(
            f"tracker {text!r}: expected the path of a checkpoint or one of {names}{suggestion(text, tuple(shipped))}"
        )
    return path


def _is_tracker(path: Path) -> bool:
    """Tell whether a file is the checkpoint of a tracker."""
    header = checkpoint_header(path)
    return header is not None and header["format"] == TRACKER_FORMAT
