"""Validation during training: quick figures on held-out mixtures, by instrument and by what is unseen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rebalance.training.losses import edit_gains
from rebalance.training.mixing import Batch, Mixer

_TINY = 1e-10
_LIMIT_DB = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """Measures a network on the same held-out batches every time.

    Parameters
    ----------
    mixers
        Of held-out stems, by the name of what is unseen in them.
    n_batches
        Of each.
    """

    mixers: Mapping[str, Mixer]
    n_batches: int

    def __call__(self, network: nn.Module, step: int) -> dict[str, float]:  # noqa: ARG002 - the same at every step
        """Return figures in dB; larger is better.

        ``"<name>/remix"``: error of the remix of random gains against that of leaving the mixture alone, mean.
        ``"<name>/<instrument>"``: improvement of the signal-to-distortion ratio over the mixture, mean.
        ``"<name>/worst"``: the smallest of these over instruments. ``"selection"``: the remix figure plus the
        worst instrument's, of the name where their sum is smallest.
        """
        figures: dict[str, float] = {}
        sums = []
        for name, mixer in self.mixers.items():
            improvements: dict[str, list[float]] = defaultdict(list)
            remixes: list[float] = []
            for step_ in range(self.n_batches):
                _measure(network, mixer, mixer.batch(step_), improvements, remixes)
            by_instrument = {instrument: float(np.mean(values)) for instrument, values in sorted(improvements.items())}
            figures[f"{name}/remix"] = float(np.mean(remixes))
            figures[f"{name}/worst"] = min(by_instrument.values())
            figures |= {f"{name}/{instrument}": value for instrument, value in by_instrument.items()}
            sums.append(figures[f"{name}/remix"] + figures[f"{name}/worst"])
        figures["selection"] = min(sums)
        return figures


def _measure(
    network: nn.Module, mixer: Mixer, batch: Batch, improvements: dict[str, list[float]], remixes: list[float]
) -> None:
    """Add the figures of one batch."""
    with torch.inference_mode():
        mixture = batch.mixture
        estimates = network(mixture, batch.slots)
        change = edit_gains(batch.gains_db, batch.slots >= 0)[:, :, None, None]
        true_edit, guess_edit = (change * batch.sources).sum(dim=1), (change * estimates).sum(dim=1)
    for index in range(len(mixture)):
        remixes.append(float(_ratio_db(true_edit[index], true_edit[index] - guess_edit[index])))
        for number, slot in enumerate(batch.slots[index].tolist()):
            if slot < 0:
                continue
            source = batch.sources[index, number]
            after = _ratio_db(source, source - estimates[index, number])
            before = _ratio_db(source, source - mixture[index])
            improvements[mixer.voices[slot][0]].append(float(after - before))


def _ratio_db(signal: Tensor, error: Tensor) -> Tensor:
    """Return the energy of a signal over that of an error in dB, within limits."""
    ratio = (signal.square().sum() + _TINY) / (error.square().sum() + _TINY)
    return (10 * torch.log10(ratio)).clamp(-_LIMIT_DB, _LIMIT_DB)
