"""Everything that decides what the comparison of Solos gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rebalance._base.errors import ConfigError
from rebalance.separation.solos import LogSpectrumConfig, MultiHeadConfig, PixelsConfig, VisionConfig
from rebalance.synthesis.performers import EnsemblePlan, SoloPlan
from rebalance.training._train_settings import TrainSettings
from rebalance.training.solos import SYSTEMS, UNTRAINED_SYSTEMS, BinaryKind, SoloMixingSettings, SystemName


@dataclass(frozen=True, slots=True, kw_only=True)
class SolosStudy:
    """Everything that decides what the comparison gives.

    Parameters
    ----------
    seeds
        Of the trained systems.
    solos, other
        Stand-ins for Solos and for the corpus that the published weights of The Sound of Pixels were trained on.
    ensembles
        Stand-in for URMP, which only judges.
    solos_root, other_root, ensembles_root
        Folders of recordings in place of the stand-ins.
    spectrum, vision
        What the networks see.
    piece_samples
        Length of the pieces that are scored; the networks separate them in one or several segments.
    multi_head_widths, pixels_widths
        Channels of both networks.
    rectified_output
        See `MultiHeadConfig`.
    binary_masks
        See `PixelsObjective`.
    sight_mixing, sight_train
        How the network of sight is taught the instruments of its corpus, in place of weights from ImageNet.
    pixels_mixing, pixels_train
        Of The Sound of Pixels.
    multi_head_mixing, multi_head_train
        Of the multi-head U-Net.
    validation_batches
        Of held-out solos.
    pixels_start
        Weights that the fine-tuned Sound of Pixels begins with: ``best.safetensors`` or ``state.safetensors`` of
        another run of the same sizes; those of the run on the other corpus when None.
    device
        Where networks are trained, as for `rebalance.separation.load_separator`; scores are made on the processor.
    multi_head_start
        Weights that the multi-head U-Net begins with, likewise; random ones when None.

    Raises
    ------
    ConfigError
        If there is no seed.

    Examples
    --------
    >>> from rebalance.training import SolosStudy, read_recipe
    >>> study = read_recipe("recipes/solos", "published", SolosStudy)
    >>> study.spectrum.n_frames, study.multi_head_train.curriculum.stages
    (256, 6)
    """

    seeds: tuple[int, ...] = (0, 1)
    solos: SoloPlan = field(default_factory=SoloPlan)
    other: SoloPlan = field(default_factory=SoloPlan)
    ensembles: EnsemblePlan = field(default_factory=EnsemblePlan)
    solos_root: Path | None = None
    other_root: Path | None = None
    ensembles_root: Path | None = None
    spectrum: LogSpectrumConfig = field(default_factory=LogSpectrumConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)
    piece_samples: int = 65_535
    multi_head_widths: tuple[int, ...]
    pixels_widths: tuple[int, ...]
    rectified_output: bool = True
    binary_masks: BinaryKind = "threshold"
    sight_mixing: SoloMixingSettings
    sight_train: TrainSettings
    pixels_mixing: SoloMixingSettings
    pixels_train: TrainSettings
    multi_head_mixing: SoloMixingSettings
    multi_head_train: TrainSettings
    validation_batches: int = 4
    pixels_start: Path | None = None
    multi_head_start: Path | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ConfigError(where="seeds", expected="one or more different seeds", got=str(self.seeds))

    @property
    def multi_head(self) -> MultiHeadConfig:
        """Sizes of the multi-head U-Net."""
        return MultiHeadConfig(
            widths=self.multi_head_widths, rectified_output=self.rectified_output, spectrum=self.spectrum
        )

    @property
    def pixels(self) -> PixelsConfig:
        """Sizes of The Sound of Pixels."""
        return PixelsConfig(widths=self.pixels_widths, vision=self.vision, spectrum=self.spectrum)

    @property
    def cells(self) -> tuple[tuple[SystemName, int], ...]:
        """What is scored, in this order: every trained system once for every seed."""
        trained = [(name, seed) for seed in self.seeds for name in SYSTEMS if name not in UNTRAINED_SYSTEMS]
        return (*((name, 0) for name in UNTRAINED_SYSTEMS), *trained)
