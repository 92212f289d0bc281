"""Separation of sound as it comes in: blocks of any size in, finished samples out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import Audio
from rebalance.separation import checked_mixture, known_instruments
from rebalance.separation.mask_network._mask_network import MaskNetwork
from rebalance.separation.mask_network._transform import Transform
from rebalance.separation.networks import Memory, within_memory

_BLOCK_S = 5.0


class IncomingFrames:
    """Cuts sound into the frames of a transform as soon as they are whole.

    Parameters
    ----------
    transform
        Gives window, hop and spectra.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.mask_network import ASYMMETRIC, IncomingFrames, Transform
    >>> frames = IncomingFrames(Transform(ASYMMETRIC))
    >>> [frames.push(torch.zeros(2, n_samples)).shape[-1] for n_samples in (100, 100, 1000)]
    [0, 1, 9]
    """

    def __init__(self, transform: Transform) -> None:
        self._transform = transform
        self._pending: Tensor | None = None

    def push(self, samples: Tensor) -> Tensor:
        """Take samples ``(n_channels, n)``; return the spectra of the frames now whole, ``(1, n_channels, n_bins, m)``.

        Raises
        ------
        AudioError
            If the number of channels is another than before.
        """
        config = self._transform.config
        before = self._pending
        if before is None:
            before = samples.new_zeros(len(samples), config.window - config.hop)
        elif len(before) != len(samples):
            raise AudioError(where="block", expected=f"{len(before)} channels as before", got=f"{len(samples)}")
        pending = torch.cat([before, samples], dim=-1)
        n_frames = max(0, (pending.shape[-1] - config.window) // config.hop + 1)
        self._pending = pending[:, n_frames * config.hop :]
        if not n_frames:
            return torch.zeros(1, len(samples), config.n_bins, 0, dtype=torch.complex64, device=samples.device)
        return self._transform.spectra(pending[None, :, : config.window + (n_frames - 1) * config.hop])


class MaskedStream(ABC):
    """One recording on its way through masks that are made as it comes in.

    What `push` and `finish` return, one after the other, is sample for sample the estimate of the whole recording,
    whatever the sizes of the blocks. A sample is returned as soon as the transform's look-ahead has come in after it.

    Parameters
    ----------
    transform
        Of the mixture, on its device.
    n_sources
        Number of sources.
    """

    def __init__(self, transform: Transform, n_sources: int) -> None:
        self._transform = transform
        self._device = transform.analysis_window.device
        self._n_sources = n_sources
        self._frames = IncomingFrames(transform)
        self._n_channels = 0
        self._n_in = 0
        self._n_out = 0
        self._tail: Tensor | None = None

    @abstractmethod
    def _masks(self, spectra: Tensor) -> Tensor:
        """Return masks ``(1, n_sources, n_bins, n_frames)`` for the spectra of the next frames."""

    def push(self, block: Audio) -> NDArray[np.float32]:
        """Take the next block ``(n_channels, n)``; return what is finished, ``(n_sources, n_channels, m)``.

        Raises
        ------
        AudioError
            If the block is not audio, or has another number of channels than the blocks before.
        """
        samples = torch.from_numpy(checked_mixture(block)).to(self._device)
        spectra = self._frames.push(samples)
        self._n_in += samples.shape[-1]
        self._n_channels = len(samples)
        return self._advanced(spectra)

    def finish(self) -> NDArray[np.float32]:
        """Return the rest, ``(n_sources, n_channels, m)``, after the last block.

        Raises
        ------
        AudioError
            If nothing was pushed.
        """
        if not self._n_in:
            raise AudioError(expected="at least one block before the end of the stream")
        config = self._transform.config
        missing = config.n_frames(self._n_in) * config.hop - self._n_in
        return self._advanced(self._frames.push(torch.zeros(self._n_channels, missing, device=self._device)))

    @torch.inference_mode()
    def _advanced(self, spectra: Tensor) -> NDArray[np.float32]:
        """Process frames ``(1, n_channels, n_bins, n_frames)``."""
        if not spectra.shape[-1]:
            return np.zeros((self._n_sources, self._n_channels, 0), dtype=np.float32)
        return self._finished(self._transform.frames(self._masks(spectra)[:, :, None] * spectra[:, None])[0])

    def _finished(self, frames: Tensor) -> NDArray[np.float32]:
        """Overlap new frames with the unfinished end of the last ones; return what no later frame changes."""
        config = self._transform.config
        total = self._transform.overlapped(frames)
        if self._tail is not None:
            total[..., : self._tail.shape[-1]] += self._tail
        n_done = frames.shape[-2] * config.hop
        self._tail = total[..., n_done:].clone()
        done = total[..., :n_done]
        start = max(0, config.synthesis - config.hop - self._n_out)
        stop = min(n_done, config.synthesis - config.hop + self._n_in - self._n_out)
        self._n_out += n_done
        finished: NDArray[np.float32] = done[..., min(start, n_done) : max(stop, start)].cpu().numpy()
        return finished


class SeparationStream(MaskedStream):
    """One recording on its way through a causal network; see `MaskedStream`.

    The look-ahead is 219 samples, 4.97 ms, with the asymmetric transform.

    Parameters
    ----------
    network
        A causal network, on its device.
    instruments
        Instrument of every source.

    Raises
    ------
    ConfigError
        If the network is not causal or cannot separate these instruments.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.mask_network import PRESETS, MaskNetwork, SeparationStream
    >>> network = MaskNetwork(PRESETS["causal"]).eval()
    >>> stream = SeparationStream(network, ("Flute", "Cello"))
    >>> mixture = 0.05 * np.random.default_rng(0).standard_normal((2, 5000)).astype(np.float32)
    >>> parts = [stream.push(mixture[:, :3000]), stream.push(mixture[:, 3000:]), stream.finish()]
    >>> [part.shape[-1] for part in parts]
    [2860, 1980, 160]
    """

    def __init__(self, network: MaskNetwork, instruments: Sequence[str]) -> None:
        if not network.config.causal:
            raise ConfigError("a stream needs a causal network; this one looks at the whole recording")
        super().__init__(network.transform, len(instruments))
        self._network = network
        self._slots = network.slots(known_instruments(instruments))[None].to(self._device)
        self._level = torch.zeros(1, device=self._device)
        self._memory: Memory = {}
        self._n_seen = 0
        self._mask: Tensor | None = None

    def _masks(self, spectra: Tensor) -> Tensor:
        """Return one mask per frame: new ones where they are due, the last one held between."""
        every = self._network.config.mask_every
        n_frames = spectra.shape[-1]
        due = spectra[..., -self._n_seen % every :: every]
        known = [] if self._mask is None else [self._mask]
        if due.shape[-1]:
            known.append(self._network.masks(due, self._slots, self._level, self._memory))
        masks = torch.cat(known, dim=-1)
        first = -1 if self._mask is None else (self._n_seen - 1) // every
        index = torch.arange(self._n_seen, self._n_seen + n_frames, device=spectra.device) // every
        self._n_seen += n_frames
        self._mask = masks[..., -1:]
        return masks[..., index - max(first, 0)]


def whole_stream(
    make_stream: Callable[[], MaskedStream], mixture: NDArray[np.float32], *, sample_rate: int, window: int
) -> NDArray[np.float32]:
    """Return what a stream makes of a whole recording, ``(n_sources, n_channels, n_samples)``, in blocks.

    Parameters
    ----------
    make_stream
        Begins a stream; called again with smaller blocks where the device runs out of memory.
    mixture
        Shape ``(n_channels, n_samples)``.
    sample_rate
        In Hz.
    window
        Of the network in samples; blocks are not made smaller than half of it.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.mask_network import PRESETS, MaskNetwork, SeparationStream, whole_stream
    >>> network = MaskNetwork(PRESETS["causal"]).eval()
    >>> mixture = np.zeros((2, 5000), dtype=np.float32)
    >>> make = lambda: SeparationStream(network, ("Flute", "Cello"))
    >>> whole_stream(make, mixture, sample_rate=44_100, window=2048).shape
    (2, 2, 5000)
    """

    def in_blocks(size: int) -> NDArray[np.float32]:
        stream = make_stream()
        starts = range(0, mixture.shape[1], size)
        parts = [stream.push(mixture[:, start : start + size]) for start in starts]
        return np.concatenate([*parts, stream.finish()], axis=-1)

    return within_memory(
        in_blocks,
        int(_BLOCK_S * sample_rate),
        smaller=lambda size: size // 2 if size >= window else None,
        n_samples=int,
    )
