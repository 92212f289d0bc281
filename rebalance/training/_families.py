"""Training X-UMX, one model for each family of the orchestra, as SynthSOD's baseline does, and adapting it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rebalance._base.files import StrPath, expanded
from rebalance.separation import ModelCard
from rebalance.separation.networks import chosen_device
from rebalance.separation.xumx import MAX_TRACK_S, ROWS, XUMX_FAMILIES, TrackScore, Xumx, save_xumx, score_track
from rebalance.training._family_adaptation import (
    AdversarialObjective,
    AdversarialXumx,
    TwoDomains,
    magnitude_statistics,
    renormalise,
)
from rebalance.training._family_settings import FamilyExperiment
from rebalance.training._loop import train
from rebalance.training._loop_protocols import BatchMaker, Objective
from rebalance.training._loss_validation import LossValidation
from rebalance.training._run_state import load_average, save_weights
from rebalance.training._xumx_loss import XumxObjective
from rebalance.training.data import Batch, PlainMixer, PlainMixingSettings, open_library

_LOG = logging.getLogger(__name__)
_HELD_OUT_SEED = 20_251
_REST = -1


def train_family(experiment: FamilyExperiment, run: StrPath, *, device: str = "auto") -> Xumx:
    """Train or adapt the model of a family in the folder of a run, continuing where it was left.

    Parameters
    ----------
    experiment
        What to train, on what, and how.
    run
        Folder of the run.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.

    Returns
    -------
    Xumx
        The model of the last step; `best_of_family` gives the best one.

    Raises
    ------
    ConfigError
        If the run belongs to other settings.
    MetadataError
        If a library is missing or holds no stem of the family.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import FamilyExperiment, train_family
    >>> experiment = FamilyExperiment(family="brass", stems=(Path("nowhere"),), held_out=(Path("nowhere"),))
    >>> train_family(experiment, "run", device="cpu")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: nowhere/stems.json: expected the manifest of a stem library: ...

    Source: SynthSOD's baseline (arXiv 2409.10995). Validation crops differ within a track, where the published ones are
    the same.
    """
    run = expanded(run)
    chosen = chosen_device(device)
    mixer = family_mixer(experiment, experiment.stems, chosen, experiment.train.seed)
    settings = experiment.train.settings(mixer.steps_per_epoch)
    torch.manual_seed(settings.seed)
    network = _begun(experiment, mixer, fresh=not (run / "state.safetensors").exists())
    if experiment.adaptation == "statistics":
        renormalise(network.to(chosen), mixer, n_batches=settings.steps)
        save_weights(run / "best.safetensors", network)
        return network
    learning = _learning(experiment, network, mixer)
    average = train(
        learning.module,
        learning.batches,
        settings,
        run,
        device=chosen,
        description=experiment.description,
        validate=_validation(experiment, chosen),
        objective=learning.objective,
    )
    return _xumx_of(average)


def best_of_family(experiment: FamilyExperiment, run: StrPath) -> Xumx:
    """Return the model of a run that did best in validation, ready to separate.

    Parameters
    ----------
    experiment
        As the run was trained.
    run
        Its folder.

    Raises
    ------
    ConfigError
        If there is no such run, or its network has other sizes.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import FamilyExperiment, best_of_family
    >>> experiment = FamilyExperiment(family="brass", stems=(Path("stems"),), held_out=(Path("held-out"),))
    >>> best_of_family(experiment, "not-begun")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-begun/best.safetensors: expected the state of a training run: ...
    """
    network = Xumx(experiment.config)
    trained = AdversarialXumx(network) if experiment.adaptation == "adversarial" else network
    load_average(trained, expanded(run) / "best.safetensors")
    return network.eval()


def export_family(experiment: FamilyExperiment, run: StrPath, folder: StrPath, card: ModelCard) -> Path:
    """Write the best model of a run as ``<folder>/<family>.safetensors``, which ``xumx:<folder>`` serves.

    Parameters
    ----------
    experiment
        As the run was trained.
    run
        Its folder.
    folder
        Folder the checkpoint is written to.
    card
        What is known of the weights.

    Raises
    ------
    ConfigError
        As `best_of_family`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.training import FamilyExperiment, export_family
    >>> experiment = FamilyExperiment(family="brass", stems=(Path("stems"),), held_out=(Path("held-out"),))
    >>> export_family(experiment, "not-begun", "models", ModelCard())
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-begun/best.safetensors: expected the state of a training run: ...
    """
    path = expanded(folder) / f"{experiment.family}.safetensors"
    save_xumx(path, best_of_family(experiment, run), card)
    return path


def score_families(
    library: StrPath,
    networks: Sequence[Xumx],
    *,
    sample_rate: int,
    window: int = 4096,
    hop: int = 1024,
    rows: Collection[str] = ROWS,
) -> tuple[TrackScore, ...]:
    """Score models of families, and the rows without a model, on every whole piece of a library.

    Pieces of more than half an hour are left out, as in the published evaluation, and so are those in which one target
    sounds alone, such as duets of one instrument: there is nothing to separate. The log names them.

    Parameters
    ----------
    library
        Folder of stems.
    networks
        With different targets; none for the rows without a model.
    sample_rate
        Of the stems, in Hz.
    window, hop, rows
        See `rebalance.separation.xumx.score_track`.

    Raises
    ------
    MetadataError
        If the library is missing or damaged.
    ConfigError
        If the sample rate is not that of the stems, or of a model.

    Examples
    --------
    >>> from rebalance.training import score_families
    >>> score_families("nowhere", [], sample_rate=44_100)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: nowhere/stems.json: expected the manifest of a stem library: ...
    """
    targets = {name: labels for family in XUMX_FAMILIES.values() for name, labels in family.items()}
    settings = PlainMixingSettings(targets=targets)
    stems = open_library([library], any_instrument=True, sample_rate=sample_rate)
    mixer = PlainMixer(stem_library=stems, settings=settings, seed=0, device=torch.device("cpu"))
    scores: list[TrackScore] = []
    for name in stems.by_rendition:
        whole = mixer.whole_piece(name)
        if reason := _why_left_out(whole, sample_rate):
            _LOG.warning("%s is left out: %s", name, reason)
            continue
        sources = dict(zip(targets, whole[:_REST], strict=True))
        scores += score_track(
            name, sources, whole[_REST], networks, sample_rate=sample_rate, window=window, hop=hop, rows=rows
        )
    return tuple(scores)


def _why_left_out(whole: NDArray[np.float32], sample_rate: int) -> str | None:
    """Return why a piece is not judged, given as ``(n_targets + 1, n_samples)``, the rest last; None if it is."""
    sounding = np.asarray(whole.any(axis=1))
    if not sounding[:_REST].any():
        return "no target sounds"
    if np.count_nonzero(sounding) == 1:
        return "one target sounds alone"
    return "it is longer than half an hour" if whole.shape[1] > MAX_TRACK_S * sample_rate else None


def family_mixer(experiment: FamilyExperiment, folders: Sequence[Path], device: torch.device, seed: int) -> PlainMixer:
    """Return what makes the mixtures of a family from some libraries; the orchestra's other parts are in them."""
    mixing = experiment.mixing
    settings = PlainMixingSettings(
        targets=XUMX_FAMILIES[experiment.family],
        batch_size=mixing.batch_size,
        crop_samples=round(mixing.crop_s * experiment.network.sample_rate),
        crops_per_piece=mixing.crops_per_piece,
        gains=mixing.gains,
    )
    library = open_library(folders, any_instrument=True, sample_rate=experiment.network.sample_rate)
    return PlainMixer(stem_library=library, settings=settings, seed=seed, device=device)


