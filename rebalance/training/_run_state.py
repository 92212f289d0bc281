"""The whole state of a training run in one safetensors file: nothing is pickled, and a run resumes exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.training._loop_protocols import Optimiser
from rebalance.training._schedule import ScheduleState
from rebalance.training._train_settings import TrainSettings

_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come.

    Parameters
    ----------
    step
        Steps done.
    seconds
        Time spent on them, over all interruptions.
    schedule
        How validation has gone.
    """

    step: int
    seconds: float
    schedule: ScheduleState = field(default_factory=ScheduleState)


def save_state(
    path: Path,
    network: nn.Module,
    average: nn.Module,
    optimiser: Optimiser,
    progress: Progress,
    settings: Mapping[str, Any],
) -> None:
    """Write network, running average, optimiser and progress, whole or not at all.

    Random numbers need no state of their own: every step draws from a generator named after it.
    """
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    metadata = {
        "version": _VERSION,
        "step": str(progress.step),
        "seconds": str(progress.seconds),
        "schedule": json.dumps(asdict(progress.schedule)),
        "settings": json.dumps(settings, sort_keys=True),
    }
    contiguous = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    with replacing(path) as temporary:
        save_file(contiguous, temporary, metadata=metadata)


def load_state(
    path: Path,
    network: nn.Module,
    average: nn.Module,
    optimiser: Optimiser,
    settings: Mapping[str, Any],
) -> Progress:
    """Read what `save_state` wrote into the given objects.

    Raises
    ------
    ConfigError
        If the file is no such state, belongs to other settings, or does not fit the network.
    """
    tensors, metadata = _read(path)
    progress = _progress(path, metadata, settings)
    try:
        network.load_state_dict(_below(tensors, "network."))
        average.load_state_dict(_below(tensors, "average."))
    except RuntimeError as error:
        raise ConfigError(f"does not fit the network: {' '.join(str(error).split())[:300]}", where=path) from error
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _below(tensors, "optimiser.").items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return progress


def load_average(network: nn.Module, path: Path) -> None:
    """Give a network the running average of the parameters in a state, or the weights of `save_weights`.

    Raises
    ------
    ConfigError
        If the file is neither, or does not fit the network.
    """
    load_weights(network, average_of(path), path)


def load_weights(network: nn.Module, weights: Mapping[str, torch.Tensor], path: Path) -> None:
    """Give a network weights.

    Parameters
    ----------
    network
        What gets them.
    weights
        Of all parameters, by name.
    path
        Where they come from.

    Raises
    ------
    ConfigError
        If they do not fit the network.
    """
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise ConfigError(f"does not fit the network: {str(error).splitlines()[0]}", where=path) from error


def grown_weights(
    network: nn.Module, weights: Mapping[str, torch.Tensor], may_lack: tuple[str, ...]
) -> dict[str, torch.Tensor]:
    """Return the weights of a smaller network for a larger one, which then gives what the smaller gave.

    A layer may have more inputs; they follow those there were, and have no weight.

    Parameters
    ----------
    network
        The larger network.
    weights
        Of the smaller one, by name.
    may_lack
        How the names of layers begin that change nothing before they are trained: the smaller network may lack them.
    """
    own = network.state_dict()
    grown = {name: value for name, value in own.items() if name.startswith(may_lack)} | dict(weights)
    for name, value in weights.items():
        if name in own and value.ndim > 1 and value.shape[1] < own[name].shape[1]:
            more = torch.zeros_like(own[name])
            if (value.shape[0], *value.shape[2:]) == (more.shape[0], *more.shape[2:]):
                more[:, : value.shape[1]] = value
                grown[name] = more
    return grown


def average_of(path: Path) -> dict[str, torch.Tensor]:
    """Return the running average of the parameters in a state, or the weights of `save_weights`, by name.

    Raises
    ------
    ConfigError
        If the file is neither.
    """
    tensors, metadata = _read(path)
    if metadata.get("version") == _VERSION:
        return _below(tensors, "average.")
    if metadata.get("weights") != _VERSION:
        raise ConfigError(where=path, expected=f"the state or the best weights of a training run, version {_VERSION}")
    return tensors


class Continued(Protocol):
    """An experiment that can be continued."""

    @property
    def train(self) -> TrainSettings: ...

    @property
    def description(self) -> Mapping[str, Any]: ...


def progress_of_run(experiment: Continued, run: StrPath) -> Progress:
    """Return how far the run of an experiment has come.

    Parameters
    ----------
    experiment
        What is trained: anything with ``train``, its `TrainSettings`, and ``description``, what else must stay when a
        run is continued.
    run
        Folder of the run.

    Raises
    ------
    ConfigError
        If there is no such run, or it was started with other settings.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import Experiment, progress_of_run, read_recipe
    >>> progress_of_run(read_recipe(Path("recipes/default"), "default", Experiment), Path("not-begun"))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-begun/state.safetensors: expected the state of a training run: ...
    """
    return progress_of(
        expanded(run) / "state.safetensors", {"train": experiment.train.lasting, **experiment.description}
    )


def progress_of(path: Path, settings: Mapping[str, Any]) -> Progress:
    """Return how far the run of a state has come.

    Raises
    ------
    ConfigError
        If the file is no such state, or belongs to other settings.
    """
    return _progress(path, _read(path)[1], settings)


def _progress(path: Path, metadata: Mapping[str, str], settings: Mapping[str, Any]) -> Progress:
    """Return the progress in the metadata of a file, if it is a state with these settings."""
    if metadata.get("version") != _VERSION:
        raise ConfigError(where=path, expected=f"the state of a training run, version {_VERSION}")
    stored = json.loads(metadata["settings"])
    if changed := sorted(key for key in {*stored, *settings} if stored.get(key) != _plain(settings.get(key))):
        raise ConfigError(
            f"the run was started with other settings of {', '.join(changed)}; use a new folder", where=path
        )
    schedule = ScheduleState(**json.loads(metadata.get("schedule", "{}")))
    return Progress(step=int(metadata["step"]), seconds=float(metadata["seconds"]), schedule=schedule)


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ConfigError(where=path, expected="the state of a training run", more=f": {error}") from error


def _below(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Return the tensors of one prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as JSON would give it back."""
    return json.loads(json.dumps(value))


def save_weights(path: Path, network: nn.Module) -> None:
    """Write the parameters and buffers of a network alone, in full precision."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={"weights": _VERSION})
