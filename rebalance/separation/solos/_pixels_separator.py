"""The separator over The Sound of Pixels: it has to be shown the players."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.errors import ConfigError
from rebalance.audio import Audio
from rebalance.separation import (
    Described,
    ModelCard,
    PlayersAt,
    SeparatorInfo,
    checked_mixture,
    source_names,
)
from rebalance.separation.solos._blocks_in_time import masked_in_blocks
from rebalance.separation.solos._multi_head_unet import SOLOS_INSTRUMENTS
from rebalance.separation.solos._seen_frames import framed
from rebalance.separation.solos._sound_of_pixels import SoundOfPixels


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PixelsSeparator(Described):
    """Separates what each of several players in view plays, whatever it is called; masks are binary.

    Before it can be called it has to be shown the players; see `rebalance.separation.Sighted`.

    Parameters
    ----------
    name
        Registry name or path.
    network
        On the device it runs on.
    card
        What is known of it.
    players_at
        Gives the frames of all players, from left to right, at some times; None until `shown` is called.
    start_s
        Where in the video a mixture begins, in seconds.
    weights
        Sha256 of the file it came from; None for a network from elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.solos import PixelsConfig, PixelsSeparator, SoundOfPixels, VisionConfig
    >>> vision = VisionConfig(widths=(4, 8), blocks=(1, 1), frame_size=32)
    >>> network = SoundOfPixels(PixelsConfig(widths=(4, 8), vision=vision)).eval()
    >>> separator = PixelsSeparator(name="untrained", network=network, card=ModelCard())
    >>> shown = separator.shown(lambda times_s: np.zeros((2, len(times_s), 32, 32, 3), np.uint8))
    >>> list(shown(np.zeros((1, 4_000), dtype=np.float32), ("Flute", "Tuba")))
    ['Flute', 'Tuba']
    >>> list(shown(np.zeros((1, 4_000), dtype=np.float32), ("Flute", "Banjo")))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: instrument 'Banjo': not among those that can be separated: Violin, ...
    """

    name: str
    network: SoundOfPixels
    card: ModelCard
    players_at: PlayersAt | None = None
    start_s: float = 0.0
    weights: str | None = None

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.network.config.spectrum.sample_rate

    @property
    def separated_instruments(self) -> tuple[str, ...]:
        """Those of Solos; whatever a player is called, what is seen decides."""
        return SOLOS_INSTRUMENTS

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it; it sees whole segments."""
        return self.card.info(self.network, weights=self.weights)

    def shown(self, players_at: PlayersAt) -> Self:
        """Return the same separator, shown the players."""
        return replace(self, players_at=players_at)

    def beginning_at(self, start_s: float) -> Self:
        """Return it for a block of the recording that begins at a time in seconds."""
        return replace(self, start_s=start_s)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source, the players from left to right; see `rebalance.separation.Separator`."""
        names = source_names(instruments, also=self.separated_instruments)
        checked = checked_mixture(mixture)
        if self.players_at is None:
            raise ConfigError(
                where=f"separator {self.name!r}",
                expected="a video beside the mixture: `rebalance separate FILE.mp4`, or `shown(...)` in Python",
                got="none",
            )
        estimates = pixels_estimates(self.network, checked, self.players_at, n_players=len(names), start_s=self.start_s)
        return dict(zip(names, estimates, strict=True))


def pixels_estimates(
    network: SoundOfPixels,
    mixture: NDArray[np.float32],
    players_at: PlayersAt,
    *,
    n_players: int,
    start_s: float = 0.0,
) -> NDArray[np.float32]:
    """Return what each of several players plays, in consecutive blocks of a segment.

    Parameters
    ----------
    network
        In evaluation mode.
    mixture
        Shape ``(n_channels, n_samples)`` at the network's rate, finite.
    players_at
        Gives the frames of the players at some times, ``(n_players, n_times, height, width, 3)``.
    n_players
        Number of players, from 1.
    start_s
        Where in the video the mixture begins.

    Returns
    -------
    NDArray
        Shape ``(n_players, n_channels, n_samples)``.

    Raises
    ------
    ConfigError
        If another number of players is shown.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.solos import PixelsConfig, SoundOfPixels, VisionConfig, pixels_estimates
    >>> vision = VisionConfig(widths=(4, 8), blocks=(1, 1), frame_size=32)
    >>> network = SoundOfPixels(PixelsConfig(widths=(4, 8), vision=vision)).eval()
    >>> shown = lambda times_s: np.zeros((2, len(times_s), 32, 32, 3), np.uint8)
    >>> pixels_estimates(network, np.zeros((1, 4_000), np.float32), shown, n_players=2).shape
    (2, 1, 4000)
    """
    config = network.config
    end_s = mixture.shape[1] / config.spectrum.sample_rate

    def masks_of(magnitudes: Tensor, block_s: float) -> Tensor:
        length_s = max(min(config.spectrum.segment_s, end_s - block_s), 0.0)
        frames = players_at(config.vision.times_s(start_s + block_s, length_s))
        if len(frames) != n_players:
            raise ConfigError(where="video", expected=f"{n_players} players in view", got=str(len(frames)))
        seen = torch.from_numpy(framed(frames, config.vision.frame_size)).to(magnitudes.device)
        return network.masks(magnitudes, network.seen(seen[None]))[0]

    return masked_in_blocks(network.transform, mixture, masks_of)
