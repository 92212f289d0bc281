"""Player trackers on disk: half-precision safetensors whose header says everything needed to run them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance._base.names import suggestion
from rebalance.separation import (
    TRACKER_FORMAT,
    ModelCard,
    checked_header,
    checkpoint_header,
    look_ahead_header,
    reading_checkpoint,
    shipped_weights,
    write_tensors,
)

if TYPE_CHECKING:
    from torch import Tensor

    from rebalance.separation.player_tracker._refiner import Refiner
    from rebalance.separation.player_tracker._tracker_network import TrackerNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerCheckpoint:
    """A tracker, the refiner of its masks if there is one, their card and the digest of the file they came from."""

    network: TrackerNetwork
    refiner: Refiner | None
    card: ModelCard
    sha256: str


def save_tracker_checkpoint(
    path: StrPath, network: TrackerNetwork, card: ModelCard, *, refiner: Refiner | None = None
) -> None:
    """Write weights in half precision with configuration and card in the header, and ``<name>.sha256`` beside.

    Parameters
    ----------
    path
        Where to; the ending is ``.safetensors``.
    network
        The tracker; stays as it is.
    card
        How and on what it was trained.
    refiner
        The network that goes with the tracker; None where there is none.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.player_tracker import (
    ...     TrackerConfig,
    ...     TrackerNetwork,
    ...     load_tracker_checkpoint,
    ...     save_tracker_checkpoint,
    ... )
    >>> sizes = {"channels": (4, 8), "time_strides": (2,), "width": 8, "n_layers": 1, "player_width": 8, "n_heads": 2}
    >>> network = TrackerNetwork(TrackerConfig(**sizes))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.safetensors"
    ...     save_tracker_checkpoint(path, network, ModelCard(data=("own renderings",)))
    ...     print(load_tracker_checkpoint(path).card.data)
    ('own renderings',)
    """
    networks: dict[str, TrackerNetwork | Refiner] = {"tracker": network}
    if refiner is not None:
        networks["refiner"] = refiner
    tensors = {
        f"{part}.{name}": tensor
        for part, its_network in networks.items()
        for name, tensor in its_network.state_dict().items()
    }
    header = {
        "format": TRACKER_FORMAT,
        **{part: json.dumps(asdict(its_network.config)) for part, its_network in networks.items()},
        **look_ahead_header(network.config.look_ahead_samples, network.config.sample_rate),
        "card": json.dumps(asdict(card)),
        "n_parameters": str(sum(tensor.numel() for tensor in tensors.values())),
    }
    write_tensors(path, tensors, header)


def load_tracker_checkpoint(path: StrPath) -> TrackerCheckpoint:
    """Read a checkpoint; nothing is unpickled, and a ``.sha256`` file beside it must agree.

    Raises
    ------
    ConfigError
        If the file is no such checkpoint, is damaged, or contradicts itself.

    Examples
    --------
    >>> from rebalance.separation import shipped_weights
    >>> from rebalance.separation.player_tracker import load_tracker_checkpoint
    >>> checkpoint = load_tracker_checkpoint(shipped_weights()["default"])
    >>> len(checkpoint.network.config.instruments), checkpoint.refiner is None
    (8, False)
    """
    path = expanded(path)
    from safetensors.torch import load_file

    from rebalance.separation.player_tracker._refiner import Refiner, RefinerConfig
    from rebalance.separation.player_tracker._tracker_network import TrackerConfig, TrackerNetwork

    header, sha256 = checked_header(path, TRACKER_FORMAT)
    with reading_checkpoint(path):
        tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
        network = TrackerNetwork(structured(json.loads(header["tracker"]), TrackerConfig, "tracker"))
        network.load_state_dict(_of_part(tensors, "tracker"))
        refiner = (
            Refiner(structured(json.loads(header["refiner"]), RefinerConfig, "refiner"))
            if "refiner" in header
            else None
        )
        if refiner is not None:
            refiner.load_state_dict(_of_part(tensors, "refiner"))
        card = structured(json.loads(header["card"]), ModelCard, "card")
    evaluated = None if refiner is None else refiner.eval()
    return TrackerCheckpoint(network=network.eval(), refiner=evaluated, card=card, sha256=sha256)


def tracker_path(name_or_path: StrPath) -> Path:
    """Return the file of a tracker: weights that ship by their name, else the path itself.

    Raises
    ------
    ConfigError
        If there is neither.
    """
    shipped = {name: path for name, path in shipped_weights().items() if _is_tracker(path)}
    text = os.fspath(name_or_path)
    path = shipped.get(text) or Path(text).expanduser()
    if not path.is_file():
        names = ", ".join(shipped) or "none ships"
        deaf = f"; {text} separates, but does not tell notes" if text in shipped_weights() else ""
        raise ConfigError(
            where=f"tracker {text!r}",
            expected=f"the path of a checkpoint or one of {names}",
            more=deaf or suggestion(text, tuple(shipped)),
        )
    return path


def _of_part(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """Return the tensors of one of the networks of a file under their own names."""
    prefix = f"{part}."
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _is_tracker(path: Path) -> bool:
    """Tell whether a file is the checkpoint of a tracker."""
    header = checkpoint_header(path)
    return header is not None and header["format"] == TRACKER_FORMAT
