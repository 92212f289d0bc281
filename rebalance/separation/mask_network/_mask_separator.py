"""The separator over a trained mask network."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rebalance._base.files import StrPath, expanded
from rebalance.audio import Audio
from rebalance.separation import (
    Chunking,
    Described,
    SeparatorInfo,
    checked_mixture,
    known_instruments,
    pool_voices,
    source_names,
)

if TYPE_CHECKING:
    from rebalance.separation import ModelCard
    from rebalance.separation.mask_network._mask_network import MaskNetwork

_CHUNK_S = 16.0
_FADE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MaskSeparator(Described):
    """Gives all sources in one pass over the mixture; any length by overlap-add, a causal network as a stream.

    Parameters
    ----------
    name
        Registry name or path.
    network
        On the device it runs on.
    card
        What is known of it.
    weights
        Sha256 of the file it came from; None for a network from elsewhere.
    level
        Mean square the mixture is judged by; its own when None. A causal network follows the level itself.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.mask_network import MaskNetwork, MaskNetworkConfig, MaskSeparator
    >>> network = MaskNetwork(MaskNetworkConfig()).eval()
    >>> separator = MaskSeparator(name="untrained", network=network, card=ModelCard(shrinkage=(0.5,)))
    >>> estimates = separator(np.zeros((2, 8192), dtype=np.float32), ("Flute", "Cello"))
    >>> list(estimates), separator.info.shrinkage, separator.info.lookahead_ms
    (['Flute', 'Cello'], (0.5,), inf)
    """

    name: str
    network: MaskNetwork
    card: ModelCard
    weights: str | None = None
    level: float | None = None

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.network.config.sample_rate

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it: its card, its size, its look-ahead."""
        samples = self.network.config.look_ahead_samples
        ahead_ms = math.inf if samples is None else 1e3 * samples / self.sample_rate
        return self.card.info(self.network, weights=self.weights, lookahead_ms=ahead_ms, mixture_consistent=True)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `Separator`."""
        known = known_instruments(instruments)
        checked = checked_mixture(mixture)
        self.network.slots(known)
        estimates = self._streamed(checked, known) if self.network.config.causal else self._chunked(checked, known)
        pooled = pool_voices(estimates, known, self.card.voice_trust)
        return dict(zip(source_names(known), pooled, strict=True))

    def at_level(self, mean_square: float) -> MaskSeparator:
        """Return the same separator, which takes this for the mean square of every mixture."""
        return replace(self, level=mean_square)

    def trusting_voices(self, trust: float) -> MaskSeparator:
        """Return the same separator with another trust in what tells two voices apart."""
        return replace(self, card=replace(self.card, voice_trust=trust))

    def chunking(self) -> Chunking:
        """Return how a long mixture is cut, frames aligned."""
        config = self.network.config
        step = config.transform.hop * config.frame_alignment
        margin = config.reach_frames * config.transform.hop + config.transform.window
        overlap = 2 * margin + int(_FADE_S * config.sample_rate)
        length = max(int(_CHUNK_S * config.sample_rate), overlap + step)
        return Chunking(
            length=(length - overlap) // step * step + overlap, overlap=overlap, margin=margin, alignment=step
        )

    def _chunked(self, mixture: NDArray[np.float32], instruments: Sequence[str]) -> NDArray[np.float32]:
        """Return estimates, shape ``(n_sources, n_channels, n_samples)``."""
        from rebalance.separation.networks import overlap_add_within_memory

        level = float(np.mean(np.square(mixture, dtype=np.float64))) if self.level is None else self.level
        process = functools.partial(_processed, self.network, instruments, level)
        return overlap_add_within_memory(process, mixture, self.chunking())

    def _streamed(self, mixture: NDArray[np.float32], instruments: Sequence[str]) -> NDArray[np.float32]:
        """Return the same from a causal network, block by block."""
        from rebalance.separation.mask_network._streaming import SeparationStream, whole_stream

        make_stream = functools.partial(SeparationStream, self.network, instruments)
        window = self.network.config.transform.window
        return whole_stream(make_stream, mixture, sample_rate=self.sample_rate, window=window)


def load_mask_separator(name: str, path: StrPath, *, device: str) -> MaskSeparator:
    """Return the separator of a checkpoint.

    Parameters
    ----------
    name
        What the separator is to be called.
    path
        The checkpoint.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises
    ------
    ConfigError
        If the checkpoint or the device cannot be used.

    Examples
    --------
    >>> from rebalance.separation import shipped_weights
    >>> from rebalance.separation.mask_network import load_mask_separator
    >>> separator = load_mask_separator("u-net", shipped_weights()["u-net"], device="cpu")
    >>> separator.info.lookahead_ms, separator.info.mixture_consistent
    (inf, True)
    """
    path = expanded(path)
    from rebalance.separation import load_checkpoint
    from rebalance.separation.networks import chosen_device

    checkpoint = load_checkpoint(path)
    network = checkpoint.network.to(chosen_device(device))
    return MaskSeparator(name=name, network=network, card=checkpoint.card, weights=checkpoint.sha256)


def _processed(
    network: MaskNetwork, instruments: Sequence[str], level: float, chunk: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Run a network on ``(n_channels, n)``; return ``(n_sources, n_channels, n)``."""
    import torch

    device = network.transform.analysis_window.device
    with torch.inference_mode():
        signal = torch.from_numpy(chunk)[None].to(device)
        slots = network.slots(instruments)[None].to(device)
        estimates = network(signal, slots, torch.tensor([level], dtype=torch.float32, device=device))
        result: NDArray[np.float32] = estimates[0].cpu().numpy()
    return result
