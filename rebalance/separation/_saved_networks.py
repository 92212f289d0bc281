"""Networks on disk: safetensors whose header says everything needed to run them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from rebalance._base.configuration import structured
from rebalance._base.files import StrPath, expanded
from rebalance.separation._checkpoints import (
    FORMAT,
    checked_header,
    look_ahead_header,
    reading_checkpoint,
    write_tensors,
)
from rebalance.separation._info import SeparatorInfo
from rebalance.separation._model_card import ModelCard

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from rebalance.separation.mask_network import MaskNetwork

ConfigT = TypeVar("ConfigT")
NetworkT = TypeVar("NetworkT", bound="nn.Module")


class Configured(Protocol):
    """A network that knows its configuration, a dataclass."""

    config: Any

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def state_dict(self) -> dict[str, Tensor]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint(Generic[NetworkT]):
    """A network, its card and the digest of the file they came from.

    Parameters
    ----------
    network
        In evaluation mode, on the device it runs on.
    card
        What is known of it.
    sha256
        Digest of its file.
    """

    network: NetworkT
    card: ModelCard
    sha256: str


def info_of_checkpoints(checkpoints: Sequence[Checkpoint[Any]]) -> SeparatorInfo:
    """Return what is known of a separator over several models; the digest is that of the digests of all.

    Examples
    --------
    >>> from rebalance.separation import info_of_checkpoints, load_checkpoint, shipped_weights
    >>> info_of_checkpoints([load_checkpoint(shipped_weights()["u-net"])]).lookahead_ms
    inf
    """
    digests = "".join(sorted(each.sha256 for each in checkpoints))
    return SeparatorInfo(
        shrinkage=checkpoints[0].card.shrinkage,
        n_parameters=sum(part.numel() for each in checkpoints for part in each.network.parameters()),
        lookahead_ms=math.inf,
        external_training_data=any(bool(each.card.data) for each in checkpoints),
        weights=hashlib.sha256(digests.encode()).hexdigest(),
    )


def save_checkpoint(path: StrPath, network: MaskNetwork, card: ModelCard) -> None:
    """Write weights in half precision with configuration and card in the header, and ``<name>.sha256`` beside.

    Parameters
    ----------
    path
        Where to; the ending is ``.safetensors``.
    network
        Whose weights are kept; stays as it is.
    card
        How and on what it was trained.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard, load_checkpoint, save_checkpoint
    >>> from rebalance.separation.mask_network import MaskNetwork, MaskNetworkConfig
    >>> network = MaskNetwork(MaskNetworkConfig())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.safetensors"
    ...     save_checkpoint(path, network, ModelCard(data=("own renderings",)))
    ...     print(load_checkpoint(path).card.data, sorted(file.name for file in Path(folder).iterdir()))
    ('own renderings',) ['mine.safetensors', 'mine.safetensors.sha256']
    """
    ahead = look_ahead_header(network.config.look_ahead_samples, network.config.sample_rate)
    save_network(path, network, card, FORMAT, half_precision=True, header=ahead)


def save_network(
    path: StrPath,
    network: Configured,
    card: ModelCard,
    model_format: str,
    *,
    half_precision: bool = False,
    header: Mapping[str, str] | None = None,
) -> None:
    """Write weights with configuration and card in the header, and ``<name>.sha256`` beside.

    Parameters
    ----------
    path
        Where to; the ending is ``.safetensors``.
    network
        Whose weights are kept; stays as it is. Its ``config`` is a dataclass.
    card
        How and on what it was trained.
    model_format
        Name of the format.
    half_precision
        Write 16 bits a number.
    header
        Further texts to keep.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import SCORE_FORMAT, ModelCard, load_network, save_network
    >>> from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
    >>> network = ScoreTcn(TcnConfig(role="separator", bottleneck=8, hidden=8, n_blocks=2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.safetensors")
    ...     save_network(path, network, ModelCard(data=("own renderings",)), SCORE_FORMAT)
    ...     load_network(path, SCORE_FORMAT, TcnConfig, ScoreTcn).card.data
    ('own renderings',)
    """
    described = {
        "format": model_format,
        "config": json.dumps(asdict(network.config)),
        "card": json.dumps(asdict(card)),
        "n_parameters": str(sum(parameter.numel() for parameter in network.parameters())),
        **(header or {}),
    }
    write_tensors(path, network.state_dict(), described, half_precision=half_precision)


def load_checkpoint(path: StrPath) -> Checkpoint[MaskNetwork]:
    """Read a checkpoint; nothing is unpickled, and a ``.sha256`` file beside it must agree.

    Raises
    ------
    ConfigError
        If the file is no such checkpoint, is damaged, or contradicts itself.

    Examples
    --------
    >>> from rebalance.separation import load_checkpoint, shipped_weights
    >>> len(load_checkpoint(shipped_weights()["u-net"]).card.shrinkage)
    4
    """
    from rebalance.separation.mask_network import MaskNetwork, MaskNetworkConfig

    return load_network(path, FORMAT, MaskNetworkConfig, MaskNetwork)


def load_network(
    path: StrPath,
    model_format: str,
    config_kind: type[ConfigT],
    build: Callable[[ConfigT], NetworkT],
    *,
    device: torch.device | None = None,
) -> Checkpoint[NetworkT]:
    """Read what `save_network` wrote; nothing is unpickled, and a ``.sha256`` file beside it must agree.

    Parameters
    ----------
    path
        The file.
    model_format
        Name of the format it must have.
    config_kind
        Kind of the configuration in the header.
    build
        Makes the network of a configuration.
    device
        Where it runs; the processor when None.

    Raises
    ------
    ConfigError
        If the file is no such checkpoint, is damaged, or contradicts itself.

    Examples
    --------
    >>> from rebalance.separation import SCORE_FORMAT, load_network, shipped_weights
    >>> from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
    >>> load_network(shipped_weights()["u-net"], SCORE_FORMAT, TcnConfig, ScoreTcn)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: ...u-net.safetensors: expected a checkpoint of format ...
    """
    path = expanded(path)
    from safetensors.torch import load_file

    header, sha256 = checked_header(path, model_format)
    with reading_checkpoint(path):
        network = build(structured(json.loads(header["config"]), config_kind, "config"))
        card = structured(json.loads(header["card"]), ModelCard, "card")
        network.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    return Checkpoint(network=network.eval().to(device), card=card, sha256=sha256)
