"""Training player trackers: one experiment from settings to network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation.mask_network import N_VOICES
from rebalance.separation.networks import chosen_device
from rebalance.separation.player_tracker import (
    Refiner,
    TrackerConfig,
    TrackerNetwork,
    is_tracker_checkpoint,
    load_tracker_checkpoint,
)
from rebalance.training._experiment import Data
from rebalance.training._loop import train
from rebalance.training._run_state import average_of, grown_weights, load_weights
from rebalance.training._tracking_objective import FrameAccuracy, TrackingLoss, TrackingObjective
from rebalance.training._train_settings import TrainSettings
from rebalance.training.data import Batch, Mixer, MixingSettings, open_library, open_rooms

_HELD_OUT_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerExperiment:
    """Everything that decides what training a tracker gives.

    Parameters
    ----------
    data
        What to train with.
    network
        Sizes of the tracker.
    mixing
        How mixtures are made.
    train
        How long and how fast; its ``loss`` is that of separators and not used.
    loss
        Weights of the terms of the loss.
    mono_share
        Share of the mixtures whose channels are made alike; of the others half have them swapped.
    validation_batches
        Of every held-out folder.
    start
        State of another run, or checkpoint that ships, whose weights a new run begins with.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import TrackerExperiment, read_recipe
    >>> experiment = read_recipe(Path("recipes/tracker"), "default", TrackerExperiment)
    >>> experiment.mono_share, sorted(experiment.description)
    (0.2, ['mixing', 'mono_share', 'network', 'tracking'])
    """

    data: Data
    network: TrackerConfig = field(default_factory=TrackerConfig)
    mixing: MixingSettings = field(default_factory=MixingSettings)
    train: TrainSettings
    loss: TrackingLoss = field(default_factory=TrackingLoss)
    mono_share: float = 0.2
    validation_batches: int = 16
    start: Path | None = None

    @property
    def description(self) -> dict[str, Any]:
        """What must stay when a run is continued, apart from how it is trained."""
        return {
            "network": asdict(self.network),
            "mixing": self.mixing.lasting,
            "tracking": asdict(self.loss),
            "mono_share": self.mono_share,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VariedMixer:
    """Makes the channels of some mixtures alike and swaps those of others: recordings differ in how wide they are."""

    mixer: Mixer
    mono_share: float

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the batch of a step."""
        batch = self.mixer.batch(step, rank=rank)
        rng = np.random.default_rng([self.mixer.seed, rank, step, 1])
        sounds = [batch.sources] if batch.background is None else [batch.sources, batch.background]
        for index in range(len(batch.sources)):
            alike = rng.uniform() < self.mono_share
            swapped = not alike and rng.uniform() < 0.5
            for sound in sounds:
                if alike:
                    sound[index] = sound[index].mean(dim=-2, keepdim=True)
                elif swapped:
                    sound[index] = sound[index].flip(-2)
        return batch


def run_tracker_experiment(
    experiment: TrackerExperiment, run: StrPath, *, device: str = "auto", stop_after: int | None = None
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
    >>> from rebalance.training import TrackerExperiment, progress_of_run, read_settings, run_tracker_experiment
    >>> from rebalance.training.data import write_tones
    >>> settings = {
    ...     "network": {"channels": [4, 8], "time_strides": [2], "width": 8, "n_layers": 1, "player_width": 8},
    ...     "mixing": {"batch_size": 1, "crop_samples": 16_384},
    ...     "train": {"steps": 1, "warmup_steps": 1, "decay_steps": 1, "loss": {"masks_only": True}},
    ...     "validation_batches": 1,
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tones(folder)
    ...     settings["data"] = {"train": [folder], "held_out": {"tones": folder}}
    ...     with Path(folder, "config.yaml").open("w") as file:
    ...         json.dump(settings, file)
    ...     experiment = read_settings(Path(folder, "config.yaml"), TrackerExperiment)
    ...     average = run_tracker_experiment(experiment, Path(folder, "run"), device="cpu")
    ...     print(progress_of_run(experiment, Path(folder, "run")).step)
    1
    >>> type(average).__name__
    'TrackerNetwork'
    """
    experiment.data.require_held_out()
    run = expanded(run)
    chosen = chosen_device(device)
    torch.manual_seed(experiment.train.seed)
    network = TrackerNetwork(experiment.network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if experiment.start is not None:
        begin_with(network, experiment.start)
    mixer = mixer_of(experiment.data, experiment.mixing, experiment.network.instruments, experiment.train.seed, chosen)
    return train(
        network,
        VariedMixer(mixer=mixer, mono_share=experiment.mono_share),
        experiment.train,
        run,
        device=chosen,
        description=experiment.description,
        validate=FrameAccuracy(mixers=_held_out(experiment, chosen), n_batches=experiment.validation_batches),
        stop_after=stop_after,
        objective=TrackingObjective(settings=experiment.loss),
    )


def begin_with(network: TrackerNetwork | Refiner, path: Path) -> None:
    """Give a tracker or a refiner the weights of a run, or those of a checkpoint that ships.

    A network that has more layers or sees more than that of the weights gives at first what that gave.

    Raises
    ------
    ConfigError
        If the file is neither, or does not fit the network.
    """
    if not is_tracker_checkpoint(path):
        load_weights(network, grown_weights(network, average_of(path), network.may_lack), path)
        return
    checkpoint = load_tracker_checkpoint(path, alone=True)
    found = checkpoint.network if isinstance(network, TrackerNetwork) else checkpoint.refiner
    if found is None:
        raise ConfigError(where=path, expected="a tracker with a refiner", found="one without")
    load_weights(network, grown_weights(network, found.state_dict(), network.may_lack), path)


def mixer_of(data: Data, mixing: MixingSettings, instruments: Sequence[str], seed: int, device: torch.device) -> Mixer:
    """Return what makes the training mixtures of some data."""
    bank = None if data.rooms is None else open_rooms(data.rooms, n_fft=mixing.n_fft, device=device)
    return Mixer(
        stem_library=open_library(data.train),
        rooms=bank,
        voices=tuple((instrument, voice + 1) for instrument in instruments for voice in range(N_VOICES)),
        settings=mixing,
        seed=seed,
        device=device,
    )


def _held_out(experiment: TrackerExperiment, device: torch.device) -> dict[str, Mixer]:
    """Return what makes the validation mixtures, the same for every run: no equaliser, no noise, no retuning."""
    data, instruments = experiment.data, experiment.network.instruments
    return {
        name: mixer_of(
            replace(data, train=(folder,), rooms=data.held_out_rooms),
            replace(experiment.mixing.plain, batch_size=1),
            instruments,
            _HELD_OUT_SEED,
            device,
        )
        for name, folder in data.held_out.items()
    }
