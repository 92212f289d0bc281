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
    tensors_sha256,
    write_tensors,
)

if TYPE_CHECKING:
    from torch import Tensor

    from rebalance.separation.player_tracker._refiner import Refiner
    from rebalance.separation.player_tracker._tracker_network import TrackerNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondTracker:
    """Another tracker that is asked, too; its weights stay in their own file, beside that of the first.

    Parameters
    ----------
    file
        Name of that file, without a folder.
    sha256
        Of its weights alone, see `rebalance.separation.tensors_sha256`: its card may change.
    network
        The tracker in it.
    """

    file: str
    sha256: str
    network: TrackerNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What a header says of a second tracker."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerCheckpoint:
    """A tracker, the refiner of its masks and a second tracker if there are any, their card, the digest of the file."""

    network: TrackerNetwork
    refiner: Refiner | None
    card: ModelCard
    sha256: str
    second: SecondTracker | None = None


def save_tracker_checkpoint(
    path: StrPath,
    network: TrackerNetwork,
    card: ModelCard,
    *,
    refiner: Refiner | None = None,
    second: SecondTracker | None = None,
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
    second
        A tracker that is asked, too; its own file must lie beside `path` when that is loaded. None where there is none.

    Raises
    ------
    ConfigError
        If the second finds other pitches or frames, or one of the two is causal.
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
    }
    if second is not None:
        network.config.require_alike(second.network.config, path)
        header["second"] = json.dumps({"file": second.file, "sha256": second.sha256})
        networks["second"] = second.network
    n_parameters = sum(tensor.numel() for each in networks.values() for tensor in each.state_dict().values())
    write_tensors(path, tensors, {**header, "n_parameters": str(n_parameters)})


def load_tracker_checkpoint(path: StrPath, *, alone: bool = False) -> TrackerCheckpoint:
    """Read a checkpoint; nothing is unpickled, and a ``.sha256`` file beside it must agree.

    Parameters
    ----------
    path
        The file.
    alone
        Leave out the second tracker it names, whose file need not be there then.

    Raises
    ------
    ConfigError
        If the file is no such checkpoint, is damaged, or contradicts itself, or the second tracker it names is not
        that which lies beside it.

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
    from rebalance.separation.player_tracker._tracker_config import TrackerConfig
    from rebalance.separation.player_tracker._tracker_network import TrackerNetwork

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
        named = json.loads(header["second"]) if "second" in header and not alone else None
    evaluated = None if refiner is None else refiner.eval()
    second = None if named is None else _named_second(path, named)
    return TrackerCheckpoint(network=network.eval(), refiner=evaluated, card=card, sha256=sha256, second=second)


def read_second_tracker(path: StrPath) -> SecondTracker:
    """Read a checkpoint to be asked beside another tracker.

    Raises
    ------
    ConfigError
        If the file is no checkpoint of a tracker, is damaged, or itself names a second.

    Examples
    --------
    >>> from rebalance.separation import shipped_weights
    >>> from rebalance.separation.player_tracker import read_second_tracker
    >>> read_second_tracker(shipped_weights()["fast"]).file
    'fast.safetensors'
    """
    path = expanded(path)
    header = checkpoint_header(path) or {}
    if "second" in header:  # known before it is followed: two files that name each other would have no end
        raise ConfigError(where=path, expected="a tracker that asks no second", got=header["second"])
    return SecondTracker(file=path.name, sha256=tensors_sha256(path), network=load_tracker_checkpoint(path).network)


def _named_second(path: Path, named: object) -> SecondTracker:
    """Return the second tracker a header names: of a file in the same folder, which must have the weights it had."""
    known = structured(named, _Named, f"{path}: second")
    if known.file in ("", path.name) or Path(known.file).name != known.file:
        raise ConfigError(where=path, expected="the name of another file beside it as its second", got=known.file)
    beside = path.with_name(known.file)
    if not beside.is_file():
        raise ConfigError(where=path, expected=f"{beside.name} beside it, which is asked, too", got="no such file")
    second = read_second_tracker(beside)
    if second.sha256 != known.sha256:
        raise ConfigError(
            where=beside, expected=f"the weights {path.name} was joined with ({known.sha256})", got=second.sha256
        )
    return second


def is_tracker_checkpoint(path: StrPath) -> bool:
    """Tell whether a file is the checkpoint of a tracker, as they ship, by its header.

    Parameters
    ----------
    path
        A file of any kind, or of none.

    Examples
    --------
    >>> from rebalance.separation import shipped_weights
    >>> from rebalance.separation.player_tracker import is_tracker_checkpoint
    >>> is_tracker_checkpoint(shipped_weights()["fast"]), is_tracker_checkpoint(shipped_weights()["u-net"])
    (True, False)
    """
    header = checkpoint_header(expanded(path))
    return header is not None and header.get("format") == TRACKER_FORMAT


def tracker_path(name_or_path: StrPath) -> Path:
    """Return the file of a tracker: weights that ship by their name, else the path itself.

    Raises
    ------
    ConfigError
        If there is neither.
    """
    shipped = {name: path for name, path in shipped_weights().items() if is_tracker_checkpoint(path)}
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
