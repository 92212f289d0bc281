"""Where networks run, and what happens when a device has too little memory."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance.separation import Chunking, overlap_add

Size = TypeVar("Size")
Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", flags=re.IGNORECASE)


def chosen_device(name: str) -> torch.device:
    """Return the device of a name; ``"auto"`` takes CUDA, then MPS, then the processor.

    Raises
    ------
    ConfigError
        If there is no such device here.

    Examples
    --------
    >>> from rebalance.separation.networks import chosen_device
    >>> chosen_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            where=f"device {name!r}", expected="'auto', 'cpu', 'cuda' or 'mps' as available", more=f": {reason}"
        ) from error
    return device


def overlap_add_within_memory(
    process: Callable[[NDArray[np.float32]], NDArray[np.float32]], signal: NDArray[np.float32], chunking: Chunking
) -> NDArray[np.float32]:
    """Do `overlap_add`, halving the chunks, with a warning, as long as the device runs out of memory.

    Parameters
    ----------
    process
        Makes the result of one chunk; both have shape ``(..., n_samples)``.
    signal
        Shape ``(n_channels, n_samples)``.
    chunking
        The chunks to begin with.

    Raises
    ------
    RebalanceError
        If the smallest chunks are still too large.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from rebalance.separation import Chunking
    >>> from rebalance.separation.networks import overlap_add_within_memory
    >>> def small_device(chunk):
    ...     if chunk.shape[-1] > 200:
    ...         raise MemoryError
    ...     return chunk
    >>> signal = np.random.default_rng(0).standard_normal((1, 1000)).astype(np.float32)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     result = overlap_add_within_memory(small_device, signal, Chunking(length=400, overlap=100))
    >>> np.allclose(result, signal)
    True
    >>> print(caught[-1].message)
    the device is out of memory; continuing with chunks of 200 samples
    """
    return within_memory(
        lambda chunks: overlap_add(process, signal, chunks),
        chunking,
        smaller=lambda chunks: chunks.halved(signal.shape[-1]),
        n_samples=lambda chunks: chunks.length,
    )


def within_memory(
    work: Callable[[Size], Result],
    size: Size,
    *,
    smaller: Callable[[Size], Size | None],
    n_samples: Callable[[Size], int],
) -> Result:
    """Do some work in pieces of a size, of a smaller one, with a warning, whenever the device runs out of memory.

    Parameters
    ----------
    work
        Does all of it in pieces of the size it is given.
    size
        Size that is tried first.
    smaller
        Gives the next size to try, None when there is none.
    n_samples
        Says how many samples a size stands for.

    Raises
    ------
    RebalanceError
        If the smallest pieces are still too large.

    Examples
    --------
    >>> import warnings
    >>> from rebalance.separation.networks import within_memory
    >>> def small_device(size):
    ...     if size > 200:
    ...         raise MemoryError
    ...     return f"done in pieces of {size}"
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     within_memory(small_device, 600, smaller=lambda size: size // 2, n_samples=lambda size: size)
    'done in pieces of 150'
    """
    while True:
        try:
            return work(size)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            reduced = smaller(size)
            if reduced is None:
                raise RebalanceError(f"out of memory with chunks of {n_samples(size)} samples, the smallest") from error
            size = reduced
        _LOG.info("trying again with chunks of %d samples", n_samples(size))
        warnings.warn(
            f"the device is out of memory; continuing with chunks of {n_samples(size)} samples",
            RuntimeWarning,
            stacklevel=2,
        )


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that memory ran out."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or bool(_OUT_OF_MEMORY.search(str(error)))
