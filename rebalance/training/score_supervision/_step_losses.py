"""What the objectives of the steps are made of: their weights, and the losses of networks on clips."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from rebalance._base.errors import ConfigError
from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
from rebalance.training.score_supervision import _score_losses as losses
from rebalance.training.score_supervision._heard_clips import Clips
from rebalance.training.score_supervision._piano_rolls import (
    DEFAULT_N_HARMONICS,
    clip_activity,
    harmonic_activity,
    harmonic_matrix,
)

Adversary: TypeAlias = Literal["none", "mixture", "transcription"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLossSettings:
    """Weights of the losses, by the names of the paper.

    Parameters
    ----------
    alpha_1, beta_1
        Of the loss of instruments and of pitches, equation (4).
    alpha_2, beta_2
        Of the mixture loss by the clip and by the harmonics, equation (8); 0 leaves one out.
    alpha_3, beta_3
        Of the adversarial mixture and transcription loss, equation (11).
    adversary
        Which of these two is used in the third step.
    n_harmonics
        How many harmonics a note has; the paper does not tell.
    activity
        Share of the frames in which each instrument plays, by which rare ones are weighed up; none when empty.
    """

    alpha_1: float = 0.03
    beta_1: float = 0.1
    alpha_2: float = 1.0
    beta_2: float = 0.1
    alpha_3: float = 0.2
    beta_3: float = 0.05
    adversary: Adversary = "none"
    n_harmonics: int = DEFAULT_N_HARMONICS
    activity: tuple[float, ...] = ()

    def instrument_weights(self) -> Tensor | None:
        """Return the weights of the instruments: the inverse of activity, of mean 1; 1 where one never plays."""
        if not any(self.activity):
            return None
        activity = torch.tensor(self.activity)
        played = activity > 0
        weights = torch.ones_like(activity)
        weights[played] = 1.0 / activity[played]
        weights[played] /= weights[played].mean()
        return weights


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Keep the parameters of a network out of what is differentiated."""
    before = [parameter.requires_grad for parameter in network.parameters()]
    network.requires_grad_(requires_grad=False)
    try:
        yield
    finally:
        for parameter, wanted in zip(network.parameters(), before, strict=True):
            parameter.requires_grad = wanted


def transcribed(transcriptor: ScoreTcn, clips: Clips, settings: ScoreLossSettings) -> Tensor:
    """Return equation (4), mean over clips."""
    chances = torch.sigmoid(transcriptor(clips.mixture))
    weights = settings.instrument_weights()
    own = losses.transcription_loss(chances, clips.roll, alpha=settings.alpha_1, beta=settings.beta_1, weights=weights)
    return own.mean()


def separated(
    separator: ScoreTcn, transcriptor: ScoreTcn, clips: Clips, settings: ScoreLossSettings
) -> dict[str, Tensor]:
    """Return equation (8) and its parts, mean over clips."""
    return criticised(estimates_of(separator, clips), transcriptor, clips, settings, sounding(separator, clips))


def sounding(separator: ScoreTcn, clips: Clips) -> Tensor:
    """Return which estimates may sound, ``(batch, n_instruments)``: a separator that is told leaves out the others."""
    return clips.players if separator.config.needs_players else torch.ones_like(clips.players)


def criticised(
    estimates: Tensor, transcriptor: ScoreTcn, clips: Clips, settings: ScoreLossSettings, heard: Tensor
) -> dict[str, Tensor]:
    """Return equation (8) of estimates and its parts, mean over clips.

    Estimates that are not ``heard`` (of `sounding`) are silent whatever the separator does; what the transcriptor finds
    in them is left out.
    """
    weights = settings.instrument_weights()
    chances = chances_of(transcriptor, estimates, heard)
    score = torch.zeros(len(estimates), device=estimates.device)
    for instrument in range(estimates.shape[1]):
        own = losses.own_score_loss(chances[:, instrument], clips.roll, instrument, weights)
        score = score + own * heard[:, instrument]
    mixture = torch.zeros_like(score)
    if settings.alpha_2:
        mixture = settings.alpha_2 * losses.mixture_loss(clips.mixture, estimates, clip_activity(clips.roll))
    if settings.beta_2:
        matrix = _harmonics(transcriptor.config, settings.n_harmonics).to(estimates.device)
        active = harmonic_activity(clips.roll, matrix)
        mixture = mixture + settings.beta_2 * losses.mixture_loss(clips.mixture, estimates, active)
    return {"loss": (score + mixture).mean(), "score": score.mean(), "mixture": mixture.mean()}


def chances_of(transcriptor: ScoreTcn, estimates: Tensor, heard: Tensor) -> Tensor:
    """Return what is found in estimates, ``(batch, n_estimates, n_instruments, n_notes, n_frames)``; 0 if not heard."""
    found = torch.sigmoid(transcriptor(estimates[heard]))
    chances = found.new_zeros(*estimates.shape[:2], *found.shape[1:])
    chances[heard] = found
    return chances


def stem_loss(estimates: Tensor, sources: Tensor) -> Tensor:
    """Return the distance of magnitudes to those of the stems, summed, shape ``(batch,)``."""
    return (estimates - sources).abs().flatten(1).sum(dim=1)


@functools.lru_cache(maxsize=4)
def _harmonics(config: TcnConfig, n_harmonics: int) -> Tensor:
    """Return which bins lie at the harmonics of each note; made once for a network."""
    return harmonic_matrix(config, n_harmonics)


def estimates_of(separator: ScoreTcn, clips: Clips) -> Tensor:
    """Return the magnitudes a separator finds in mixtures; no score is seen."""
    return separator.masks(clips.mixture, clips.players) * clips.mixture[:, None]


def remixed_clips(estimates: Tensor, roll: Tensor) -> tuple[Tensor, Tensor]:
    """Return mixtures ``(batch, n_bins, n_frames)`` of estimates of different clips, and their scores.

    Every instrument comes from another clip: that of instrument i from the clip i places on.
    """
    places = [torch.roll(torch.arange(len(roll)), -instrument) for instrument in range(roll.shape[1])]
    remixed = torch.stack([estimates[place, instrument] for instrument, place in enumerate(places)], dim=1)
    scores = torch.stack([roll[place, instrument] for instrument, place in enumerate(places)], dim=1)
    return remixed.sum(dim=1), scores


def as_role(network: nn.Module, role: str) -> ScoreTcn:
    """Return a network if it has a role."""
    if not isinstance(network, ScoreTcn) or network.config.role != role:
        found = network.config.role if isinstance(network, ScoreTcn) else type(network).__name__
        raise ConfigError(where="score supervision", expected=f"a {role}", got=str(found))
    return network
