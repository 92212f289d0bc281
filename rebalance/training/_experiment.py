"""One experiment: from its settings to a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation.mask_network import N_VOICES, MaskNetwork, MaskNetworkConfig
from rebalance.separation.networks import chosen_device
from rebalance.training._loop import train
from rebalance.training._run_state import load_average
from rebalance.training._tracking import Tracker
from rebalance.training._train_settings import TrainSettings
from rebalance.training.data import Mixer, MixingSettings, open_library, open_rooms

_HELD_OUT_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Where the material lies.

    Parameters
    ----------
    train
        Folders of stems to train with.
    held_out
        Folders of stems to validate with, by the name of what is unseen in them.
    rooms, held_out_rooms
        Files of room responses; None for dry mixtures.
    """

    train: tuple[Path, ...]
    held_out: dict[str, Path]
    rooms: Path | None = None
    held_out_rooms: Path | None = None

    def require_held_out(self) -> None:
        """Raise if there is nothing to validate with."""
        if not self.held_out:
            raise ConfigError(where="data.held_out", expected="one or more folders of stems to validate on", got="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Everything that decides what a training run gives.

    Parameters
    ----------
    data
        What to train with.
    network
        Sizes of the mask network.
    mixing
        How mixtures are made.
    train
        How long and how fast.
    validation_batches
        Of every held-out folder.
    start
        Weights a new run begins with: ``state.safetensors`` or ``best.safetensors`` of another one of the same
        network; None for random ones.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import Experiment, read_recipe
    >>> experiment = read_recipe(Path("recipes/default"), "default", Experiment)
    >>> sorted(experiment.data.held_out), sorted(experiment.description)
    (['seen', 'unseen'], ['mixing', 'network'])
    """

    data: Data
    network: MaskNetworkConfig
    mixing: MixingSettings
    train: TrainSettings
    validation_batches: int = 8
    start: Path | None = None

    @property
    def description(self) -> dict[str, Any]:
        """What must stay when a run is continued, apart from how it is trained: not the sizes of the other family."""
        network = asdict(self.network)
        del network["band_split" if self.network.family == "u-net" else "unet"]
        return {"network": network, "mixing": self.mixing.lasting}


def run_experiment(
    experiment: Experiment, run: StrPath, *, device: str = "auto", stop_after: int | None = None
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

    Raises
    ------
    ConfigError
        If the run, or the weights to start with, belong to other settings.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.training import Experiment, progress_of_run, read_settings, run_experiment
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
    ...     average = run_experiment(experiment, Path(folder, "run"), device="cpu")
    ...     print(progress_of_run(experiment, Path(folder, "run")).step)
    1
    >>> type(average).__name__
    'MaskNetwork'
    """
    experiment.data.require_held_out()
    run = expanded(run)
    chosen = chosen_device(device)
    torch.manual_seed(experiment.train.seed)
    network = MaskNetwork(experiment.network)
    if experiment.start is not None:
        load_average(network, experiment.start)
    tracker = Tracker(mixers=held_out_mixers(experiment, chosen), n_batches=experiment.validation_batches)
    return train(
        network,
        mixer(experiment, experiment.data.train, experiment.data.rooms, chosen),
        experiment.train,
        run,
        device=chosen,
        description=experiment.description,
        validate=tracker,
        stop_after=stop_after,
    )


def mixer(experiment: Experiment, folders: tuple[Path, ...], rooms: Path | None, device: torch.device) -> Mixer:
    """Return what makes the mixtures of an experiment from some folders."""
    bank = None if rooms is None else open_rooms(rooms, n_fft=experiment.mixing.n_fft, device=device)
    instruments = experiment.network.instruments
    return Mixer(
        stem_library=open_library(folders),
        rooms=bank,
        voices=tuple((instrument, voice + 1) for instrument in instruments for voice in range(N_VOICES)),
        settings=experiment.mixing,
        seed=experiment.train.seed,
        device=device,
    )


def held_out_mixers(experiment: Experiment, device: torch.device) -> Mapping[str, Mixer]:
    """Return what makes the validation mixtures, the same for every run: no equaliser or retuning, rooms and levels.

    Parameters
    ----------
    experiment
        Names the held-out stems and rooms.
    device
        Where the mixtures are made.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from rebalance.training import Experiment, held_out_mixers, read_settings
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
    ...     batch = held_out_mixers(experiment, torch.device("cpu"))["tones"].batch(0)
    >>> batch.sources.shape
    torch.Size([1, 2, 2, 16384])
    """
    quiet = replace(experiment, mixing=experiment.mixing.plain, train=replace(experiment.train, seed=_HELD_OUT_SEED))
    rooms = experiment.data.held_out_rooms
    return {name: mixer(quiet, (folder,), rooms, device) for name, folder in experiment.data.held_out.items()}
