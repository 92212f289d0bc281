"""The player tracker: for every player and frame, how likely each pitch is, and silence."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebalance.separation.mask_network import N_VOICES, HarmonicFeatures, RunningLevel, Transform, TransformConfig
from rebalance.separation.networks import Ensemble, Memory
from rebalance.separation.player_tracker._attention import AttentionBlock, PlayerBlock, RecurrentBlock
from rebalance.separation.player_tracker._conv_blocks import ConvBlock, folded_blocks
from rebalance.separation.player_tracker._slots import slots_of
from rebalance.separation.player_tracker._tracker_config import RANGES_HZ, TrackerConfig

IMPOSSIBLE = -30.0
_MIN_POWER = 1e-12
_MIN_SHARE = 1e-30  # the square root of 0 has no gradient


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What the tracker finds; the last of the pitches is silence.

    Parameters
    ----------
    logits
        Shape ``(batch, n_players, n_pitches + 1, n_frames)``.
    first
        The same before the players have seen each other.
    """

    logits: Tensor
    first: Tensor


class TrackerNetwork(nn.Module):
    """A U-Net over pitch and time with attention over time, then attention over time and between players.

    Parameters
    ----------
    config
        Sizes, features and instruments.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.player_tracker import TrackerConfig, TrackerNetwork
    >>> sizes = {"channels": (4, 8), "time_strides": (2,), "width": 8, "n_layers": 1, "player_width": 8, "n_heads": 2}
    >>> network = TrackerNetwork(TrackerConfig(**sizes)).eval()
    >>> network.slots(("Violin", "Violin", "Cello")).tolist()
    [14, 15, 2]

    Source: harmonic stacking, Bittner et al. 2017; FiLM, Perez et al. 2018; attention biased by distance, Press et al.
    2022; gated recurrent units of the causal one, Cho et al. 2014.
    """

    # layers that change nothing before they are trained
    may_lack: ClassVar[tuple[str, ...]] = ("body.context.", "players.layers.", "players.timbre.")
    playable: Tensor

    def __init__(self, config: TrackerConfig) -> None:
        super().__init__()
        self.config = config
        self.transform = Transform(config.transform)
        self.features = HarmonicFeatures(
            config.features, n_linear_bins=config.transform.n_bins, sample_rate=config.sample_rate
        )
        n_slots = len(config.instruments) * N_VOICES
        self.longer = nn.ModuleList(_LongerWindow(config, window) for window in config.longer_windows)
        self.body = _Body(config, n_slots)
        self.players = _Players(config, n_slots)
        frames_per_s = config.sample_rate / config.transform.hop
        self.running_level = RunningLevel(decay=math.exp(-1.0 / (config.level_s * frames_per_s)))
        self.register_buffer("playable", _playable(config), persistent=False)

    def slots(self, instruments: Sequence[str]) -> Tensor:
        """Return the slot of every player, shape ``(n_players,)``.

        Raises
        ------
        ConfigError
            If an instrument is not one of the network's, or has more voices than slots.
        """
        return slots_of(instruments, self.config.instruments, N_VOICES)

    def forward(self, mixture: Tensor, slots: Tensor, level: Tensor | None = None) -> Tracked:
        """Track the players of mixtures.

        Parameters
        ----------
        mixture
            Shape ``(batch, n_channels, n_samples)``.
        slots
            Slot of every player, ``(batch, n_players)``, -1 where a mixture of the batch has fewer.
        level
            Mean power of the recordings the mixtures are cut from, ``(batch,)``; their own when None. A causal tracker
            does not use it.
        """
        if level is None:
            level = mixture.square().mean(dim=(1, 2))
        return self.tracked(self.maps(mixture, level), slots)

    def tracked(self, maps: Tensor, slots: Tensor, memory: Memory | None = None) -> Tracked:
        """Track the players by what is seen of mixtures.

        Parameters
        ----------
        maps
            Shape ``(batch, n_maps, n_pitches, n_frames)``.
        slots
            See `forward`.
        memory
            What a causal tracker remembers of earlier frames; it is brought up to date.
        """
        n_frames = maps.shape[-1]
        padded = functional.pad(maps, (0, -n_frames % self.config.frame_alignment))
        heard = self.body(padded, slots, memory)
        first = self._within_range(heard.logits.float(), slots)
        refined = self._within_range(first + self.players(first, heard, slots, memory).float(), slots)
        return Tracked(logits=refined[..., :n_frames], first=first[..., :n_frames])

    def maps(self, mixture: Tensor, level: Tensor) -> Tensor:
        """Return what is seen of a mixture, ``(batch, n_maps, n_pitches, n_frames)``.

        Parameters
        ----------
        mixture
            Shape ``(batch, n_channels, n_samples)``.
        level
            Mean square of the mixture, ``(batch,)``.
        """
        if self.config.causal:
            return self.maps_so_far(self.transform(mixture))
        maps = _levels(self.transform, self.features, mixture, level)
        longer = [window(mixture, level, maps.shape[-1]) for window in self.longer]
        return torch.cat([maps, *longer], dim=1)

    def maps_so_far(self, spectra: Tensor, memory: Memory | None = None) -> Tensor:
        """Return what a causal tracker sees of spectra; see `maps`.

        Parameters
        ----------
        spectra
            Of the mixture, ``(batch, n_channels, n_bins, n_frames)``.
        memory
            What it remembers of earlier frames; it is brought up to date.
        """
        energy = (spectra.real.square() + spectra.imag.square()).mean(dim=(1, 2))
        reference = self.running_level(energy, memory)[:, None, None].clamp(min=_MIN_POWER)
        maps: Tensor = self.features(self.features.powers(spectra), reference)
        return maps

    def _within_range(self, logits: Tensor, slots: Tensor) -> Tensor:
        """Rule out what an instrument cannot play."""
        playable = self.playable[slots.clamp(min=0)][..., None]
        return logits.masked_fill(~playable, IMPOSSIBLE)


