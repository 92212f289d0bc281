"""What decides the training of a model of a family of the orchestra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from rebalance._base.errors import ConfigError
from rebalance._base.names import one_of
from rebalance.separation.xumx import XUMX_FAMILIES, XumxConfig
from rebalance.training._schedule import PlateauSettings
from rebalance.training._train_settings import TrainSettings

Adaptation: TypeAlias = Literal["all", "statistics", "adversarial"]

_NO_CLIP = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySizes:
    """Sizes of the network of a family; see `XumxConfig`, whose defaults, the published sizes, they share.

    Parameters
    ----------
    hidden_size
        Width of every branch.
    n_layers
        Number of layers of each LSTM.
    dropout
        Share of the values that is dropped between these layers.
    window, hop
        Of the STFT, in samples.
    sample_rate
        In Hz.
    bandwidth_hz
        Highest frequency the network sees.
    """

    hidden_size: int = 512
    n_layers: int = 3
    dropout: float = 0.4
    window: int = 4096
    hop: int = 1024
    sample_rate: int = 44_100
    bandwidth_hz: float = 16_000.0

    def config(self, targets: Sequence[str]) -> XumxConfig:
        """Return the configuration for some targets."""
        return XumxConfig(targets=tuple(targets), **asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSettings:
    """How mixtures are made; see `PlainMixingSettings`. `crop_s` is the length of one in seconds.

    Parameters
    ----------
    batch_size
        Number of mixtures in a step.
    crop_s
        Length of one, in seconds.
    crops_per_piece
        Number of crops of each piece in an epoch.
    gains
        The least and the greatest of a stem, linear.
    """

    batch_size: int = 7
    crop_s: float = 6.0
    crops_per_piece: int = 64
    gains: tuple[float, float] = (0.25, 1.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyTraining:
    """How long and how fast; the defaults are the published ones.

    Parameters
    ----------
    epochs
        Largest number of epochs.
    steps
        In place of epochs, for runs of one length whatever the data.
    learning_rate, weight_decay
        Of Adam.
    stop_after_flat
        Epochs without a smaller validation loss after which training stops; None for never.
    plateau
        How the learning rate falls; by the published patience it stops before it does.
    time_weight
        Of the waveforms in the loss.
    seed
        Of weights and batches.
    validations
        How many validations a run of `steps` has.
    processor_bfloat16
        See `TrainSettings`.
    """

    epochs: int = 1000
    steps: int | None = None
    learning_rate: float = 1e-4
    weight_decay: float = 1e-5
    stop_after_flat: int | None = 20
    plateau: PlateauSettings | None = field(default_factory=PlateauSettings)
    time_weight: float = 10.0
    seed: int = 42
    validations: int = 10
    processor_bfloat16: bool = False

    def settings(self, steps_per_epoch: int) -> TrainSettings:
        """Return the settings of the loop."""
        steps = self.steps or self.epochs * steps_per_epoch
        every = max(1, steps // self.validations) if self.steps else steps_per_epoch
        return TrainSettings(
            steps=steps,
            learning_rate=self.learning_rate,
            warmup_steps=0,
            decay_steps=0,
            weight_decay=self.weight_decay,
            gradient_clip=_NO_CLIP,
            average_decay=0.0,
            save_every=every,
            validate_every=every,
            seed=self.seed,
            optimiser="adam",
            plateau=self.plateau,
            stop_after_flat=self.stop_after_flat,
            processor_bfloat16=self.processor_bfloat16,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyExperiment:
    """Everything that decides what training the model of a family gives.

    Parameters
    ----------
    family
        A key of `XUMX_FAMILIES`.
    stems
        Libraries to train with, of the sample rate of the network.
    held_out
        Libraries to validate on.
    network
        Sizes of the network.
    mixing
        Sizes of batches and crops, and range of the gains.
    train
        How long and how fast.
    start
        Run to begin with; None for random weights and the statistics of `stems`.
    adaptation
        ``"all"`` trains every weight; ``"statistics"`` only estimates the statistics of the input and of batch
        normalisation anew on mixtures of `stems`, without training; ``"adversarial"`` trains on `stems` so that a
        classifier cannot tell them from `unlabelled`.
    unlabelled
        Libraries of which only the mixtures are used.
    validation_batches
        Of held-out mixtures; the published number is an epoch of 64 crops a track.

    Raises
    ------
    ConfigError
        If there is no such family, or an adaptation lacks what it needs.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import FamilyExperiment
    >>> experiment = FamilyExperiment(family="brass", stems=(Path("stems"),), held_out=(Path("held-out"),))
    >>> experiment.config.targets, experiment.config.widths, experiment.train.epochs
    (('Horn', 'Trumpet', 'Trombone', 'Tuba'), 'published', 1000)
    """

    family: str
    stems: tuple[Path, ...]
    held_out: tuple[Path, ...]
    network: FamilySizes = field(default_factory=FamilySizes)
    mixing: CropSettings = field(default_factory=CropSettings)
    train: FamilyTraining = field(default_factory=FamilyTraining)
    start: Path | None = None
    adaptation: Adaptation = "all"
    unlabelled: tuple[Path, ...] = ()
    validation_batches: int | None = None

    def __post_init__(self) -> None:
        one_of("family", self.family, tuple(XUMX_FAMILIES))
        if self.adaptation == "statistics" and self.start is None:
            raise ConfigError(where="adaptation 'statistics'", expected="a run to begin with", got="none")
        if (self.adaptation == "adversarial") != bool(self.unlabelled):
            raise ConfigError(where="unlabelled", expected="libraries for 'adversarial' and for no other adaptation")

    @property
    def config(self) -> XumxConfig:
        """Configuration of the network."""
        return self.network.config(tuple(XUMX_FAMILIES[self.family]))

    @property
    def description(self) -> dict[str, Any]:
        """What must be the same when a run is continued, beside the settings of the loop."""
        facts = asdict(self)
        return {key: _text(value) for key, value in facts.items() if key not in {"train", "validation_batches"}}


def _text(value: Any) -> Any:  # noqa: ANN401 - any value of a setting
    """Return a setting as JSON can hold it."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_text(each) for each in value]
    return {key: _text(each) for key, each in value.items()} if isinstance(value, Mapping) else value
