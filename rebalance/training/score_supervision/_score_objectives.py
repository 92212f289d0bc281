"""What each of the three steps minimises, as objectives of the training loop."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rebalance._base.errors import ConfigError
from rebalance.separation.score_supervised import ScoreTcn
from rebalance.training.data import Batch
from rebalance.training.score_supervision import _score_losses as losses
from rebalance.training.score_supervision._heard_clips import clips_of, sources_of
from rebalance.training.score_supervision._piano_rolls import clip_activity
from rebalance.training.score_supervision._step_losses import (
    ScoreLossSettings,
    as_role,
    chances_of,
    criticised,
    estimates_of,
    frozen,
    remixed_clips,
    separated,
    sounding,
    stem_loss,
    transcribed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionObjective:
    """The first step: equation (4) on mixtures.

    Parameters
    ----------
    settings
        Weights of the losses.
    parts
        Names of the losses it returns.
    """

    settings: ScoreLossSettings
    parts: tuple[str, ...] = ("loss",)

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch, mean over its clips."""
        transcriptor = as_role(network, "transcriptor")
        return {"loss": transcribed(transcriptor, clips_of(batch, transcriptor), self.settings)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticObjective:
    """The second step: equation (8), the transcriptor staying as it is.

    Parameters
    ----------
    settings
        Weights of the losses.
    transcriptor
        The critic, trained in the first step.
    parts
        Names of the losses it returns.
    """

    settings: ScoreLossSettings
    transcriptor: ScoreTcn
    parts: tuple[str, ...] = ("loss", "score", "mixture")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch and its parts, mean over its clips."""
        separator = as_role(network, "separator")
        with frozen(self.transcriptor.eval()):
            return separated(separator, self.transcriptor, clips_of(batch, separator), self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisedObjective:
    """For comparison: the distance of magnitudes to those of the stems, which no other objective sees.

    Parameters
    ----------
    parts
        Names of the losses it returns.
    """

    parts: tuple[str, ...] = ("loss",)

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch, mean over its clips."""
        separator = as_role(network, "separator")
        clips = clips_of(batch, separator)
        return {"loss": stem_loss(estimates_of(separator, clips), sources_of(clips, separator)).mean()}


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiSupervisedObjective:
    """A few clips with stems beside many with scores alone: equation (8) on all, the distance to stems where there are.

    Parameters
    ----------
    settings
        Weights of equation (8).
    transcriptor
        The critic, which stays as it is.
    n_with_stems
        The first so many clips of a batch have stems.
    stem_weight
        Of the distance to the stems.
    parts
        Names of the terms of the loss.

    Examples
    --------
    >>> from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
    >>> from rebalance.training.score_supervision import ScoreLossSettings, SemiSupervisedObjective
    >>> critic = ScoreTcn(TcnConfig(role="transcriptor", bottleneck=8, hidden=8, n_blocks=2))
    >>> SemiSupervisedObjective(settings=ScoreLossSettings(), transcriptor=critic, n_with_stems=2).parts
    ('loss', 'score', 'mixture', 'stems')

    Source: named as future work in Hung, Wichern and Le Roux 2021, section 4; the form is this project's.
    """

    settings: ScoreLossSettings
    transcriptor: ScoreTcn
    n_with_stems: int
    stem_weight: float = 1.0
    parts: tuple[str, ...] = ("loss", "score", "mixture", "stems")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch and its parts, means over clips."""
        separator = as_role(network, "separator")
        clips = clips_of(batch, separator)
        estimates = estimates_of(separator, clips)
        with frozen(self.transcriptor.eval()):
            figures = criticised(estimates, self.transcriptor, clips, self.settings, sounding(separator, clips))
        known = slice(0, self.n_with_stems)
        stems = stem_loss(estimates[known], sources_of(clips, separator)[known]).mean()
        return {**figures, "loss": figures["loss"] + self.stem_weight * stems, "stems": stems}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationObjective:
    """The first step of the baseline: who plays at every frame, on mixtures.

    Parameters
    ----------
    parts
        Names of the losses it returns.
    """

    parts: tuple[str, ...] = ("loss",)

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch, mean over its clips."""
        classifier = as_role(network, "classifier")
        clips = clips_of(batch, classifier)
        return {"loss": losses.classification_loss(classifier(clips.mixture), clips.roll.amax(dim=2)).mean()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedObjective:
    """The second step of the baseline: a classifier as critic, which knows when an instrument plays, not what.

    Parameters
    ----------
    settings
        Weights of the losses.
    classifier
        The critic, trained in the first step.
    parts
        Names of the losses it returns.
    """

    settings: ScoreLossSettings
    classifier: ScoreTcn
    parts: tuple[str, ...] = ("loss", "score", "mixture")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch and its parts, mean over its clips."""
        separator = as_role(network, "separator")
        clips = clips_of(batch, separator)
        estimates = estimates_of(separator, clips)
        playing = clips.roll.amax(dim=2)
        with frozen(self.classifier.eval()):
            logits: Tensor = self.classifier(estimates.flatten(0, 1))
            logits = logits.reshape(*estimates.shape[:2], *logits.shape[1:])
        score = torch.zeros(len(estimates), device=estimates.device)
        for instrument in range(estimates.shape[1]):
            alone = losses.own_part(playing, instrument)
            score = score + losses.classification_loss(logits[:, instrument], alone)
        active = clip_activity(clips.roll)
        mixture = self.settings.alpha_2 * losses.mixture_loss(clips.mixture, estimates, active)
        return {"loss": (score + mixture).mean(), "score": score.mean(), "mixture": mixture.mean()}


class Joint(nn.Module):
    """Separator and transcriptor of the third step side by side.

    Parameters
    ----------
    separator
        A network of that role.
    transcriptor
        A network of that role.

    Raises
    ------
    ConfigError
        If a network has another role.
    """

    def __init__(self, separator: ScoreTcn, transcriptor: ScoreTcn) -> None:
        super().__init__()
        self.separator = as_role(separator, "separator")
        self.transcriptor = as_role(transcriptor, "transcriptor")


@dataclass(frozen=True, slots=True, kw_only=True)
class JointObjective:
    """The third step: equation (8) for the separator and (11) for the transcriptor, neither moving the other.

    Parameters
    ----------
    settings
        Weights of the losses, and the adversary.
    parts
        Names of the losses it returns.
    """

    settings: ScoreLossSettings
    parts: tuple[str, ...] = ("loss", "score", "mixture", "transcription", "adversary")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the sum of both losses and its parts, mean over the clips of a batch."""
        if not isinstance(network, Joint):
            raise ConfigError(where="third step", expected="a separator and a transcriptor", got=type(network).__name__)
        clips = clips_of(batch, network.separator)
        with frozen(network.transcriptor):
            separator = separated(network.separator, network.transcriptor, clips, self.settings)
        with torch.no_grad():
            estimates = estimates_of(network.separator, clips)
        transcription = transcribed(network.transcriptor, clips, self.settings)
        adversary = self._adversary(network.transcriptor, estimates, clips.roll)
        return {
            "loss": separator["loss"] + transcription + adversary,
            "score": separator["score"],
            "mixture": separator["mixture"],
            "transcription": transcription,
            "adversary": adversary,
        }

    def _adversary(self, transcriptor: ScoreTcn, estimates: Tensor, roll: Tensor) -> Tensor:
        """Return what the transcriptor loses by being right about estimates; they pass no gradient on."""
        if self.settings.adversary == "none":
            return torch.zeros((), device=roll.device)
        if self.settings.adversary == "mixture":
            remixed, scores = remixed_clips(estimates, roll)
            chances = torch.sigmoid(transcriptor(remixed))
            return self.settings.alpha_3 * losses.adversarial_mixture_loss(chances, scores).mean()
        chances = chances_of(transcriptor, estimates, torch.ones_like(roll[:, :, 0, 0], dtype=torch.bool))
        total = torch.zeros((), device=roll.device)
        for instrument in range(roll.shape[1]):
            total = total + losses.adversarial_transcription_loss(chances[:, instrument], roll, instrument).mean()
        return self.settings.beta_3 * total