class _LongerWindow(nn.Module):
    """What a longer window shows of the same frames."""

    def __init__(self, config: TrackerConfig, window: int) -> None:
        super().__init__()
        hop = config.transform.hop
        self.transform = Transform(TransformConfig(window=window, synthesis=window, hop=hop))
        self.features = HarmonicFeatures(
            config.features, n_linear_bins=self.transform.config.n_bins, sample_rate=config.sample_rate
        )
        self.n_earlier = (window - config.transform.window) // (2 * hop)

    def forward(self, mixture: Tensor, level: Tensor, n_frames: int) -> Tensor:
        """Return maps ``(batch, n_maps, n_pitches, n_frames)`` of a mixture; see `TrackerNetwork.maps`."""
        maps = _levels(self.transform, self.features, mixture, level)
        return maps[:, :-1, :, self.n_earlier : self.n_earlier + n_frames]


def _levels(transform: Transform, features: HarmonicFeatures, mixture: Tensor, level: Tensor) -> Tensor:
    """Return the features of a mixture relative to its level."""
    reference = (level * transform.analysis_window.square().sum())[:, None, None, None]
    maps: Tensor = features(features.powers(transform(mixture)), reference.clamp(min=_MIN_POWER))
    return maps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What the body finds.

    Parameters
    ----------
    logits
        Shape ``(batch, n, n_pitches + 1, n_frames)``.
    context
        Shape ``(batch, n_bottom_frames, width)``.
    maps
        Of the last level, ``(batch, n_channels, n_blocks, n_steps)``.
    """

    logits: Tensor
    context: Tensor
    maps: Tensor


class _Body(nn.Module):
    """Encoder, attention over all frames, decoder; a logit per slot, pitch and frame, and one for silence."""

    def __init__(self, config: TrackerConfig, n_slots: int) -> None:
        super().__init__()
        self.config = config
        n_folded = config.bins_per_block * config.frames_per_block
        widths = config.channels
        self.ensemble = Ensemble(n_slots, config.n_conditions)
        self.entry = nn.Conv2d(config.n_maps * n_folded, widths[0], 1)
        encoding, decoding = (
            [ConvBlock(width, config.n_conditions, causal=config.causal) for width in level_widths]
            for level_widths in (widths[:-1], widths[-2::-1])
        )
        self.encoder, self.decoder = nn.ModuleList(encoding), nn.ModuleList(decoding)
        pairs = list(itertools.pairwise(widths))
        strides = [(2, stride) for stride in config.time_strides]
        self.down = nn.ModuleList(
            nn.Conv2d(upper, lower, stride, stride=stride)
            for (upper, lower), stride in zip(pairs, strides, strict=True)
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(lower, upper, stride, stride=stride)
            for (upper, lower), stride in zip(pairs[::-1], strides[::-1], strict=True)
        )
        self.bottom = ConvBlock(widths[-1], config.n_conditions, causal=config.causal)
        n_bottom_bins = config.features.n_bins // config.bin_alignment
        self.context_in = nn.Linear(widths[-1] * n_bottom_bins, config.width)
        self.condition_in = nn.Linear(config.n_conditions, config.width)
        self.context = nn.ModuleList(
            RecurrentBlock(config.width) if config.causal else AttentionBlock(config.width, config.n_heads)
            for _ in range(config.n_layers)
        )
        self.context_out = nn.Linear(config.width, widths[-1] * n_bottom_bins)
        self.exit = nn.Conv2d(widths[0], n_slots * n_folded, 1)
        self.silence = nn.Linear(config.width, n_slots)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor, slots: Tensor, memory: Memory | None = None) -> _Heard:
        """Return what is heard in maps ``(batch, n_maps, n_pitches, n_frames)`` of the players of some slots."""
        condition = self.ensemble(slots)
        folded = folded_blocks(maps, self.config.bins_per_block, self.config.frames_per_block)
        inner = self.entry(folded.contiguous(memory_format=torch.channels_last))
        skips: list[Tensor] = []
        for block, down in zip(self.encoder, self.down, strict=True):
            skips.append(block(inner, condition, memory))
            inner = down(skips[-1])
        inner = self.bottom(inner, condition, memory)
        inner, context = self._in_context(inner, condition, memory)
        for up, block in zip(self.up, self.decoder, strict=True):
            inner = block(up(inner) + skips.pop(), condition, memory)
        logits = self._asked(self.exit(inner), slots)
        silence = self.silence(context).transpose(1, 2)
        index = slots.clamp(min=0)[..., None].expand(-1, -1, silence.shape[-1])
        silence = torch.gather(silence, 1, index).repeat_interleave(self.config.frame_alignment, dim=-1)
        logits = torch.cat([logits, silence[:, :, None].to(logits.dtype)], dim=2)
        return _Heard(logits=logits, context=context, maps=inner)

    def _in_context(self, inner: Tensor, condition: Tensor, memory: Memory | None) -> tuple[Tensor, Tensor]:
        """Let all frames see each other; return the maps and what they saw."""
        n_batch, n_channels, n_bins, n_frames = inner.shape
        tokens = self.context_in(inner.permute(0, 3, 1, 2).reshape(n_batch, n_frames, n_channels * n_bins))
        tokens = tokens + self.condition_in(condition)[:, None]
        for layer in self.context:
            tokens = layer(tokens, memory)
        back = self.context_out(tokens).reshape(n_batch, n_frames, n_channels, n_bins).permute(0, 2, 3, 1)
        return inner + back, tokens

    def _asked(self, maps: Tensor, slots: Tensor) -> Tensor:
        """Return the logits of the players asked for, unfolded to all bins and frames."""
        n_batch, _, n_blocks, n_frames = maps.shape
        bins, frames = self.config.bins_per_block, self.config.frames_per_block
        by_slot = maps.reshape(n_batch, -1, bins, frames, n_blocks, n_frames)
        index = slots.clamp(min=0)[..., None, None, None, None].expand(-1, -1, *by_slot.shape[2:])
        asked = torch.gather(by_slot, 1, index).permute(0, 1, 4, 2, 5, 3)
        return asked.reshape(n_batch, slots.shape[1], n_blocks * bins, n_frames * frames)


class _Players(nn.Module):
    """Lets every player follow its own line and see what the others play; gives changes of the logits."""

    def __init__(self, config: TrackerConfig, n_slots: int) -> None:
        super().__init__()
        self.config = config
        n_states = config.features.n_bins + 1
        width = config.player_width
        self.identity = nn.Embedding(n_slots, width)
        self.entry = nn.Linear(n_states * config.frames_per_block, width)
        self.context = nn.Linear(config.width, width)
        self.timbre = nn.Linear(config.channels[0], width) if config.timbre else None
        self.layers = nn.ModuleList(
            PlayerBlock(width, config.n_heads, causal=config.causal) for _ in range(config.n_player_layers)
        )
        self.norm = nn.LayerNorm(width)
        self.exit = nn.Linear(width, n_states * config.frames_per_block)
        nn.init.normal_(self.identity.weight, std=0.1)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)
        if self.timbre is not None:
            nn.init.zeros_(self.timbre.weight)
            nn.init.zeros_(self.timbre.bias)

    def forward(self, logits: Tensor, heard: _Heard, slots: Tensor, memory: Memory | None = None) -> Tensor:
        """Return changes of the shape of the logits."""
        n_batch, n_players, n_states, n_frames = logits.shape
        frames = self.config.frames_per_block
        shares = torch.softmax(logits, dim=2).clamp(min=_MIN_SHARE).sqrt()
        blocks = shares.reshape(n_batch, n_players, n_states, n_frames // frames, frames)
        tokens = self.entry(blocks.permute(0, 1, 3, 4, 2).flatten(-2))
        seen = self.context(heard.context).repeat_interleave(self.config.frame_alignment // frames, dim=1)
        tokens = tokens + seen[:, None] + self.identity(slots.clamp(min=0))[:, :, None]
        if self.timbre is not None:
            tokens = tokens + self.timbre(self._at_pitches(blocks, heard.maps))
        absent = slots < 0
        for layer in self.layers:
            tokens = layer(tokens, absent, memory)
        blocks = self.exit(self.norm(tokens))
        changes: Tensor = blocks.reshape(n_batch, n_players, n_frames // frames, frames, n_states)
        return changes.flatten(2, 3).transpose(2, 3)

    def _at_pitches(self, blocks: Tensor, maps: Tensor) -> Tensor:
        """Return what the maps hold at the pitches of every player, ``(batch, n, n_steps, n_channels)``."""
        shares = blocks[:, :, :-1].square().mean(dim=-1)  # of all pitches
        n_batch, n_players, _, n_steps = shares.shape
        by_block = shares.reshape(n_batch, n_players, -1, self.config.bins_per_block, n_steps).sum(dim=3)
        found: Tensor = torch.einsum("bnkt,bckt->bntc", by_block.to(maps.dtype), maps)
        return found


def _playable(config: TrackerConfig) -> Tensor:
    """Return which states every slot can be in, shape ``(n_slots, n_pitches + 1)``; silence is always one."""
    rows = []
    for instrument in config.instruments:
        lowest_hz, highest_hz = RANGES_HZ[instrument]
        row = (config.pitches_hz >= lowest_hz) & (config.pitches_hz <= highest_hz)
        rows += [functional.pad(row, (0, 1), value=True)] * N_VOICES
    playable: Tensor = torch.stack(rows)
    return playable
