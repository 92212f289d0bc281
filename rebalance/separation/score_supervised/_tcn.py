"""The temporal convolutional network of "Transcription Is All You Need", in its three roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.names import one_of
from rebalance.separation.networks import SpectralNetwork

Role: TypeAlias = Literal["transcriptor", "separator", "classifier"]

N_NOTES = 88
LOWEST_NOTE = 21  # MIDI pitch of the lowest key of a piano
_SILENT_POWER = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class TcnConfig:
    """Everything a network is built from.

    Parameters
    ----------
    role
        What it gives for every instrument and frame: the piano roll, a mask, or whether it plays.
    instruments
        In the order of the outputs.
    sample_rate
        In Hz.
    window, hop
        Of the transform, in samples.
    bottleneck, hidden
        Channels between the blocks and within them; the paper does not tell them.
    n_repeats, n_blocks
        Repeats of so many blocks, whose dilation doubles from 1.
    kernel
        Frames a convolution spans.
    told_players
        Whether a separator is told which of the instruments play in the piece; the others get silence. Of the other
        roles it changes nothing.

    Raises
    ------
    ConfigError
        If the role is unknown, there is no instrument or one twice, or a size is not positive.

    Examples
    --------
    >>> from rebalance.separation.score_supervised import TcnConfig
    >>> config = TcnConfig(role="separator")
    >>> config.n_bins, config.n_outputs // len(config.instruments), config.reach_frames
    (1025, 1025, 765)

    Source: Hung, Wichern and Le Roux 2021, section 3.2.
    """

    role: Role
    instruments: tuple[str, ...] = CAD2_TASK2.instruments
    sample_rate: int = 16_000
    window: int = 2048
    hop: int = 500
    bottleneck: int = 64
    hidden: int = 128
    n_repeats: int = 3
    n_blocks: int = 8
    kernel: int = 3
    told_players: bool = False

    def __post_init__(self) -> None:
        one_of("role", self.role, get_args(Role))
        if not self.instruments or len(set(self.instruments)) != len(self.instruments):
            raise ConfigError(where="instruments", expected="one or more different ones", got=str(self.instruments))
        sizes = (self.sample_rate, self.window, self.hop, self.bottleneck, self.hidden, self.n_repeats, self.n_blocks)
        if min(*sizes, self.kernel) < 1 or self.kernel % 2 == 0:
            raise ConfigError(where="network", expected="positive sizes and an odd kernel", got=str(self))

    @property
    def n_bins(self) -> int:
        """Bins of the transform."""
        return self.window // 2 + 1

    @property
    def n_outputs(self) -> int:
        """Outputs for every frame."""
        each = {"transcriptor": N_NOTES, "separator": self.n_bins, "classifier": 1}[self.role]
        return each * len(self.instruments)

    @property
    def needs_players(self) -> bool:
        """Whether the network must be told who plays."""
        return self.told_players and self.role == "separator"

    @property
    def reach_frames(self) -> int:
        """How many frames before and after its own an output depends on, the normalisation aside."""
        return int(self.n_repeats * (2**self.n_blocks - 1) * (self.kernel - 1) // 2)


class ScoreTcn(SpectralNetwork):
    """Repeats of dilated residual blocks whose skip outputs are summed, and a linear layer.

    Its windows are square roots of Hann windows; silence lies beyond the ends.

    Parameters
    ----------
    config
        Sizes, instruments and role.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
    >>> config = TcnConfig(role="transcriptor", instruments=("Piano", "Bass"), bottleneck=8, hidden=8, n_blocks=2)
    >>> network = ScoreTcn(config).eval()
    >>> spectra = network.spectra(torch.zeros(1, 64_000))
    >>> network(network.levelled(spectra.abs())).shape  # batch, instruments, notes, frames
    torch.Size([1, 2, 88, 129])

    Source: Hung, Wichern and Le Roux 2021, section 3.2; blocks after Luo and Mesgarani 2019 with skip outputs.
    """

    def __init__(self, config: TcnConfig) -> None:
        super().__init__(config.window, config.hop, pad_mode="constant")
        self.window = self.window.sqrt()
        self.config = config
        self.entry = nn.Sequential(_norm(config.n_bins), nn.Conv1d(config.n_bins, config.bottleneck, 1))
        self.blocks = nn.ModuleList(
            _Block(config, dilation=2**index) for _ in range(config.n_repeats) for index in range(config.n_blocks)
        )
        self.exit = nn.Sequential(nn.PReLU(), nn.Conv1d(config.bottleneck, config.n_outputs, 1))
        n_instruments = len(config.instruments)
        self.players = nn.Linear(n_instruments, config.bottleneck, bias=False) if config.needs_players else None

    def forward(self, magnitudes: Tensor, players: Tensor | None = None) -> Tensor:
        """Return logits ``(batch, n_instruments, n_notes or n_bins or 1, n_frames)`` of magnitudes.

        Parameters
        ----------
        magnitudes
            Of a mixture of level 1, ``(batch, n_bins, n_frames)``; see `levelled`.
        players
            Which instruments play in the piece, booleans ``(batch, n_instruments)``; for networks that are told.

        Raises
        ------
        ConfigError
            If the network must be told who plays and is not.
        """
        features = self.entry(magnitudes)
        if self.players is not None:
            if players is None:
                raise ConfigError(where=self.config.role, expected="who plays, as it was trained", got="nothing")
            features = features + self.players(players.to(features.dtype))[..., None]
        skips = torch.zeros_like(features)
        for block in self.blocks:
            features, skip = block(features)
            skips = skips + skip
        logits: Tensor = self.exit(skips)
        n_batch, _, n_frames = logits.shape
        return logits.reshape(n_batch, len(self.config.instruments), -1, n_frames)

    def masks(self, magnitudes: Tensor, players: Tensor) -> Tensor:
        """Return the masks of a separator in [0, 1], ``(batch, n_instruments, n_bins, n_frames)``.

        Parameters
        ----------
        magnitudes, players
            See `forward`; a network that is not told ignores who plays.
        """
        masks = torch.sigmoid(self(magnitudes, players))
        return masks * players[:, :, None, None] if self.config.needs_players else masks

    def levelled(self, magnitudes: Tensor, level: Tensor | None = None) -> Tensor:
        """Return magnitudes ``(batch, ..., n_bins, n_frames)`` over the level of their mixture.

        Parameters
        ----------
        magnitudes
            Of mixtures, or of sources.
        level
            Root mean power of the mixture, ``(batch,)``; that of the magnitudes when None. A source is never judged
            by its own: how loud it is beside the others tells whether it plays.
        """
        scale = level_of(magnitudes) if level is None else level
        return magnitudes / scale.reshape(-1, *[1] * (magnitudes.dim() - 1))


def level_of(magnitudes: Tensor) -> Tensor:
    """Return the root mean power of magnitudes ``(batch, ...)``, shape ``(batch,)``.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.score_supervised import level_of
    >>> level_of(torch.full((1, 3, 2), 2.0)).tolist()
    [2.0]
    """
    return magnitudes.square().flatten(1).mean(dim=1).clamp(min=_SILENT_POWER).sqrt()


class _Block(nn.Module):
    """Pointwise, depthwise and two pointwise layers: one of them back to the residual path, the other to the end."""

    def __init__(self, config: TcnConfig, *, dilation: int) -> None:
        super().__init__()
        width, inner = config.bottleneck, config.hidden
        reach = (config.kernel - 1) * dilation // 2
        self.body = nn.Sequential(
            nn.Conv1d(width, inner, 1),
            nn.PReLU(),
            _norm(inner),
            nn.Conv1d(inner, inner, config.kernel, padding=reach, dilation=dilation, groups=inner),
            nn.PReLU(),
            _norm(inner),
        )
        self.residual = nn.Conv1d(inner, width, 1)
        self.skip = nn.Conv1d(inner, width, 1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and what goes to the end, both of their shape."""
        inner = self.body(features)
        return features + self.residual(inner), self.skip(inner)


def _norm(n_channels: int) -> nn.Module:
    """Return a normalisation over channels and time."""
    return nn.GroupNorm(1, n_channels, eps=1e-8)
