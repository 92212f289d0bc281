"""The three steps of learning to separate from scores, each a run of its own that resumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation import ModelCard
from rebalance.separation.networks import chosen_device
from rebalance.separation.score_supervised import Role, ScoreTcn, TcnConfig, save_score_separator
from rebalance.training._experiment import Data
from rebalance.training._loop import Objective, TrainSettings, train
from rebalance.training._run_state import load_average
from rebalance.training._transcribing import mixer_of
from rebalance.training.data import MixingSettings
from rebalance.training.score_supervision import (
    ClassificationObjective,
    ClassifiedObjective,
    CriticObjective,
    Joint,
    JointObjective,
    ScoreLossSettings,
    SupervisedObjective,
    TranscriptionObjective,
)

Step: TypeAlias = Literal["transcriptor", "separator", "joint", "supervised", "classifier", "classified"]
_MIN_REMIXED = 3
_ROLES: Mapping[Step, Role] = MappingProxyType(
    {
        "transcriptor": "transcriptor",
        "separator": "separator",
        "joint": "separator",
        "supervised": "separator",
        "classifier": "classifier",
        "classified": "separator",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreExperiment:
    """Everything that decides what one of the steps gives.

    Parameters
    ----------
    step
        ``"transcriptor"``, ``"separator"`` with the transcriptor as it is, ``"joint"``; for comparison
        ``"supervised"``, the separator from stems, and ``"classifier"`` and ``"classified"``, a classifier of who plays
        in place of the transcriptor, and the separator from it.
    data
        Stems with their notes; only the supervised step sees stems apart.
    network
        Sizes of both networks; the role follows from the step.
    mixing
        How mixtures are made.
    train
        How long and how fast; its ``loss`` is not used.
    loss
        Weights of the losses.
    transcriptor
        Folder of the run of the first step, for the second and third; that of the classifier for the classified one.
    separator
        Folder of the run of the second step, for the third.

    Raises
    ------
    ConfigError
        If a step lacks the run of one before it, or the adversarial mixture loss has fewer than three clips to mix.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import read_settings, ScoreExperiment
    >>> experiment = read_settings(Path("recipes/score_supervision/config.yaml"), ScoreExperiment)
    >>> experiment.step, experiment.network.role
    ('transcriptor', 'transcriptor')
    """

    step: Step
    data: Data
    network: TcnConfig = field(default_factory=lambda: TcnConfig(role="transcriptor"))
    mixing: MixingSettings = field(default_factory=MixingSettings)
    train: TrainSettings
    loss: ScoreLossSettings = field(default_factory=ScoreLossSettings)
    transcriptor: Path | None = None
    separator: Path | None = None

    def __post_init__(self) -> None:
        if self.step not in _ROLES:
            raise ConfigError(where="step", expected=f"one of {', '.join(_ROLES)}", got=repr(self.step))
        object.__setattr__(self, "network", replace(self.network, role=_ROLES[self.step]))
        if self.step in ("separator", "joint", "classified") and self.transcriptor is None:
            raise ConfigError(where=f"step {self.step}", expected="transcriptor, the run of the first step", got="none")
        if self.step == "joint" and self.separator is None:
            raise ConfigError(where="step joint", expected="separator, the run of the second step", got="none")
        if self.step == "joint" and self.loss.adversary == "mixture" and self.mixing.batch_size < _MIN_REMIXED:
            raise ConfigError(
                where="mixing.batch_size",
                expected=f"{_MIN_REMIXED} or more clips to remix estimates of",
                got=str(self.mixing.batch_size),
            )

    @property
    def description(self) -> dict[str, Any]:
        """What must stay when a run is continued, apart from how it is trained."""
        return {
            "step": self.step,
            "network": asdict(self.network),
            "mixing": asdict(self.mixing),
            "score": asdict(self.loss),
        }


def run_score_experiment(
    experiment: ScoreExperiment, run: StrPath, *, device: str = "auto", stop_after: int | None = None
) -> nn.Module:
    """Train what a step describes in the folder of a run, continuing where it was left.

    Parameters
    ----------
    experiment
        What to do.
    run
        Folder of logs and state.
    device
        As for `rebalance.separation.load_separator`.
    stop_after
        See `rebalance.training._loop.train`.

    Returns
    -------
    torch.nn.Module
        The running average of what was trained: a `ScoreTcn`, or both in the third step.

    Raises
    ------
    ConfigError
        If the run belongs to other settings, or the run of a step before cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import RebalanceError
    >>> from rebalance.training import read_settings, ScoreExperiment, run_score_experiment
    >>> path = Path("recipes/score_supervision/config.yaml")
    >>> experiment = read_settings(path, ScoreExperiment, ("step=separator", "transcriptor=not-trained"))
    >>> with tempfile.TemporaryDirectory() as run:
    ...     try:
    ...         run_score_experiment(experiment, Path(run), device="cpu")
    ...     except RebalanceError as error:
    ...         print(error.where)
    not-trained/state.safetensors
    """
    run = expanded(run)
    chosen = chosen_device(device)
    torch.manual_seed(experiment.train.seed)
    network, objective = _begun(experiment)
    mixer = mixer_of(experiment.data, experiment.mixing, experiment.network.instruments, experiment.train.seed, chosen)
    return train(
        network,
        mixer,
        experiment.train,
        run,
        device=chosen,
        description=experiment.description,
        stop_after=stop_after,
        objective=objective,
    )


def export_score_separator(experiment: ScoreExperiment, run: StrPath, path: StrPath, card: ModelCard) -> None:
    """Write the separator of a run as a checkpoint that `rebalance.separation.load_separator` reads.

    Parameters
    ----------
    experiment
        What was trained.
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
    separator = ScoreTcn(experiment.network)
    if experiment.step == "joint":
        both = Joint(separator, ScoreTcn(replace(experiment.network, role="transcriptor")))
        load_average(both, expanded(run) / "state.safetensors")
    else:
        load_average(separator, expanded(run) / "state.safetensors")
    save_score_separator(path, separator, card)


def _begun(experiment: ScoreExperiment) -> tuple[nn.Module, Objective]:
    """Return what a step trains and minimises, with the weights of the steps before."""
    network = ScoreTcn(experiment.network)
    if experiment.step == "transcriptor":
        return network, TranscriptionObjective(settings=experiment.loss)
    if experiment.step == "supervised":
        return network, SupervisedObjective()
    if experiment.step == "classifier":
        return network, ClassificationObjective()
    assert experiment.transcriptor is not None
    critic: Role = "classifier" if experiment.step == "classified" else "transcriptor"
    transcriptor = ScoreTcn(replace(experiment.network, role=critic))
    load_average(transcriptor, experiment.transcriptor / "state.safetensors")
    if experiment.step == "classified":
        return network, ClassifiedObjective(settings=experiment.loss, classifier=transcriptor)
    if experiment.step == "separator":
        return network, CriticObjective(settings=experiment.loss, transcriptor=transcriptor)
    assert experiment.separator is not None
    load_average(network, experiment.separator / "state.safetensors")
    return Joint(network, transcriptor), JointObjective(settings=experiment.loss)
