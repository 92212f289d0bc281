"""Checkpoints as files: their formats, headers, tensors and digests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, replacing, write_text
from rebalance.assets import weights_folder

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "rebalance-separator/1"
TRACKER_FORMAT = "rebalance-tracker/1"
SCORE_FORMAT = "rebalance-score-supervised/1"
IASS_FORMAT = "rebalance-iass/1"
MULTI_HEAD_FORMAT = "rebalance-multi-head-u-net/1"
PIXELS_FORMAT = "rebalance-sound-of-pixels/1"
XUMX_FORMAT = "rebalance-xumx/1"
_FORMATS = (FORMAT, TRACKER_FORMAT, SCORE_FORMAT, IASS_FORMAT, MULTI_HEAD_FORMAT, PIXELS_FORMAT, XUMX_FORMAT)
WEIGHTS_FOLDER = weights_folder()
_LENGTH_BYTES = 8


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


def checkpoint_header(path: StrPath) -> dict[str, str] | None:
    """Return the header of one of our checkpoints, of any kind of network, None for any other file.

    Examples
    --------
    >>> from rebalance.separation import checkpoint_header, shipped_weights
    >>> "format" in checkpoint_header(shipped_weights()["u-net"])
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


def look_ahead_header(n_samples: int | None, sample_rate: int) -> dict[str, str]:
    """Return what the header of a checkpoint says of how far its network looks ahead.

    Parameters
    ----------
    n_samples
        In samples; None for the whole recording.
    sample_rate
        In Hz.

    Examples
    --------
    >>> from rebalance.separation import look_ahead_header
    >>> look_ahead_header(219, 44_100), look_ahead_header(None, 44_100)
    ({'look_ahead_ms': '4.966'}, {'look_ahead_ms': 'not causal'})
    """
    return {"look_ahead_ms": "not causal" if n_samples is None else f"{1000 * n_samples / sample_rate:.3f}"}


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
    >>> checked_header(shipped_weights()["u-net"], SCORE_FORMAT)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: ...u-net.safetensors: expected a checkpoint of format ...
    """
    header = checkpoint_header(path)
    if header is None or header["format"] != wanted:
        raise ConfigError(where=path, expected=f"a checkpoint of format {wanted!r}")
    return header, _checked_digest(path)


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


def tensors_sha256(path: StrPath) -> str:
    """Return the sha256 of a checkpoint without its header, so that it is the same whatever the card says.

    Parameters
    ----------
    path
        Of a file of safetensors: eight bytes that tell the length of the header, the header, the numbers.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from rebalance.separation import tensors_sha256, write_tensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [Path(folder, f"{name}.safetensors") for name in ("mine", "yours")]
    ...     for path in paths:
    ...         write_tensors(path, {"weight": torch.ones(2)}, {"format": path.stem})
    ...     tensors_sha256(paths[0]) == tensors_sha256(paths[1])
    True
    """
    with expanded(path).open("rb") as file:
        file.seek(int.from_bytes(file.read(_LENGTH_BYTES), "little"), os.SEEK_CUR)
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_file(path: StrPath) -> Path:
    """Return where a checkpoint's digest is kept."""
    path = expanded(path)
    return path.with_name(f"{path.name}.sha256")


def _checked_digest(path: StrPath) -> str:
    """Return the digest of a file; raise if another one stands beside it."""
    path = expanded(path)
    found = sha256_of(path)
    beside = digest_file(path)
    expected = beside.read_text(encoding="utf-8").split()[:1] if beside.is_file() else [found]
    if expected != [found]:
        raise ConfigError(
            f"sha256 is {found}, expected {' '.join(expected)}; the file is damaged or changed", where=path
        )
    return found
