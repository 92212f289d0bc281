"""Training one network of IASS, or the Open-Unmix it is compared with, on the same mixtures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from rebalance._base.files import StrPath, expanded
from rebalance.separation import ModelCard
from rebalance.separation.iass import Iass, save_iass
from rebalance.separation.networks import chosen_device
from rebalance.separation.xumx import Xumx, save_xumx
from rebalance.training._iass_networks import begun_network, untrained_network
from rebalance.training._iass_settings import IassExperiment
from rebalance.training._loop import train
from rebalance.training._loop_protocols import Objective
from rebalance.training._loss_validation import LossValidation
from rebalance.training._run_state import load_average
from rebalance.training._xumx_loss import XumxObjective
from rebalance.training.data import PlainMixer, open_library

_HELD_OUT_SEED = 1_000


def run_iass_experiment(
    experiment: IassExperiment, run: StrPath, *, device: str = "auto", stop_after: int | None = None
) -> nn.Module:
    """Train what an experiment describes in the folder of a run, continuing where it was left.

    Parameters
    ----------
    experiment
        Settings of network, mixtures and training.
    run
        Folder of logs, state and best weights.
    device
        As for `rebalance.separation.load_separator`.
    stop_after
        Stop once so many steps of the run are done, the schedule being that of the whole run.

    Returns
    -------
    torch.nn.Module
        The running average: an `Iass`, or an `Xumx` of one target, which is an Open-Unmix.

    Raises
    ------
    MetadataError
        If no piece has the target.
    ConfigError
        If the run belongs to other settings.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import RebalanceError
    >>> from rebalance.training import IassExperiment, read_settings, run_iass_experiment
    >>> experiment = read_settings(Path("recipes/iass/published.yaml"), IassExperiment, ("data.train=[nowhere]",))
    >>> with tempfile.TemporaryDirectory() as run:
    ...     try:
    ...         run_iass_experiment(experiment, Path(run), device="cpu")
    ...     except RebalanceError as error:
    ...         print(error.where)
    nowhere/stems.json
    """
    chosen = chosen_device(device)
    mixer = _mixer(experiment, experiment.data.train, experiment.train.seed, chosen)
    torch.manual_seed(experiment.train.seed)
    network = begun_network(experiment, mixer)
    validate = None
    if experiment.data.valid:
        held_out = _mixer(experiment, experiment.data.valid, _HELD_OUT_SEED, chosen)
        validate = LossValidation(
            figures=_objective(experiment), batches=held_out, n_batches=experiment.validation_batches
        )
    return train(
        network,
        mixer,
        experiment.train,
        expanded(run),
        device=chosen,
        description=experiment.description,
        validate=validate,
        stop_after=stop_after,
        objective=_objective(experiment),
    )


def export_iass(experiment: IassExperiment, run: StrPath, path: StrPath, card: ModelCard) -> None:
    """Write the network of a run as a file for `iass:FOLDER`, or `xumx:FOLDER` where it is an Open-Unmix.

    The best weights by validation are taken where there was one, else the last running average.

    Parameters
    ----------
    experiment
        As the run was trained.
    run
        Its folder.
    path
        Ends in ``.safetensors``.
    card
        What is known of the weights.

    Raises
    ------
    ConfigError
        If there is no such run or it does not fit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.training import IassExperiment, export_iass, read_settings
    >>> experiment = read_settings(Path("recipes/iass/published.yaml"), IassExperiment)
    >>> export_iass(experiment, "not-begun", "mine.safetensors", ModelCard())
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-begun/state.safetensors: expected the state of a training run: ...
    """
    network = trained_iass(experiment, run)
    described = replace(card, training={**card.training, "System": experiment.system})
    if isinstance(network, Iass):
        save_iass(path, network, described)
    else:
        save_xumx(path, network, described)


def trained_iass(experiment: IassExperiment, run: StrPath) -> Iass | Xumx:
    """Return the network of a run in evaluation mode; see `export_iass`.

    Parameters
    ----------
    experiment
        As the run was trained.
    run
        Its folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import IassExperiment, read_settings, trained_iass
    >>> experiment = read_settings(Path("recipes/iass/published.yaml"), IassExperiment)
    >>> trained_iass(experiment, "not-begun")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-begun/state.safetensors: expected the state of a training run: ...
    """
    best, last = (expanded(run) / f"{name}.safetensors" for name in ("best", "state"))
    chosen = best if experiment.data.valid and best.exists() else last
    network = untrained_network(experiment)
    load_average(network, chosen)
    return network.eval()


def _objective(experiment: IassExperiment) -> Objective:
    """Return what a system minimises; all of them have the squared distance of magnitudes in common."""
    if experiment.system == "open-unmix":
        return XumxObjective(time_weight=0.0)
    no_bce = experiment.system == "iass-no-bce"
    return replace(experiment.objective, activity_weight=0.0) if no_bce else experiment.objective


def _mixer(experiment: IassExperiment, folders: tuple[Path, ...], seed: int, device: torch.device) -> PlainMixer:
    """Return what makes the mixtures from the stems in some folders."""
    library = open_library(folders, any_instrument=True)
    return PlainMixer(stem_library=library, settings=experiment.mixing, seed=seed, device=device)
