"""Training refiners of masks: pitches from the clean sources or from a tracker, which stays as it is or learns, too."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation.mask_network import N_VOICES
from rebalance.separation.networks import chosen_device
from rebalance.separation.player_tracker import (
    PLAIN_COMBS,
    Refiner,
    RefinerConfig,
    TrackerConfig,
    TrackerNetwork,
)
from rebalance.training._ear_distance import EarBank, ear_distance
from rebalance.training._experiment import Data
from rebalance.training._joint_network import JointNetwork
from rebalance.training._loop import train
from rebalance.training._mask_loss import error_energy, mask_loss
from rebalance.training._pitch_labels import PitchTargets, pitch_targets
from rebalance.training._soft_pitches import lingering, on_finer_grid
from rebalance.training._tracking_objective import TrackingLoss, tracker_losses
from rebalance.training._train_settings import TrainSettings
from rebalance.training._transcribing import VariedMixer, begin_with, mixer_of
from rebalance.training._true_spectra import TrueSpectra
from rebalance.training.data import Batch, MixingSettings

_RELEASE = PLAIN_COMBS.release


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinerExperiment:
    """Everything that decides what training a refiner gives.

    Parameters
    ----------
    data
        What to train with; the held-out parts are not used.
    tracker
        ``state.safetensors`` or ``best.safetensors`` of the run of a tracker.
    tracker_network
        Sizes of that tracker.
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
    tracking
        Weight of the loss of the tracker, which learns, too, from that and from what its pitches are worth to the
        masks; it stays as it is when None.
    tracker_rate
        What the learning rate is multiplied by for a tracker that learns.
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
    tracking: float | None = None
    tracker_rate: float = 0.3
    start: Path | None = None

    @property
    def description(self) -> dict[str, Any]:
        """What must stay when a run is continued, apart from how it is trained; the tracker may get better."""
        return {
            "network": asdict(self.network),
            "mixing": asdict(self.mixing),
            "mono_share": self.mono_share,
            "truth_share": self.truth_share,
            "energy": self.energy,
            "ear": self.ear,
            "tracking": self.tracking,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RefiningObjective:
    """Distance of masked spectra and of remixes, an objective of the training loop.

    Trained is the refiner alone, with the pitches of a tracker that is given, or a `JointNetwork`.
    """

    tracker: TrackerNetwork | None
    experiment: RefinerExperiment
    bank: EarBank
    parts: tuple[str, ...] = ("loss", "spectrum", "remix", "energy", "ear", "tracking")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of a batch and its parts."""
        refiner = network.refiner if isinstance(network, JointNetwork) else network
        tracker = network.tracker if isinstance(network, JointNetwork) else self.tracker
        if not isinstance(refiner, Refiner) or tracker is None:
            raise ConfigError(where="refining", expected="a refiner and a tracker", got=f"{type(network).__name__}")
        learns = self.experiment.tracking is not None
        given = float(torch.rand(())) < self.experiment.truth_share
        targets = pitch_targets(tracker, batch) if learns or given else None
        with torch.set_grad_enabled(learns):
            tracked = tracker(batch.mixture, batch.slots) if learns or not given else None
        tracking = torch.zeros(())
        if learns and tracked is not None and targets is not None:
            tracking, _ = tracker_losses(tracked, targets, TrackingLoss())
        if given and targets is not None:
            pitched, finer = true_shares(targets, tracker.config.features.n_bins, refiner.config.n_steps)
        else:
            assert tracked is not None
            pitched = torch.softmax(tracked.logits.float(), dim=2).transpose(2, 3)[..., :-1]
            finer = on_finer_grid(pitched, refiner.config.n_steps)
        figures = self.of_masks(refiner, batch, lingering(pitched, _RELEASE), lingering(finer, _RELEASE))
        total = figures["loss"] + (self.experiment.tracking or 0.0) * tracking
        return {**figures, "loss": total, "tracking": tracking.detach()}

    def of_masks(self, refiner: Refiner, batch: Batch, pitched: Tensor, finer: Tensor) -> dict[str, Tensor]:
        """Return the loss of the masks of a batch, and its parts.

        Parameters
        ----------
        refiner
            Makes the masks.
        batch
            Mixtures and sources.
        pitched, finer
            Shares of pitches with their release, and the same on the grid of the refiner's combs.
        """
        mixture = batch.mixture
        players = torch.where(batch.slots >= 0, batch.slots // N_VOICES, -1)
        level = mixture.square().mean(dim=(1, 2))
        masks = refiner(refiner.transform(mixture), pitched, players, level, finer).float()
        true = TrueSpectra.of(batch, refiner.transform)
        loss = mask_loss(masks, true, self.experiment.train.loss)
        energy = error_energy(masks, true)
        ear = ear_distance(masks, true, self.bank) if self.experiment.ear else torch.zeros(())
        total = loss.total + self.experiment.energy * energy + self.experiment.ear * ear
        return {"loss": total, "spectrum": loss.spectrum, "remix": loss.remix, "energy": energy, "ear": ear}


def true_shares(targets: PitchTargets, n_pitches: int, n_steps: int) -> tuple[Tensor, Tensor]:
    """Return shares that give every player its true pitch, ``(batch, n, n_frames, n_pitches)``, and on a finer grid.

    Parameters
    ----------
    targets
        What sounds.
    n_pitches
        Number of pitches, the number after the last being silence.
    n_steps
        Of the finer grid for each pitch.
    """
    states = targets.labels.clamp(min=0)
    shares = functional.one_hot(states, n_pitches + 1)[..., :n_pitches].float()
    places = torch.round(n_steps * (states + targets.label_offsets)).long()
    places = torch.where(states < n_pitches, places.clamp(0, n_pitches * n_steps - 1), n_pitches * n_steps)
    return shares, functional.one_hot(places, n_pitches * n_steps + 1)[..., :-1].float()


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
    tracker = TrackerNetwork(experiment.tracker_network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    begin_with(tracker, experiment.tracker)
    torch.manual_seed(experiment.train.seed)
    refiner = Refiner(experiment.network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if experiment.start is not None:
        begin_with(refiner, experiment.start)
    learns = experiment.tracking is not None
    if not learns:
        tracker.eval().requires_grad_(requires_grad=False).to(chosen)
    network = JointNetwork(tracker, refiner, experiment.tracker_rate) if learns else refiner
    mixer = mixer_of(experiment.data, experiment.mixing, experiment.network.instruments, experiment.train.seed, chosen)
    bank = EarBank.of(n_bins=refiner.config.transform.n_bins, sample_rate=refiner.config.sample_rate)
    return train(
        network,
        VariedMixer(mixer=mixer, mono_share=experiment.mono_share),
        experiment.train,
        run,
        device=chosen,
        description=experiment.description,
        stop_after=stop_after,
        objective=RefiningObjective(tracker=None if learns else tracker, experiment=experiment, bank=bank),
    )
