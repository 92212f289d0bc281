"""What player trackers minimise, and how they are measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rebalance._base.errors import ConfigError
from rebalance.separation.player_tracker import TrackerNetwork
from rebalance.training._pitch_labels import IGNORED, PitchTargets, pitch_labels, pitch_targets
from rebalance.training.data import Batch, Mixer

_TOLERANCE_BINS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingLoss:
    """Weights of what a tracker minimises.

    Parameters
    ----------
    smoothing
        Share of the target that is spread over all states.
    spread
        Share of the target of a pitch that each of its two neighbours gets.
    first
        Weight of the logits before the players have seen each other.
    """

    smoothing: float = 0.02
    spread: float = 0.1
    first: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingObjective:
    """Cross-entropy of the states of all players, an objective of the training loop."""

    settings: TrackingLoss
    parts: tuple[str, ...] = ("loss", "first", "accuracy")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch and the share of sounding frames that are right."""
        if not isinstance(network, TrackerNetwork):
            raise ConfigError(where="tracking", expected="a tracker network", got=f"{type(network).__name__}")
        targets = pitch_targets(network, batch)
        tracked = network(batch.mixture, batch.slots)
        refined = state_loss(tracked.logits, targets, self.settings)
        first = state_loss(tracked.first, targets, self.settings)
        labels = targets.labels
        sounding = (labels >= 0) & (labels < network.config.features.n_bins)
        right = (tracked.logits.argmax(dim=2) - labels).abs() <= _TOLERANCE_BINS
        accuracy = right[sounding].float().mean() if sounding.any() else torch.zeros(())
        return {"loss": refined + self.settings.first * first, "first": first, "accuracy": accuracy}


def state_loss(logits: Tensor, targets: PitchTargets, settings: TrackingLoss) -> Tensor:
    """Return the cross-entropy of states with targets that are a little blurred.

    Parameters
    ----------
    logits
        Shape ``(batch, n, n_pitches + 1, n_frames)``; silence is the last state.
    targets
        What is to be found.
    settings
        How much they are blurred.
    """
    known = targets.states != IGNORED
    chosen = logits.transpose(2, 3)[known]
    log_shares = torch.log_softmax(chosen, dim=-1)
    share = targets.share[known]
    newest, earlier = (
        _blurred(log_shares, states[known], offsets[known], settings.spread)
        for states, offsets in ((targets.states, targets.offsets), (targets.earlier, targets.earlier_offsets))
    )
    right = (1 - share) * newest + share * earlier
    possible = chosen > -20.0
    even = (log_shares * possible).sum(dim=-1) / possible.sum(dim=-1)
    return -((1 - settings.smoothing) * right + settings.smoothing * even).mean()


def _blurred(log_shares: Tensor, states: Tensor, offsets: Tensor, spread: float) -> Tensor:
    """Return the logarithm of the shares of pitches between two states, a part of it that of the states beside them.

    The mean of what is asked for is the pitch itself, so that shares tell pitches more finely than their states.
    """
    n_pitches = log_shares.shape[1] - 1
    pitched = states < n_pitches
    lower = torch.where(offsets < 0, states - 1, states)
    part = torch.where(offsets < 0, offsets + 1, offsets)
    weights = torch.stack([spread * (1 - part), (1 - 2 * spread) * (1 - part) + spread * part])
    weights = torch.cat([weights, torch.stack([(1 - 2 * spread) * part + spread * (1 - part), spread * part])])
    places = (lower + torch.arange(-1, 3, device=states.device)[:, None]).clamp(0, n_pitches - 1)
    between = (weights * log_shares.gather(1, places.T).T.clamp(min=-40.0)).sum(dim=0)
    return torch.where(pitched, between, log_shares[:, n_pitches])


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameAccuracy:
    """Measures a tracker on the same held-out batches every time.

    Parameters
    ----------
    mixers
        Of held-out stems, by name.
    n_batches
        Number of batches of each mixer.
    """

    mixers: Mapping[str, Mixer]
    n_batches: int

    def __call__(self, network: nn.Module, step: int) -> dict[str, float]:  # noqa: ARG002 - the same at every step
        """Return figures; larger is better.

        ``"<name>/frames"``: share of the frames in which a player sounds that have its pitch within 33 cents;
        ``"<name>/<instrument>"``: the same of one instrument; ``"<name>/silence"``: share of the silent frames that
        are found silent; ``"selection"``: the mean of ``frames``.
        """
        figures: dict[str, float] = {}
        for name, mixer in self.mixers.items():
            by_kind = self._measured(network, mixer)
            figures |= {f"{name}/{kind}": float(np.mean(values)) for kind, values in sorted(by_kind.items())}
        figures["selection"] = float(np.mean([figures[f"{name}/frames"] for name in self.mixers]))
        return figures

    def _measured(self, network: nn.Module, mixer: Mixer) -> dict[str, list[float]]:
        """Return the shares of every source of the batches of a mixer, by kind."""
        found: dict[str, list[float]] = defaultdict(list)
        for number in range(self.n_batches):
            batch = mixer.batch(number)
            with torch.inference_mode():
                assert isinstance(network, TrackerNetwork)
                labels = pitch_labels(network, batch)
                states = network(batch.mixture, batch.slots).logits.argmax(dim=2)
            silence = network.config.features.n_bins
            for place in (batch.slots >= 0).nonzero().tolist():
                true, guess = labels[tuple(place)], states[tuple(place)]
                sounding, silent = (true >= 0) & (true < silence), true == silence
                if sounding.any():
                    right = float(((guess - true).abs() <= _TOLERANCE_BINS)[sounding].float().mean())
                    found["frames"].append(right)
                    found[mixer.voices[int(batch.slots[tuple(place)])][0]].append(right)
                if silent.any():
                    found["silence"].append(float((guess == silence)[silent].float().mean()))
        return found
