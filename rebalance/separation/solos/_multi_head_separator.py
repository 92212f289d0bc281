"""The separator over a multi-head U-Net."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.errors import ConfigError
from rebalance.audio import Audio
from rebalance.separation import (
    Described,
    ModelCard,
    SeparatorInfo,
    checked_mixture,
    known_instruments,
    shared_among_voices,
)
from rebalance.separation.solos._blocks_in_time import masked_in_blocks
from rebalance.separation.solos._multi_head_unet import MultiHeadUNet


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MultiHeadSeparator(Described):
    """Gives every instrument the mask of its head, with the mixture's phase; voices of one share its estimate.

    All thirteen masks of a bin sum to 1, those of the instruments asked for to less: the estimates do not sum to the
    mixture.

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

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.solos import MultiHeadConfig, MultiHeadSeparator, MultiHeadUNet
    >>> network = MultiHeadUNet(MultiHeadConfig(heads=("Flute", "Cello"), widths=(4, 8))).eval()
    >>> separator = MultiHeadSeparator(name="untrained", network=network, card=ModelCard())
    >>> separator(np.zeros((2, 11_025), dtype=np.float32), ("Flute", "Cello"))["Flute"].shape
    (2, 11025)
    """

    name: str
    network: MultiHeadUNet
    card: ModelCard
    weights: str | None = None

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.network.config.spectrum.sample_rate

    @property
    def separated_instruments(self) -> tuple[str, ...]:
        """The instruments that have a head."""
        return self.network.config.heads

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it; it sees whole segments."""
        return self.card.info(self.network, weights=self.weights)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `rebalance.separation.Separator`."""
        known = known_instruments(instruments, also=self.separated_instruments)
        checked = checked_mixture(mixture)
        different = tuple(dict.fromkeys(known))
        estimates = multi_head_estimates(self.network, checked, different, where=f"separator {self.name!r}")
        return shared_among_voices(dict(zip(different, estimates, strict=True)), known)


def multi_head_estimates(
    network: MultiHeadUNet, mixture: NDArray[np.float32], instruments: Sequence[str], *, where: str = "network"
) -> NDArray[np.float32]:
    """Return estimates of different instruments, whichever have a head, in consecutive blocks of a segment.

    Parameters
    ----------
    network
        In evaluation mode.
    mixture
        Shape ``(n_channels, n_samples)`` at the network's rate, finite.
    instruments
        Names of heads.
    where
        What to call the network in an error.

    Returns
    -------
    NDArray
        Shape ``(n_instruments, n_channels, n_samples)``.

    Raises
    ------
    ConfigError
        If an instrument has no head.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.solos import MultiHeadConfig, MultiHeadUNet, multi_head_estimates
    >>> network = MultiHeadUNet(MultiHeadConfig(heads=("Flute", "Tuba"), widths=(4, 8))).eval()
    >>> multi_head_estimates(network, np.zeros((1, 5_000), np.float32), ["Tuba"]).shape
    (1, 1, 5000)
    >>> multi_head_estimates(network, np.zeros((1, 5_000), np.float32), ["Horn"])
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: network: expected instruments with a head, Flute, Tuba, got ['Horn']
    """
    heads = network.config.heads
    if missing := [name for name in instruments if name not in heads]:
        raise ConfigError(where=where, expected=f"instruments with a head, {', '.join(heads)}", got=str(missing))
    places = [heads.index(name) for name in instruments]

    def masks_of(magnitudes: Tensor, _: float) -> Tensor:
        return network.masks(magnitudes)[0, places]

    return masked_in_blocks(network.transform, mixture, masks_of)
