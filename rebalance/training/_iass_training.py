"""Training one network of IASS, or the Open-Unmix it is compared with, on the same mixtures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation import ModelCard
from rebalance.separation.iass import Iass, IassConfig, save_iass
from rebalance.separation.networks import centred_spectra, chosen_device
from rebalance.separation.xumx import Xumx, XumxConfig, save_xumx
from rebalance.training._loop import Objective, TrainSettings, train
from rebalance.training._run_state import load_average
from rebalance.training._xumx_loss import XumxObjective
from rebalance.training.data import PlainMixer, PlainMixingSettings, open_library
from rebalance.training.instrument_aware import IassObjective

IassSystem: TypeAlias = Literal["iass", "iass-no-bce", "open-unmix"]
_SYSTEMS: tuple[IassSystem, ...] = ("iass", "iass-no-bce", "open-unmix")
_HELD_OUT_SEED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IassData:
    """Where the stems lie.

    Parameters
    ----------
    train, valid
        Folders of stems to train with, and to choose the best weights by; without the latter the last ones are kept.
    """

    train: tuple[Path, ...]
    valid: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IassExperiment:
    """Everything that decides what one training gives.

    Parameters
    ----------
    system
        ``"iass"``; ``"iass-no-bce"``, the same network by its mask alone; ``"open-unmix"``, with as many parameters
        and the same STFT.
    data
        What to train with.
    network
        Sizes of the IASS, and the target.
    mixing
        How mixtures are made; its one target is that of the network.
    train
        How long and how fast; its ``loss`` is not used.
    objective
        Weights of the losses.
    statistics_batches
        Of mixtures, from which the mean and the scale of every bin are taken.
    validation_batches
        Of held-out mixtures.

    Raises
    ------
    ConfigError
        If there is no such system, the targets differ, or nothing is left to count.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import IassExperiment, read_settings
    >>> experiment = read_settings(Path("recipes/iass/published.yaml"), IassExperiment)
    >>> experiment.network.widths, experiment.train.learning_rate, experiment.mixing.batch_size
    ('published', 0.001, 8)
    """

    system: IassSystem = "iass"
    data: IassData
    network: IassConfig
    mixing: PlainMixingSettings
    train: TrainSettings
    objective: IassObjective = field(default_factory=IassObjective)
    statistics_batches: int = 32
    validation_batches: int = 8

    def __post_init__(self) -> None:
        if self.system not in _SYSTEMS:
            raise ConfigError(where="system", expected=f"one of {', '.join(_SYSTEMS)}", got=repr(self.system))
        if list(self.mixing.targets) != [self.network.target]:
            got = ", ".join(self.mixing.targets)
            raise ConfigError(where="mixing.targets", expected=f"{self.network.target} alone", got=got)
        if min(self.statistics_batches, self.validation_batches) < 1:
            raise ConfigError(where="batches", expected="at least 1", got=str(self))

    @property
    def description(self) -> dict[str, Any]:
        """What must stay when a run is continued, apart from how it is trained."""
        return {
            "system": self.system,
            "network": asdict(self.network),
            "mixing": asdict(self.mixing),
            "objective": asdict(self.objective),
        }


def run_iass_experiment(
    experiment: IassExperiment, run: StrPath, *, device: str = "auto", stop_after: int | None = None
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
    network = _begun(experiment, mixer)
    validate = None
    if experiment.data.valid:
        held_out = _mixer(experiment, experiment.data.valid, _HELD_OUT_SEED, chosen)
        validate = _Validation(
            mixer=held_out, objective=_objective(experiment), n_batches=experiment.validation_batches
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
    network = _network(experiment)
    load_average(network, chosen)
    return network.eval()


def equal_hidden_size(config: IassConfig) -> int:
    """Return the hidden size with which an Open-Unmix has about as many parameters as an IASS.

    Examples
    --------
    >>> from rebalance.separation.iass import IassConfig
    >>> from rebalance.training import equal_hidden_size
    >>> equal_hidden_size(IassConfig(target="Flute"))
    320
    """
    wanted = _count(Iass(config))
    sizes = range(2, 1_026, 2)
    return min(sizes, key=lambda size: abs(_open_unmix_size(config, size) - wanted))


def _open_unmix_size(config: IassConfig, width: int) -> int:
    """Return how many parameters an Open-Unmix has: linear layers, norms, six LSTMs of half the width, statistics."""
    linear = width * (config.n_seen_bins + 2 * width + config.n_bins)
    norms = 4 * width + 2 * config.n_bins
    memories = 6 * 4 * (width // 2) * (width + width // 2 + 2)
    return linear + norms + memories + 2 * (config.n_seen_bins + config.n_bins)


def _count(network: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def _network(experiment: IassExperiment) -> Iass | Xumx:
    """Return the network of an experiment, with random weights."""
    config = experiment.network
    if experiment.system != "open-unmix":
        return Iass(config)
    sizes = XumxConfig(
        targets=(config.target,),
        hidden_size=equal_hidden_size(config),
        window=config.window,
        hop=config.hop,
        sample_rate=config.sample_rate,
        bandwidth_hz=config.bandwidth_hz,
    )
    return Xumx(sizes)


def _objective(experiment: IassExperiment) -> Objective:
    """Return what a system minimises; all of them have the squared distance of magnitudes in common."""
    if experiment.system == "open-unmix":
        return XumxObjective(time_weight=0.0)
    no_bce = experiment.system == "iass-no-bce"
    return replace(experiment.objective, activity_weight=0.0) if no_bce else experiment.objective


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statistics:
    """Mean and standard deviation of every bin the network sees, and the RMS of the mixtures."""

    mean: torch.Tensor
    scale: torch.Tensor
    mixture_rms: float


def _begun(experiment: IassExperiment, mixer: PlainMixer) -> Iass | Xumx:
    """Return the network of an experiment before training, which knows the statistics of the mixtures."""
    network = _network(experiment)
    found = _statistics(experiment, mixer, network)
    if isinstance(network, Iass):
        network.standardise(found.mean, found.scale, found.mixture_rms)
    else:
        network.standardise(found.mean, found.scale)
    return network


def _statistics(experiment: IassExperiment, mixer: PlainMixer, network: Iass | Xumx) -> _Statistics:
    """Return the statistics of the first mixtures of a run."""
    config = network.config
    seen, powers = [], []
    for step in range(experiment.statistics_batches):
        mixture = mixer.batch(step).mixture[:, 0].cpu()
        seen.append(centred_spectra(mixture, network.window.cpu(), config.hop).abs()[:, : config.n_seen_bins])
        powers.append(mixture.square().mean())
    frames = torch.cat([part.transpose(1, 2).reshape(-1, config.n_seen_bins) for part in seen])
    rms = float(torch.stack(powers).mean().sqrt())
    return _Statistics(mean=frames.mean(dim=0), scale=frames.std(dim=0), mixture_rms=rms)


def _mixer(experiment: IassExperiment, folders: tuple[Path, ...], seed: int, device: torch.device) -> PlainMixer:
    """Return what makes the mixtures from the stems in some folders."""
    library = open_library(folders, any_instrument=True)
    return PlainMixer(stem_library=library, settings=experiment.mixing, seed=seed, device=device)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Validation:
    """The loss on the same held-out mixtures every time."""

    mixer: PlainMixer
    objective: Objective
    n_batches: int

    def __call__(self, network: nn.Module, step: int) -> Mapping[str, float]:  # noqa: ARG002 - the same at every step
        """Return the parts of the loss, and ``"selection"``, which is larger where the loss is smaller."""
        with torch.inference_mode():
            figures = [self.objective(network, self.mixer.batch(number)) for number in range(self.n_batches)]
        means = {part: float(torch.stack([each[part] for each in figures]).mean()) for part in self.objective.parts}
        return {**means, "selection": -means["loss"]}
