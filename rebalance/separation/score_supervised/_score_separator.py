"""A trained separator at work: it needs the mixture and the instruments, and no score."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.audio import Audio
from rebalance.separation import (
    Chunking,
    Described,
    ModelCard,
    SeparatorInfo,
    checked_mixture,
    known_instruments,
    shared_among_voices,
)
from rebalance.separation.score_supervised._tcn import ScoreTcn

_CHUNK_S, _OVERLAP_S, _MARGIN_S = 4.0, 1.0, 0.25


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScoreSupervisedSeparator(Described):
    """Masks of a network that learnt from scores, on the phase of the mixture.

    Parameters
    ----------
    name
        Registry name or path.
    network
        A separator, on the device it runs on.
    card
        What is known of it.
    weights
        Sha256 of the file it came from; None for a network from elsewhere.

    Raises
    ------
    ConfigError
        If the network has another role.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.score_supervised import ScoreSupervisedSeparator, ScoreTcn, TcnConfig
    >>> network = ScoreTcn(TcnConfig(role="separator", bottleneck=8, hidden=8, n_blocks=2)).eval()
    >>> separator = ScoreSupervisedSeparator(name="untrained", network=network, card=ModelCard())
    >>> estimates = separator(np.zeros((2, 16_000), dtype=np.float32), ("Flute", "Cello"))
    >>> list(estimates), estimates["Flute"].shape
    (['Flute', 'Cello'], (2, 16000))

    Source: Hung, Wichern and Le Roux 2021. Masks of several instruments are sigmoids of their own: they need not sum to
    the mixture. Voices of one instrument share its estimate.
    """

    name: str
    network: ScoreTcn
    card: ModelCard
    weights: str | None = None

    def __post_init__(self) -> None:
        if self.network.config.role != "separator":
            raise ConfigError(where=self.name, expected="a separator", got=f"a {self.network.config.role}")

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.network.config.sample_rate

    @property
    def separated_instruments(self) -> tuple[str, ...]:
        """The instruments of its network."""
        return self.network.config.instruments

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it; it sees the whole clip."""
        return self.card.info(self.network, weights=self.weights)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `rebalance.separation.Separator`."""
        from rebalance.separation.networks import overlap_add_within_memory

        known = known_instruments(instruments, also=self.separated_instruments)
        checked = checked_mixture(mixture)
        different = tuple(dict.fromkeys(known))
        process = functools.partial(_masked, self.network, self._places(different))
        chunking = Chunking.of_seconds(self.sample_rate, length_s=_CHUNK_S, overlap_s=_OVERLAP_S, margin_s=_MARGIN_S)
        estimates = overlap_add_within_memory(process, checked, chunking)
        return shared_among_voices(dict(zip(different, estimates, strict=True)), known)

    def _places(self, instruments: Sequence[str]) -> list[int]:
        """Return which outputs are asked for."""
        known = self.network.config.instruments
        if missing := [name for name in instruments if name not in known]:
            raise ConfigError(f"this network separates {', '.join(known)}", where=f"instrument {missing[0]!r}")
        return [known.index(name) for name in instruments]


def _masked(network: ScoreTcn, places: Sequence[int], chunk: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return estimates ``(n_sources, n_channels, n_samples)`` of a chunk ``(n_channels, n_samples)``."""
    with torch.inference_mode():
        signals = torch.from_numpy(np.ascontiguousarray(chunk)).to(network.window.device)
        spectra = network.spectra(signals)
        mono = network.spectra(signals.mean(dim=0, keepdim=True)).abs()
        playing = torch.zeros(1, len(network.config.instruments), dtype=torch.bool, device=mono.device)
        playing[0, list(places)] = True
        masks = network.masks(network.levelled(mono), playing)[0, list(places)]
        estimates: NDArray[np.float32] = (
            network.signals(spectra[None] * masks[:, None], chunk.shape[-1]).cpu().numpy().astype(np.float32)
        )
    return estimates
