"""Mask networks on disk: half-precision safetensors whose header says everything needed to run them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, replacing, write_text
from rebalance.assets import weights_folder
from rebalance.separation._info import SeparatorInfo
from rebalance.separation._model_card import ModelCard

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from rebalance.separation.mask_network import MaskNetwork

FORMAT = "rebalance-separator/1"
TRACKER_FORMAT = "rebalance-tracker/1"
SCORE_FORMAT = "rebalance-score-supervised/1"
IASS_FORMAT = "rebalance-iass/1"
MULTI_HEAD_FORMAT = "rebalance-multi-head-u-net/1"
PIXELS_FORMAT = "rebalance-sound-of-pixels/1"
XUMX_FORMAT = "rebalance-xumx/1"
_FORMATS = (FORMAT, TRACKER_FORMAT, SCORE_FORMAT, IASS_FORMAT, MULTI_HEAD_FORMAT, PIXELS_FORMAT, XUMX_FORMAT)
WEIGHTS_FOLDER = weights_folder()
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
    >>> info_of_checkpoints([load_checkpoint(shipped_weights()["fast"])]).lookahead_ms
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
    look_ahead, rate = network.config.look_ahead_samples, network.config.sample_rate
    ahead = "not causal" if look_ahead is None else f"{1000 * look_ahead / rate:.3f}"
    save_network(path, network, card, FORMAT, half_precision=True, header={"look_ahead_ms": ahead})


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


def write_tensors(
    path: StrPath, tensors: Mapping[str, Tensor], header: Mapping[str, str], *, half_precision: bool = True
) -> None:
    """Write tensors as safetensors under a temporary name, rename, and write ``<name>.sha256`` beside.

    Parameters
    ----------
    path
        Of the file.
    tensors
        By name, on any device.
    header
        Texts kept with them.
    half_precision
        Write 16 bits a number.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from rebalance.separation import write_tensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tensors(Path(folder, "mine.safetensors"), {"weight": torch.ones(2)}, {"format": "mine/1"})
    ...     print(sorted(file.name for file in Path(folder).iterdir()))
    ['mine.safetensors', 'mine.safetensors.sha256']
    """
    import torch
    from safetensors.torch import save_file

    path = expanded(path)
    kept = {
        name: tensor.detach().to("cpu", torch.float16 if half_precision else None).contiguous()
        for name, tensor in tensors.items()
    }
    with replacing(path) as temporary:
        save_file(kept, temporary, metadata=dict(header))
    write_text(digest_file(path), f"{sha256_of(path)}  {path.name}\n")


@contextmanager
def reading_checkpoint(path: StrPath) -> Iterator[None]:
    """Tell of whatever cannot be used in a checkpoint in one line that names the file.

    Raises
    ------
    ConfigError
        In place of what is raised within.

    Examples
    --------
    >>> from rebalance.separation import reading_checkpoint
    >>> with reading_checkpoint("mine.safetensors"):
    ...     raise KeyError("config")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: mine.safetensors: damaged checkpoint: 'config'
    """
    from safetensors import SafetensorError

    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise ConfigError(f"damaged checkpoint: {reason}", where=path) from error


def load_checkpoint(path: StrPath) -> Checkpoint[MaskNetwork]:
    """Read a checkpoint; nothing is unpickled, and a ``.sha256`` file beside it must agree.

    Raises
    ------
    ConfigError
        If the file is no such checkpoint, is damaged, or contradicts itself.

    Examples
    --------
    >>> from rebalance.separation import load_checkpoint, shipped_weights
    >>> len(load_checkpoint(shipped_weights()["fast"]).card.shrinkage)
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
    >>> load_network(shipped_weights()["fast"], SCORE_FORMAT, TcnConfig, ScoreTcn)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: ...fast.safetensors: expected a checkpoint of format ...
    """
    path = expanded(path)
    from safetensors.torch import load_file

    header, sha256 = checked_header(path, model_format)
    with reading_checkpoint(path):
        network = build(structured(json.loads(header["config"]), config_kind, "config"))
        card = structured(json.loads(header["card"]), ModelCard, "card")
        network.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    return Checkpoint(network=network.eval().to(device), card=card, sha256=sha256)


def checkpoint_header(path: StrPath) -> dict[str, str] | None:
    """Return the header of one of our checkpoints, of any kind of network, None for any other file.

    Examples
    --------
    >>> from rebalance.separation import checkpoint_header, shipped_weights
    >>> "format" in checkpoint_header(shipped_weights()["fast"])
    True
    """
    path = expanded(path)
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
    except (SafetensorError, OSError):
        return None
    return header if header.get("format") in _FORMATS else None


def checked_header(path: StrPath, wanted: str) -> tuple[dict[str, str], str]:
    """Return the header of a checkpoint of one format, and the digest of the file, which must agree with one beside it.

    Parameters
    ----------
    path
        The checkpoint.
    wanted
        Name of the format it must have.

    Raises
    ------
    ConfigError
        If the file is another, or damaged.

    Examples
    --------
    >>> from rebalance.separation import SCORE_FORMAT, checked_header, shipped_weights
    >>> checked_header(shipped_weights()["fast"], SCORE_FORMAT)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: ...fast.safetensors: expected a checkpoint of format ...
    """
    header = checkpoint_header(path)
    if header is None or header["format"] != wanted:
        raise ConfigError(where=path, expected=f"a checkpoint of format {wanted!r}")
    return header, checked_digest(path)


def shipped_weights() -> dict[str, Path]:
    """Return the checkpoints that come with the library, by name.

    Examples
    --------
    >>> from rebalance.separation import shipped_weights
    >>> "default" in shipped_weights()
    True
    """
    return {path.stem: path for path in sorted(WEIGHTS_FOLDER.glob("[!.]*.safetensors"))}


def sha256_of(path: StrPath) -> str:
    """Return the sha256 of a file."""
    path = expanded(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_file(path: StrPath) -> Path:
    """Return where a checkpoint's digest is kept."""
    path = expanded(path)
    return path.with_name(f"{path.name}.sha256")


def checked_digest(path: StrPath) -> str:
    """Return the digest of a file; raise if another one stands beside it.

    Raises
    ------
    ConfigError
        If the digest beside the file is another.

    Examples
    --------
    >>> from rebalance.separation import checked_digest, shipped_weights
    >>> weights = shipped_weights()["fast"]
    >>> checked_digest(weights) == weights.with_name("fast.safetensors.sha256").read_text().split()[0]
    True
    """
    path = expanded(path)
    found = sha256_of(path)
    beside = digest_file(path)
    expected = beside.read_text(encoding="utf-8").split()[:1] if beside.is_file() else [found]
    if expected != [found]:
        raise ConfigError(
            f"sha256 is {found}, expected {' '.join(expected)}; the file is damaged or changed", where=path
        )
    return found
