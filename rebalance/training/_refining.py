"""Training refiners of masks: pitches from the clean sources or from a tracker that stays as it is."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation.mask_network import N_VOICES
from rebalance.separation.networks import chosen_device, full_precision
from rebalance.separation.player_tracker import (
    PLAIN_COMBS,
    Refiner,
    RefinerConfig,
    TrackerConfig,
    TrackerNetwork,
    finer_shares,
    is_tracker_checkpoint,
    load_tracker,
    mean_of_shares,
    released,
)
from rebalance.training._ear_distance import EarBank, ear_distance
from rebalance.training._experiment import Data
from rebalance.training._loop import train
from rebalance.training._mask_loss import error_energy, mask_loss
from rebalance.training._pitch_labels import pitch_targets
from rebalance.training._train_settings import TrainSettings
from rebalance.training._transcribing import VariedMixer, begin_with, mixer_of
from rebalance.training._true_spectra import TrueSpectra
from rebalance.training.data import Batch, MixingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinerExperiment:
    """Everything that decides what training a refiner gives.

    Parameters
    ----------
    data
        What to train with; the held-out parts are not used.
    tracker
        ``state.safetensors`` or ``best.safetensors`` of the run of a tracker, or a checkpoint that ships: then the
        second tracker that it names is asked, too.
    tracker_network
        Sizes of the tracker of a run; a checkpoint says its own.
    network
        Sizes of the refiner.
    mixing
        How mixtures are made.
    train
        How long, how fast and on which loss; always on masks.
    mono_share
        See `TrackerExperiment`.
    truth_share
        Share of the mixtures whose true pitches are given in place of the tracker's.
    energy
        Weight of the logarithm of the energy of the errors, which asks for careful masks where pitches are in doubt.
    ear
        Weight of the distance of remixes to damaged ears, see `ear_distance`.
    start
        Weights a new run begins with; see `Experiment`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import RefinerExperiment, read_settings
    >>> read_settings(Path("recipes/tracker/refiner.yaml"), RefinerExperiment).tracker.as_posix()
    'run/state.safetensors'
    """

    data: Data
    tracker: Path
    tracker_network: TrackerConfig = field(default_factory=TrackerConfig)
    network: RefinerConfig = field(default_factory=RefinerConfig)
    mixing: MixingSettings = field(default_factory=MixingSettings)
    train: TrainSettings
    mono_share: float = 0.2
    truth_share: float = 0.4
    energy: float = 1.0
    ear: float = 0.0
    start: Path | None = None

    @property
    def description(self) -> dict[str, Any]:
        """What must stay when a run is continued, apart from how it is trained; the tracker may get better."""
        return {
            "network": asdict(self.network),
            "mixing": self.mixing.lasting,
            "mono_share": self.mono_share,
            "truth_share": self.truth_share,
            "energy": self.energy,
            "ear": self.ear,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RefiningObjective:
    """Distance of masked spectra and of remixes, an objective of the training loop."""

    trackers: tuple[TrackerNetwork, ...]
    experiment: RefinerExperiment
    bank: EarBank
    parts: tuple[str, ...] = ("loss", "spectrum", "remix", "energy", "ear")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch and its parts."""
        if not isinstance(network, Refiner):
            raise ConfigError(where="refining", expected="a refiner", got=f"{type(network).__name__}")
        mixture = batch.mixture
        level = mixture.square().mean(dim=(1, 2))
        players = torch.where(batch.slots >= 0, batch.slots // N_VOICES, -1)
        pitched, finer = self.pitches(batch, network.config.n_steps)
        with full_precision(finer):
            combs = torch.matmul(finer, network.combs)
        masks = network(network.transform(mixture), pitched, players, level, combs).float()
        true = TrueSpectra.of(batch, network.transform)
        loss = mask_loss(masks, true, self.experiment.train.loss)
        energy = error_energy(masks, true)
        ear = ear_distance(masks, true, self.bank) if self.experiment.ear else torch.zeros(())
        total = loss.total + self.experiment.energy * energy + self.experiment.ear * ear
        return {"loss": total, "spectrum": loss.spectrum, "remix": loss.remix, "energy": energy, "ear": ear}

    def pitches(self, batch: Batch, n_steps: int) -> tuple[Tensor, Tensor]:
        """Return shares of pitches with their release, true or found by the trackers, and the same on a finer grid.

        Parameters
        ----------
        batch
            Mixtures.
        n_steps
            Of the finer grid for each pitch.
        """
        n_pitches = self.trackers[0].config.features.n_bins
        with torch.no_grad():
            if float(torch.rand(())) < self.experiment.truth_share:
                targets = pitch_targets(self.trackers[0], batch)
                states = targets.labels.clamp(min=0)
                shares = functional.one_hot(states, n_pitches + 1)[..., :n_pitches].float()
                places = torch.round(n_steps * (states + targets.label_offsets)).long()
                places = torch.where(states < n_pitches, places.clamp(0, n_pitches * n_steps - 1), n_pitches * n_steps)
                finer = functional.one_hot(places, n_pitches * n_steps + 1)[..., :-1].float().cpu().numpy()
            else:
                found = functools.reduce(mean_of_shares, (_found(each, batch) for each in self.trackers))
                shares = torch.from_numpy(found[..., :-1])
                finer = finer_shares(found, n_steps)[..., :-1]
        lingering = (released(each, PLAIN_COMBS.release) for each in (shares.cpu().numpy(), finer))
        pitched, on_combs = (torch.from_numpy(each).to(batch.sources.device) for each in lingering)
        return pitched, on_combs


def run_refiner_experiment(
    experiment: RefinerExperiment, run: StrPath, *, device: str = "auto", stop_after: int | None = None
) -> nn.Module:
    """Train what an experiment describes in the folder of a run, continuing where it was left.

    Parameters
    ----------
    experiment
        Settings of network, mixtures and training.
    run
        Folder of logs and state.
    device
        As for `rebalance.separation.load_separator`.
    stop_after
        Stop once so many steps of the run are done, the schedule being that of the whole run.

    Raises
    ------
    ConfigError
        If the run belongs to other settings, or the tracker cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import RebalanceError
    >>> from rebalance.training import RefinerExperiment, read_settings, run_refiner_experiment
    >>> sizes = ("tracker_network.width=8", "tracker_network.n_layers=1", "tracker=not-trained/state.safetensors")
    >>> experiment = read_settings(Path("recipes/tracker/refiner.yaml"), RefinerExperiment, sizes)
    >>> with tempfile.TemporaryDirectory() as run:
    ...     try:
    ...         run_refiner_experiment(experiment, Path(run), device="cpu")
    ...     except RebalanceError as error:
    ...         print(str(error).partition(":")[0])
    not-trained/state.safetensors
    """
    run = expanded(run)
    chosen = chosen_device(device)
    trackers = tuple(_at_rest(each, chosen) for each in _trackers(experiment))
    torch.manual_seed(experiment.train.seed)
    network = Refiner(experiment.network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if experiment.start is not None:
        begin_with(network, experiment.start)
    mixer = mixer_of(experiment.data, experiment.mixing, experiment.network.instruments, experiment.train.seed, chosen)
    bank = EarBank.of(n_bins=network.config.transform.n_bins, sample_rate=network.config.sample_rate)
    return train(
        network,
        VariedMixer(mixer=mixer, mono_share=experiment.mono_share),
        experiment.train,
        run,
        device=chosen,
        description=experiment.description,
        stop_after=stop_after,
        objective=RefiningObjective(trackers=trackers, experiment=experiment, bank=bank),
    )


def _trackers(experiment: RefinerExperiment) -> tuple[TrackerNetwork, ...]:
    """Return the tracker of a run, or those that a checkpoint asks."""
    if is_tracker_checkpoint(experiment.tracker):
        return load_tracker(experiment.tracker, device="cpu").networks
    tracker = TrackerNetwork(experiment.tracker_network)
    begin_with(tracker, experiment.tracker)
    return (tracker,)


def _at_rest(tracker: TrackerNetwork, device: torch.device) -> TrackerNetwork:
    """Return a tracker that runs fast and does not learn, on a device."""
    fast: TrackerNetwork = tracker.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return fast.eval().requires_grad_(requires_grad=False).to(device)


def _found(tracker: TrackerNetwork, batch: Batch) -> NDArray[np.float32]:
    """Return the posteriors of a tracker, ``(batch, n_players, n_frames, n_pitches + 1)``."""
    logits = tracker(batch.mixture, batch.slots).logits
    found: NDArray[np.float32] = torch.softmax(logits, dim=2).transpose(2, 3).cpu().numpy()
    return found
