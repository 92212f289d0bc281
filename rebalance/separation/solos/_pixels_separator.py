"""The separator over The Sound of Pixels: it has to be shown the players."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath
from rebalance.audio import Audio
from rebalance.separation import (
    PIXELS_FORMAT,
    ModelCard,
    PlayersAt,
    SeparatorInfo,
    checked_mixture,
    described,
    described_as_html,
    known_instruments,
    source_names,
)
from rebalance.separation.solos._blocks_in_time import masked_in_blocks
from rebalance.separation.solos._seen_frames import framed
from rebalance.separation.solos._solos_checkpoints import load_model, save_model
from rebalance.separation.solos._sound_of_pixels import PixelsConfig, SoundOfPixels


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelsSeparator:
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
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: instrument 'Tuba': not among those that can be separated: ...
    >>> list(shown(np.zeros((1, 4_000), dtype=np.float32), ("Flute", "Cello")))
    ['Flute', 'Cello']
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
    def info(self) -> SeparatorInfo:
        """What is known of it; it sees whole segments."""
        return SeparatorInfo(
            shrinkage=self.card.shrinkage,
            reliability=self.card.reliability,
            n_parameters=sum(each.numel() for each in self.network.parameters()),
            lookahead_ms=math.inf,
            external_training_data=bool(self.card.data),
            weights=self.weights,
        )

    def __repr__(self) -> str:
        return described(self)

    def _repr_html_(self) -> str:
        return described_as_html(self)

    def shown(self, players_at: PlayersAt) -> Self:
        """Return the same separator, shown the players."""
        return replace(self, players_at=players_at)

    def beginning_at(self, start_s: float) -> Self:
        """Return it for a block of the recording that begins at a time in seconds."""
        return replace(self, start_s=start_s)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source, the players from left to right; see `rebalance.separation.Separator`."""
        names = source_names(known_instruments(instruments))
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
        How many.
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


def save_pixels(path: StrPath, network: SoundOfPixels, card: ModelCard) -> None:
    """Write a network, and ``<name>.sha256`` beside it.

    Parameters
    ----------
    path
        Ends in ``.safetensors``.
    network
        Whose weights are written.
    card
        What is known of the weights.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard, load_separator
    >>> from rebalance.separation.solos import PixelsConfig, SoundOfPixels, VisionConfig, save_pixels
    >>> vision = VisionConfig(widths=(4, 8), blocks=(1, 1), frame_size=32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     network = SoundOfPixels(PixelsConfig(widths=(4, 8), vision=vision))
    ...     save_pixels(Path(folder, "mine.safetensors"), network, ModelCard())
    ...     load_separator(f"sound-of-pixels:{folder}", device="cpu").sample_rate
    11025
    """
    save_model(path, network, network.config, card, PIXELS_FORMAT)


def load_pixels(name: str, path: StrPath, *, device: str) -> PixelsSeparator:
    """Return the separator of a model's file, or of the only one in a folder; nothing is unpickled.

    Parameters
    ----------
    name
        What the separator is called.
    path
        A file, or the folder of one.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.

    Raises
    ------
    ConfigError
        If there is no such model, or it is damaged.

    Examples
    --------
    >>> from rebalance.separation.solos import load_pixels
    >>> load_pixels("mine", "recipes", device="cpu")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: recipes: expected one model of format 'rebalance-sound-of-pixels/1', ...
    """
    model = load_model(path, PIXELS_FORMAT, PixelsConfig, SoundOfPixels, device=device)
    return PixelsSeparator(name=name, network=model.network, card=model.card, weights=model.sha256)
