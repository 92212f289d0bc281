"""What decides one training of IASS, or of the Open-Unmix it is compared with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from rebalance._base.errors import ConfigError
from rebalance._base.names import one_of
from rebalance.separation.iass import IassConfig
from rebalance.training._train_settings import TrainSettings
from rebalance.training.data import PlainMixingSettings
from rebalance.training.instrument_aware import IassObjective

IassSystem: TypeAlias = Literal["iass", "iass-no-bce", "open-unmix"]
_SYSTEMS: tuple[IassSystem, ...] = ("iass", "iass-no-bce", "open-unmix")


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
        one_of("system", self.system, _SYSTEMS)
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