def _validation(experiment: FamilyExperiment, device: torch.device) -> LossValidation:
    """Return the validation of an experiment: the loss of the model alone."""
    held_out = family_mixer(experiment, experiment.held_out, device, _HELD_OUT_SEED)
    objective = XumxObjective(time_weight=experiment.train.time_weight)

    def loss_alone(average: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        return {"loss": objective(_xumx_of(average), batch)["loss"]}

    n_batches = experiment.validation_batches or held_out.steps_per_epoch
    return LossValidation(figures=loss_alone, batches=held_out, n_batches=n_batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learning:
    """What learns, from what, and what it minimises."""

    module: nn.Module
    batches: BatchMaker
    objective: Objective


def _learning(experiment: FamilyExperiment, network: Xumx, mixer: PlainMixer) -> _Learning:
    """Return what learns in an experiment: the network, or both it and its adversary."""
    objective = XumxObjective(time_weight=experiment.train.time_weight)
    if experiment.adaptation != "adversarial":
        return _Learning(module=network, batches=mixer, objective=objective)
    other = family_mixer(experiment, experiment.unlabelled, mixer.device, experiment.train.seed + 1)
    return _Learning(
        module=AdversarialXumx(network),
        batches=TwoDomains(labelled=mixer, unlabelled=other),
        objective=AdversarialObjective(labelled=objective),
    )


def _begun(experiment: FamilyExperiment, mixer: PlainMixer, *, fresh: bool) -> Xumx:
    """Return the network a run begins with; where it goes on, its saved state follows."""
    network = Xumx(experiment.config)
    if experiment.start is not None:
        load_average(network, experiment.start / "best.safetensors")
    elif fresh:
        network.standardise(*magnitude_statistics(network, mixer))
    return network


def _xumx_of(module: nn.Module) -> Xumx:
    """Return the network itself, without the classifier it was trained beside."""
    network = module.network if isinstance(module, AdversarialXumx) else module
    assert isinstance(network, Xumx)
    return network
