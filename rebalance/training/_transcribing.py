"""Training player trackers: what is minimised, how they are measured, one experiment from settings to network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation import TRACKER_FORMAT, checkpoint_header
from rebalance.separation.mask_network import N_VOICES
from rebalance.separation.networks import chosen_device
from rebalance.separation.player_tracker import Refiner, TrackerConfig, TrackerNetwork, load_tracker_checkpoint
from rebalance.training._experiment import Data
from rebalance.training._loop import train
from rebalance.training._pitch_labels import IGNORED, pitch_labels
from rebalance.training._run_state import load_average
from rebalance.training._train_settings import TrainSettings
from rebalance.training.data import Batch, Mixer, MixingSettings, open_library, open_rooms

_HELD_OUT_SEED = 0
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
class TrackerExperiment:
    """Everything that decides what training a tracker gives.

    Parameters
    ----------
    data
        What to train with.
    network
        What to train.
    mixing
        How mixtures are made.
    train
        How long and how fast; its ``loss`` is that of separators and not used.
    loss
        What is minimised.
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
            "mixing": asdict(self.mixing),
            "tracking": asdict(self.loss),
            "mono_share": self.mono_share,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingObjective:
    """Cross-entropy of the states of all players; see `rebalance.training._loop_protocols.Objective`."""

    settings: TrackingLoss
    parts: tuple[str, ...] = ("loss", "first", "accuracy")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch and the share of sounding frames that are right."""
        if not isinstance(network, TrackerNetwork):
            raise ConfigError(where="tracking", expected="a tracker network", got=f"{type(network).__name__}")
        labels = pitch_labels(network, batch)
        tracked = network(batch.mixture, batch.slots)
        refined = state_loss(tracked.logits, labels, self.settings)
        first = state_loss(tracked.first, labels, self.settings)
        sounding = (labels >= 0) & (labels < network.config.features.n_bins)
        right = (tracked.logits.argmax(dim=2) - labels).abs() <= _TOLERANCE_BINS
        accuracy = right[sounding].float().mean() if sounding.any() else torch.zeros(())
        return {"loss": refined + self.settings.first * first, "first": first, "accuracy": accuracy}


def state_loss(logits: Tensor, labels: Tensor, settings: TrackingLoss) -> Tensor:
    """Return the cross-entropy of states with targets that are a little blurred.

    Parameters
    ----------
    logits
        Shape ``(batch, n, n_pitches + 1, n_frames)``; silence is the last state.
    labels
        See `rebalance.training._pitch_labels.pitch_labels`.
    """
    n_pitches = logits.shape[2] - 1
    known = labels != IGNORED
    chosen, states = logits.transpose(2, 3)[known], labels[known]
    log_shares = torch.log_softmax(chosen, dim=-1)
    pitched = (states < n_pitches).float()

    def at(index: Tensor) -> Tensor:
        return log_shares.gather(1, index.clamp(0, n_pitches)[:, None])[:, 0]

    lower, upper = (states - 1).clamp(min=0), torch.where(states < n_pitches - 1, states + 1, states)
    own = (1 - 2 * settings.spread * pitched) * at(states)
    neighbours = settings.spread * pitched * (at(lower) + at(upper)).clamp(min=-40.0)
    possible = chosen > -20.0
    even = (log_shares * possible).sum(dim=-1) / possible.sum(dim=-1)
    return -((1 - settings.smoothing) * (own + neighbours) + settings.smoothing * even).mean()


@dataclass(frozen=True, slots=True, kw_only=True)
class VariedMixer:
    """Makes the channels of some mixtures alike and swaps those of others: recordings differ in how wide they are."""

    mixer: Mixer
    mono_share: float

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the batch of a step."""
        batch = self.mixer.batch(step, rank=rank)
        rng = np.random.default_rng([self.mixer.seed, rank, step, 1])
        sources = batch.sources
        for index in range(len(sources)):
            if rng.uniform() < self.mono_share:
                sources[index] = sources[index].mean(dim=1, keepdim=True)
            elif rng.uniform() < 0.5:
                sources[index] = sources[index].flip(1)
        return batch


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameAccuracy:
    """Measures a tracker on the same held-out batches every time.

    Parameters
    ----------
    mixers
        Of held-out stems, by name.
    n_batches
        Of each.
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
                sounding, silent = true < silence, true == silence
                if sounding.any():
                    right = float(((guess - true).abs() <= _TOLERANCE_BINS)[sounding].float().mean())
                    found["frames"].append(right)
                    found[mixer.voices[int(batch.slots[tuple(place)])][0]].append(right)
                if silent.any():
                    found["silence"].append(float((guess == silence)[silent].float().mean()))
        return found


def run_tracker_experiment(
    experiment: TrackerExperiment, run: StrPath, *, device: str = "auto", stop_after: int | None = None
) -> nn.Module:
    """Train what an experiment describes in the folder of a run, continuing where it was left.

    Parameters
    ----------
    experiment
        What to do.
    run
        Folder of logs, state and best weights.
    device
        As for `rebalance.separation.load_separator`.
    stop_after
        See `rebalance.training._loop.train`.

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

    Raises
    ------
    ConfigError
        If the file is neither, or does not fit the network.
    """
    header = checkpoint_header(path)
    if header is None or header.get("format") != TRACKER_FORMAT:
        load_average(network, path)
        return
    checkpoint = load_tracker_checkpoint(path)
    found = checkpoint.network if isinstance(network, TrackerNetwork) else checkpoint.refiner
    if found is None:
        raise ConfigError(where=path, expected="a tracker with a refiner", found="one without")
    try:
        network.load_state_dict(found.state_dict())
    except RuntimeError as error:
        raise ConfigError(f"does not fit the network: {str(error).splitlines()[0]}", where=path) from error


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
    """Return what makes the validation mixtures, the same for every run: no equaliser, no retuning."""
    plain = replace(
        experiment.mixing,
        eq_db=0.0,
        tilt_db_per_octave=0.0,
        darkening_db_per_octave={},
        coherent_detune_cents=0.0,
        random_detune_cents=0.0,
        batch_size=1,
    )
    data, instruments = experiment.data, experiment.network.instruments
    return {
        name: mixer_of(
            replace(data, train=(folder,), rooms=data.held_out_rooms), plain, instruments, _HELD_OUT_SEED, device
        )
        for name, folder in data.held_out.items()
    }
