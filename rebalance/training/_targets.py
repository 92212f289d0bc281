"""Training the official baseline's way: one network per instrument that gives the target and all the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.separation.convtasnet import ConvTasNet, ConvTasNetShape
from rebalance.separation.mask_network import N_VOICES
from rebalance.separation.networks import chosen_device
from rebalance.training._loop import train
from rebalance.training._train_settings import TrainSettings
from rebalance.training.data import Batch, Mixer, MixingSettings, open_library, open_rooms


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetExperiment:
    """Everything that decides what training the eight networks gives.

    Parameters
    ----------
    stems
        Folders of stems to train with.
    rooms
        File of room responses; None for dry mixtures.
    network
        Sizes of each network.
    mixing
        How mixtures are made; every one of them holds the target.
    train
        How long and how fast, for each network.
    instruments
        Which networks to train.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import TargetExperiment, read_settings
    >>> experiment = read_settings(Path("recipes/convtasnet/config.yaml"), TargetExperiment)
    >>> len(experiment.instruments), experiment.network.n_blocks
    (8, 8)
    """

    stems: tuple[Path, ...]
    rooms: Path | None
    network: ConvTasNetShape = field(default_factory=ConvTasNetShape)
    mixing: MixingSettings = field(default_factory=MixingSettings)
    train: TrainSettings
    instruments: tuple[str, ...] = CAD2_TASK2.instruments


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMixer:
    """Turns mixtures of several sources into target and accompaniment, both always in this order."""

    mixer: Mixer
    instrument: str

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the batch of a step."""
        whole = self.mixer.batch(step, rank=rank)
        own = torch.tensor([name == self.instrument for name, _ in self.mixer.voices], device=whole.slots.device)
        is_target = own[whole.slots.clamp(min=0)] & (whole.slots >= 0)
        target = (whole.sources * is_target[:, :, None, None]).sum(dim=1)
        sources = torch.stack([target, whole.mixture - target], dim=1)
        slots = torch.arange(2, device=sources.device).repeat(len(sources), 1)
        return Batch(sources=sources, slots=slots, gains_db=torch.zeros(slots.shape, device=sources.device))


class TargetNetwork(nn.Module):
    """A ConvTasNet called as the training loop calls networks."""

    def __init__(self, shape: ConvTasNetShape) -> None:
        super().__init__()
        self.network = ConvTasNet(shape)

    def forward(self, mixture: Tensor, slots: Tensor) -> Tensor:  # noqa: ARG002 - always target and accompaniment
        """Return target and accompaniment, shape ``(batch, 2, n_channels, n_samples)``."""
        estimates: Tensor = self.network(mixture)
        return estimates


def train_targets(experiment: TargetExperiment, run: StrPath, *, device: str = "auto") -> None:
    """Train one network per instrument, each in a folder of its own, and write them as the hub names them.

    An interrupted run goes on where it was; the checkpoints in ``run/weights`` load as
    ``convtasnet:run/weights``.

    Parameters
    ----------
    experiment
        Instruments, material and settings.
    run
        Folder of the run.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises
    ------
    ConfigError
        If an instrument is not one of the challenge.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import TargetExperiment, read_settings, train_targets
    >>> config = Path("recipes/convtasnet/config.yaml")
    >>> experiment = read_settings(config, TargetExperiment, ("instruments=[Tuba]",))
    >>> train_targets(experiment, Path("run"), device="cpu")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: instruments: expected those of the challenge, got Tuba
    """
    run = expanded(run)
    chosen = chosen_device(device)
    if unknown := sorted(set(experiment.instruments) - set(CAD2_TASK2.instruments)):
        raise ConfigError(where="instruments", expected="those of the challenge", got=f"{', '.join(unknown)}")
    rooms = experiment.rooms
    bank = None if rooms is None else open_rooms(rooms, n_fft=experiment.mixing.n_fft, device=chosen)
    library = open_library(experiment.stems)
    voices = tuple((name, voice + 1) for name in CAD2_TASK2.instruments for voice in range(N_VOICES))
    kind = "Causal" if experiment.network.causal else "NonCausal"
    for instrument in experiment.instruments:
        mixer = Mixer(
            stem_library=library,
            rooms=bank,
            voices=voices,
            settings=replace(experiment.mixing, always=instrument),
            seed=experiment.train.seed,
            device=chosen,
        )
        torch.manual_seed(experiment.train.seed)
        network = TargetNetwork(experiment.network)
        batches = TargetMixer(mixer=mixer, instrument=instrument)
        average = train(network, batches, experiment.train, run / instrument, device=chosen)
        _write(run / "weights" / f"ConvTasNet_{instrument}_{kind}.safetensors", average)


def _write(path: Path, network: nn.Module) -> None:
    """Write a network's parameters under the published names."""
    state = {
        name.removeprefix("network."): value.detach().cpu().contiguous() for name, value in network.state_dict().items()
    }
    with replacing(path) as temporary:
        save_file(state, temporary)
