"""Quick figures on held-out mixtures, for validation during training and for comparing networks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rebalance._base.errors import AudioError
from rebalance.training._haaqi_gain import haaqi_gain
from rebalance.training._losses import edit_gains
from rebalance.training.data import Batch, Mixer

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
        Number of batches of each mixer.
    """

    mixers: Mapping[str, Mixer]
    n_batches: int

    def __call__(self, network: nn.Module, step: int) -> dict[str, float]:  # noqa: ARG002 - the same at every step
        """Return figures; larger is better.

        ``"<name>/haaqi"``: HAAQI of the remix of random gains less that of the mixture, mean.
        ``"<name>/worst"``: the same of the mixtures with the instrument that gains least.
        ``"<name>/remix"``: error of the remix against that of leaving the mixture alone, mean, in dB.
        ``"<name>/<instrument>"``: improvement of the signal-to-distortion ratio over the mixture, mean, in dB.
        ``"selection"``: the mean of ``haaqi`` and ``worst``, of the name where it is smallest.
        """
        figures: dict[str, float] = {}
        selections = []
        for name, mixer in self.mixers.items():
            measured = measured_mixtures(network, mixer, self.n_batches)
            improvements: dict[str, list[float]] = defaultdict(list)
            gains: dict[str, list[float]] = defaultdict(list)
            for mixture in measured:
                for instrument, improvement_db in mixture.improvements_db:
                    improvements[instrument].append(improvement_db)
                    if mixture.haaqi_gain is not None:
                        gains[instrument].append(mixture.haaqi_gain)
            heard = [mixture.haaqi_gain for mixture in measured if mixture.haaqi_gain is not None]
            if not heard:
                raise AudioError(f"no mixture of {name} can be heard", where="validation")
            figures[f"{name}/haaqi"] = float(np.mean(heard))
            figures[f"{name}/worst"] = min(float(np.mean(values)) for values in gains.values())
            figures[f"{name}/remix"] = float(np.mean([mixture.remix_db for mixture in measured]))
            figures |= {f"{name}/{key}": float(np.mean(values)) for key, values in sorted(improvements.items())}
            selections.append((figures[f"{name}/haaqi"] + figures[f"{name}/worst"]) / 2)
        figures["selection"] = min(selections)
        return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMixture:
    """The figures of one held-out mixture.

    Parameters
    ----------
    haaqi_gain
        HAAQI of the remix of random gains less that of the mixture; None where nothing can be heard.
    remix_db
        Error of the remix against that of leaving the mixture alone, in dB, positive where it is smaller.
    improvements_db
        Instrument of every source with the improvement of its signal-to-distortion ratio over the mixture, in dB.
    """

    haaqi_gain: float | None
    remix_db: float
    improvements_db: tuple[tuple[str, float], ...]

    @property
    def improvement_db(self) -> float:
        """Mean improvement of the sources in dB."""
        return float(np.mean([improvement_db for _, improvement_db in self.improvements_db]))


def held_out_figures(network: nn.Module, mixers: Mapping[str, Mixer], n_batches: int = 32) -> pd.DataFrame:
    """Return what a network reaches, a row per held-out mixture.

    Parameters
    ----------
    network
        The network to measure.
    mixers
        Of held-out stems, by the name of what is unseen in them.
    n_batches
        Number of batches of each mixer.

    Returns
    -------
    pandas.DataFrame
        Columns ``sounds``, the name of the mixer; ``mixture``, its number; and of every `MeasuredMixture`
        ``improvement_db``, ``remix_db`` and ``haaqi_gain``, which is not a number where nothing can be heard.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from rebalance.separation.mask_network import MaskNetwork
    >>> from rebalance.training import Experiment, held_out_figures, held_out_mixers, read_settings
    >>> from rebalance.training.data import write_tones
    >>> settings = {
    ...     "network": {"unet": {"channels": [4, 8], "n_conditions": 8}},
    ...     "mixing": {"batch_size": 1, "crop_samples": 16_384},
    ...     "train": {"steps": 1, "warmup_steps": 1, "decay_steps": 1, "loss": {"masks_only": True}},
    ...     "validation_batches": 1,
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tones(folder)
    ...     settings["data"] = {"train": [folder], "held_out": {"tones": folder}}
    ...     with Path(folder, "config.yaml").open("w") as file:
    ...         json.dump(settings, file)
    ...     experiment = read_settings(Path(folder, "config.yaml"), Experiment)
    ...     mixers = held_out_mixers(experiment, torch.device("cpu"))
    ...     figures = held_out_figures(MaskNetwork(experiment.network).eval(), mixers, n_batches=1)
    >>> list(figures.columns), len(figures)
    (['sounds', 'mixture', 'improvement_db', 'remix_db', 'haaqi_gain'], 1)
    """
    rows = [
        {
            "sounds": name,
            "mixture": number,
            "improvement_db": mixture.improvement_db,
            "remix_db": mixture.remix_db,
            "haaqi_gain": np.nan if mixture.haaqi_gain is None else mixture.haaqi_gain,
        }
        for name, mixer in mixers.items()
        for number, mixture in enumerate(measured_mixtures(network, mixer, n_batches))
    ]
    return pd.DataFrame(rows)


def measured_mixtures(network: nn.Module, mixer: Mixer, n_batches: int) -> list[MeasuredMixture]:
    """Measure a network on the first batches of a mixer, the same mixtures every time."""
    batches = (mixer.batch(number) for number in range(n_batches))
    return [mixture for batch in batches for mixture in _measured(network, mixer, batch)]


def _measured(network: nn.Module, mixer: Mixer, batch: Batch) -> Iterator[MeasuredMixture]:
    """Measure the mixtures of one batch."""
    with torch.inference_mode():
        mixture = batch.mixture
        estimates = network(mixture, batch.slots)
        change = edit_gains(batch.gains_db, batch.slots >= 0)[:, :, None, None]
        true_edit, guess_edit = (change * batch.sources).sum(dim=1), (change * estimates).sum(dim=1)
    for index in range(len(mixture)):
        improvements_db = []
        for number, slot in enumerate(batch.slots[index].tolist()):
            if slot < 0:
                continue
            source = batch.sources[index, number]
            after = _ratio_db(source, source - estimates[index, number])
            before = _ratio_db(source, source - mixture[index])
            improvements_db.append((mixer.voices[slot][0], float(after - before)))
        signals = (mixture[index], true_edit[index], guess_edit[index])
        yield MeasuredMixture(
            haaqi_gain=haaqi_gain(*(signal.float().cpu().numpy() for signal in signals)),
            remix_db=float(_ratio_db(true_edit[index], true_edit[index] - guess_edit[index])),
            improvements_db=tuple(improvements_db),
        )


def _ratio_db(signal: Tensor, error: Tensor) -> Tensor:
    """Return the energy of a signal over that of an error in dB, within limits."""
    ratio = (signal.square().sum() + _TINY) / (error.square().sum() + _TINY)
    return (10 * torch.log10(ratio)).clamp(-_LIMIT_DB, _LIMIT_DB)
