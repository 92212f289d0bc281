"""The three steps of learning to separate from scores, each a run of its own that resumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation import ModelCard
from rebalance.separation.networks import chosen_device
from rebalance.separation.score_supervised import Role, ScoreTcn, save_score_separator
from rebalance.training._loop import train
from rebalance.training._loop_protocols import BatchMaker, Objective
from rebalance.training._loss_validation import LossValidation
from rebalance.training._run_state import load_average
from rebalance.training._score_settings import CRITICISED, ScoreExperiment, Step
from rebalance.training.data import (
    Batch,
    ClipMaker,
    JoinedClips,
    ScoredTrack,
    frame_activity,
    read_scored_tracks,
)
from rebalance.training.score_supervision import (
    ClassificationObjective,
    ClassifiedObjective,
    CriticObjective,
    Joint,
    JointObjective,
    ScoreLossSettings,
    SemiSupervisedObjective,
    SupervisedObjective,
    TranscriptionObjective,
)

_VALIDATION_SEED = 0


def without_adversary(objective: Objective) -> Callable[[nn.Module, Batch], dict[str, torch.Tensor]]:
    """Return the loss of a step on a batch, what is adversarial left out.

    Source: "the loss on the validation set" of Hung, Wichern and Le Roux 2021, section 3.2. The adversarial terms have
    no lower bound, and how well a fake is not transcribed says nothing of either network.
    """

    def loss_of(network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        figures = objective(network, batch)
        return {"loss": figures["loss"].double() - figures.get("adversary", torch.zeros(())).double()}

    return loss_of


def run_score_experiment(
    experiment: ScoreExperiment, run: StrPath, *, device: str = "auto", stop_after: int | None = None
) -> nn.Module:
    """Train what a step describes in the folder of a run, continuing where it was left.

    Parameters
    ----------
    experiment
        Settings of the step: network, clips and training.
    run
        Folder of logs and state.
    device
        As for `rebalance.separation.load_separator`.
    stop_after
        Stop once so many steps of the run are done, the schedule being that of the whole run.

    Returns
    -------
    torch.nn.Module
        The running average of what was trained: a `ScoreTcn`, or both in the third step. What validated best lies in
        the folder, see `trained_score_network`.

    Raises
    ------
    ConfigError
        If the run belongs to other settings, or the run of a step before cannot be read.
    MetadataError
        If the tracks cannot be read, or are shorter than a clip.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import RebalanceError
    >>> from rebalance.training import read_settings, ScoreExperiment, run_score_experiment
    >>> path = Path("recipes/score_supervision/config.yaml")
    >>> experiment = read_settings(path, ScoreExperiment, ("data.train=[no-tracks]",))
    >>> with tempfile.TemporaryDirectory() as run:
    ...     try:
    ...         run_score_experiment(experiment, Path(run), device="cpu")
    ...     except RebalanceError as error:
    ...         print(error.where)
    no-tracks
    """
    chosen = chosen_device(device)
    torch.manual_seed(experiment.train.seed)
    tracks = _tracks(experiment, experiment.data.train)
    loss = experiment.loss
    if experiment.weigh_instruments:
        loss = replace(loss, activity=frame_activity(tracks, experiment.network.hop))
    network, objective = _begun(experiment, loss)
    return train(
        network,
        _clips(experiment, tracks),
        experiment.train,
        expanded(run),
        device=chosen,
        description=experiment.description,
        validate=_validation(experiment, loss, objective),
        stop_after=stop_after,
        objective=objective,
    )


def _validation(experiment: ScoreExperiment, loss: ScoreLossSettings, objective: Objective) -> LossValidation:
    """Return what a step is judged by; the semi-supervised one by scores alone, as no stems are held out for it."""
    if experiment.step == "semi-supervised":
        objective = _begun(replace(experiment, step="separator"), loss)[1]
    tracks = _tracks(experiment, experiment.data.validation)
    clips = ClipMaker(tracks=tracks, settings=experiment.clips, seed=_VALIDATION_SEED)
    return LossValidation(figures=without_adversary(objective), batches=clips, n_batches=experiment.validation_batches)


def trained_score_network(experiment: ScoreExperiment, run: StrPath) -> nn.Module:
    """Return what a run has trained, as it validated best: a `ScoreTcn`, or a `Joint` of the third step.

    Parameters
    ----------
    experiment
        As the run was trained.
    run
        Its folder.

    Raises
    ------
    ConfigError
        If there is no such run, or it does not fit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import read_settings, ScoreExperiment, trained_score_network
    >>> experiment = read_settings(Path("recipes/score_supervision/config.yaml"), ScoreExperiment)
    >>> trained_score_network(experiment, "not-begun")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-begun/state.safetensors: expected the state of a training run: ...
    """
    network: nn.Module = ScoreTcn(experiment.network)
    if experiment.step == "joint":
        network = Joint(ScoreTcn(experiment.network), ScoreTcn(replace(experiment.network, role="transcriptor")))
    load_average(network, _weights_of(expanded(run)))
    return network.eval()


def export_score_separator(experiment: ScoreExperiment, run: StrPath, path: StrPath, card: ModelCard) -> None:
    """Write the separator of a run as a checkpoint that `rebalance.separation.load_separator` reads.

    Parameters
    ----------
    experiment
        Settings of the run whose separator is written.
    run
        Folder of the run.
    path
        Where to; the ending is ``.safetensors``.
    card
        How and on what it was trained.

    Raises
    ------
    ConfigError
        If the run is that of a transcriptor, or does not fit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.training import read_settings, ScoreExperiment, export_score_separator
    >>> experiment = read_settings(Path("recipes/score_supervision/config.yaml"), ScoreExperiment)
    >>> export_score_separator(experiment, "run", "mine.safetensors", ModelCard())
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: export: expected a run that trains a separator, got step transcriptor
    """
    if experiment.network.role != "separator":
        raise ConfigError(where="export", expected="a run that trains a separator", got=f"step {experiment.step}")
    network = trained_score_network(experiment, run)
    separator = network.separator if isinstance(network, Joint) else network
    assert isinstance(separator, ScoreTcn)
    save_score_separator(path, separator, card)


def _weights_of(run: Path) -> Path:
    """Return the file of what a run has trained: the best by validation, or the last where there was none."""
    best = run / "best.safetensors"
    return best if best.exists() else run / "state.safetensors"


def _tracks(experiment: ScoreExperiment, folders: tuple[Path, ...]) -> tuple[ScoredTrack, ...]:
    """Read tracks for the network of an experiment."""
    return read_scored_tracks(folders, experiment.network.instruments, experiment.network.sample_rate)


def _clips(experiment: ScoreExperiment, tracks: tuple[ScoredTrack, ...]) -> BatchMaker:
    """Return what makes the batches of a step; those of the semi-supervised one begin with clips that have stems."""
    seed = experiment.train.seed
    if experiment.step != "semi-supervised":
        return ClipMaker(tracks=tracks, settings=experiment.clips, seed=seed)
    n_with_stems = experiment.clips.batch_size // 2
    with_stems = replace(experiment.clips, batch_size=n_with_stems)
    others = replace(experiment.clips, batch_size=experiment.clips.batch_size - n_with_stems)
    stems = ClipMaker(tracks=_tracks(experiment, experiment.data.stems), settings=with_stems, seed=seed)
    return JoinedClips(makers=(stems, ClipMaker(tracks=tracks, settings=others, seed=seed)))


def _begun(experiment: ScoreExperiment, loss: ScoreLossSettings) -> tuple[nn.Module, Objective]:
    """Return what a step trains and minimises, with the weights of the steps before."""
    network = ScoreTcn(experiment.network)
    if experiment.transcriptor is None or experiment.step not in CRITICISED:
        return network, _ALONE[experiment.step](loss)
    critic: Role = "classifier" if experiment.step == "classified" else "transcriptor"
    transcriptor = ScoreTcn(replace(experiment.network, role=critic))
    load_average(transcriptor, _weights_of(experiment.transcriptor))
    if experiment.step == "classified":
        return network, ClassifiedObjective(settings=loss, classifier=transcriptor)
    if experiment.step == "separator":
        return network, CriticObjective(settings=loss, transcriptor=transcriptor)
    if experiment.step == "semi-supervised":
        n_with_stems = experiment.clips.batch_size // 2
        return network, SemiSupervisedObjective(settings=loss, transcriptor=transcriptor, n_with_stems=n_with_stems)
    assert experiment.separator is not None
    load_average(network, _weights_of(experiment.separator))
    return Joint(network, transcriptor), JointObjective(settings=loss)


_ALONE: Mapping[Step, Callable[[ScoreLossSettings], Objective]] = MappingProxyType(
    {
        "transcriptor": lambda loss: TranscriptionObjective(settings=loss),
        "supervised": lambda _: SupervisedObjective(),
        "classifier": lambda _: ClassificationObjective(),
    }
)
