"""Separation of sound as it comes in: blocks of any size in, finished samples out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import Audio
from rebalance.separation import checked_mixture, known_instruments
from rebalance.separation.mask_network._mask_network import MaskNetwork
from rebalance.separation.networks import Memory


class SeparationStream:
    """One recording on its way through a causal network.

    What `push` and `finish` return, one after the other, is sample for sample the network's estimate of the
    whole recording, whatever the sizes of the blocks. A sample is returned as soon as the network's
    look-ahead (219 samples, 4.97 ms, with the asymmetric transform) has come in after it.

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
    >>> from rebalance.separation import load_checkpoint, shipped_weights
    >>> from rebalance.separation.mask_network import SeparationStream
    >>> network = load_checkpoint(shipped_weights()["causal"]).network
    >>> stream = SeparationStream(network, ("Flute", "Cello"))
    >>> mixture = 0.05 * np.random.default_rng(0).standard_normal((2, 5000)).astype(np.float32)
    >>> parts = [stream.push(mixture[:, :3000]), stream.push(mixture[:, 3000:]), stream.finish()]
    >>> [part.shape[-1] for part in parts]
    [2860, 1980, 160]
    """

    def __init__(self, network: MaskNetwork, instruments: Sequence[str]) -> None:
        if not network.config.causal:
            raise ConfigError("a stream needs a causal network; this one looks at the whole recording")
        self._network = network
        self._device = network.transform.analysis_window.device
        self._slots = network.slots(known_instruments(instruments))[None].to(self._device)
        self._level = torch.zeros(1, device=self._device)
        self._memory: Memory = {}
        self._n_frames = 0
        self._n_in = 0
        self._n_out = 0
        self._input: Tensor | None = None
        self._tail: Tensor | None = None
        self._mask: Tensor | None = None

    def push(self, block: Audio) -> NDArray[np.float32]:
        """Take the next block ``(n_channels, n)``; return what is finished, ``(n_sources, n_channels, m)``.

        Raises
        ------
        AudioError
            If the block is not audio, or has another number of channels than the blocks before.
        """
        samples = torch.from_numpy(checked_mixture(block)).to(self._device)
        if self._input is not None and len(self._input) != len(samples):
            raise AudioError(where="block", expected=f"{len(self._input)} channels as before", got=f"{len(samples)}")
        self._n_in += samples.shape[-1]
        return self._advanced(samples)

    def finish(self) -> NDArray[np.float32]:
        """Return the rest, ``(n_sources, n_channels, m)``, after the last block.

        Raises
        ------
        AudioError
            If nothing was pushed.
        """
        if self._input is None:
            raise AudioError(expected="at least one block before the end of the stream")
        config = self._network.config.transform
        missing = config.n_frames(self._n_in) * config.hop - self._n_in
        return self._advanced(self._input.new_zeros(len(self._input), missing))

    @torch.inference_mode()
    def _advanced(self, samples: Tensor) -> NDArray[np.float32]:
        """Process all frames that are whole by now."""
        transform, config = self._network.transform, self._network.config.transform
        before = self._input
        if before is None:
            before = samples.new_zeros(len(samples), config.window - config.hop)
        pending = torch.cat([before, samples], dim=-1)
        n_frames = max(0, (pending.shape[-1] - config.window) // config.hop + 1)
        self._input = pending[:, n_frames * config.hop :]
        if not n_frames:
            return np.zeros((self._slots.shape[1], len(samples), 0), dtype=np.float32)
        spectra = transform.spectra(pending[None, :, : config.window + (n_frames - 1) * config.hop])
        masks = self._masks(spectra)
        return self._finished(transform.frames(masks[:, :, None] * spectra[:, None])[0])

    def _masks(self, spectra: Tensor) -> Tensor:
        """Return one mask per frame: new ones where they are due, the last one held between."""
        every = self._network.config.mask_every
        n_frames = spectra.shape[-1]
        due = spectra[..., -self._n_frames % every :: every]
        known = [] if self._mask is None else [self._mask]
        if due.shape[-1]:
            known.append(self._network.masks(due, self._slots, self._level, self._memory))
        masks = torch.cat(known, dim=-1)
        first = -1 if self._mask is None else (self._n_frames - 1) // every
        index = torch.arange(self._n_frames, self._n_frames + n_frames, device=spectra.device) // every
        self._n_frames += n_frames
        self._mask = masks[..., -1:]
        return masks[..., index - max(first, 0)]

    def _finished(self, frames: Tensor) -> NDArray[np.float32]:
        """Overlap new frames with the unfinished end of the last ones; return what no later frame changes."""
        config = self._network.config.transform
        total = self._network.transform.overlapped(frames)
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
