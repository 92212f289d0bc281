"""The comparison of Solos as one resumable study: stand-ins, training, scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.separation import ModelCard
from rebalance.separation.solos import (
    SOLOS_INSTRUMENTS,
    LogSpectrumConfig,
    MultiHeadConfig,
    MultiHeadUNet,
    PixelsConfig,
    SoundOfPixels,
    VisionConfig,
    VisionNetwork,
    save_multi_head,
    save_pixels,
)
from rebalance.synthesis.performers import EnsemblePlan, SoloPlan, write_ensembles, write_solos
from rebalance.training._loop import Objective, TrainSettings, train
from rebalance.training._run_state import load_average, progress_of
from rebalance.training._solo_validation import SoloValidation
from rebalance.training.solos import (
    SCORE_COLUMNS,
    SYSTEMS,
    UNTRAINED_SYSTEMS,
    BinaryKind,
    EnsemblePiece,
    MultiHeadObjective,
    PixelsObjective,
    SightNetwork,
    SightObjective,
    SoloLibrary,
    SoloMixer,
    SoloMixingSettings,
    SystemName,
    divided,
    open_pieces,
    open_solos,
    score_system,
    sight_accuracy,
    trained_system,
    untrained_system,
)

_CELL_COLUMNS = ("system", "seed", "steps", "minutes", "n_parameters", "validation_loss", "stages", "sight_accuracy")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What was opened: solos to train and to validate with, of both corpora, and the pieces that judge."""

    solos: tuple[SoloLibrary, SoloLibrary]
    other: tuple[SoloLibrary, SoloLibrary]
    pieces: tuple[EnsemblePiece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trained:
    """A trained network and what is to be said of it."""

    network: nn.Module
    cell: Mapping[str, Any]


def run_solos_study(study: SolosStudy, work: StrPath, results: StrPath) -> pd.DataFrame:
    """Do whatever of a study is not done yet, and return its scores.

    Parameters
    ----------
    study
        What to do.
    work
        Folder of stand-ins, runs and models; an interrupted run goes on.
    results
        Folder of ``scores.csv``, a row for every source of every segment, and ``cells.csv``, a row for every cell. A
        cell whose row is there is never done again.

    Returns
    -------
    pandas.DataFrame
        See `SCORE_COLUMNS`, after ``system`` and ``seed``.

    Raises
    ------
    ConfigError, MetadataError
        If what is there belongs to other settings, or data are missing.

    Examples
    --------
    >>> from rebalance.training import SolosStudy, read_recipe, run_solos_study
    >>> own = ("solos_root=nowhere", "other_root=nowhere", "ensembles_root=nowhere")
    >>> study = read_recipe("recipes/solos", "smoke", SolosStudy, own)
    >>> run_solos_study(study, "nowhere", "nowhere")
    Traceback (most recent call last):
        ...
    rebalance.task._strict_json.JsonError: nowhere/solos_ids.json: no such file
    """
    work, results = expanded(work), expanded(results)
    done = _read_cells(results)
    waiting = [cell for cell in study.cells if cell not in done]
    if waiting:
        material = _opened(study, work)
        for name, seed in waiting:
            _do_cell(study, material, work, results, name, seed)
    return _read_scores(results)


def _read_scores(results: Path) -> pd.DataFrame:
    """Return the scores of all cells that are done."""
    return _table(results / "scores.csv", ("system", "seed", *SCORE_COLUMNS))


def _read_cells(results: Path) -> set[tuple[str, int]]:
    """Return the cells that are done."""
    cells = _table(results / "cells.csv", _CELL_COLUMNS)
    return {(str(name), int(seed)) for name, seed in zip(cells["system"], cells["seed"], strict=True)}


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a table of results, empty where there is none."""
    if not path.is_file():
        return pd.DataFrame(columns=list(columns))
    table = pd.read_csv(path)
    if tuple(table.columns) != columns:
        raise MetadataError(
            where=path, expected=f"columns {', '.join(columns)}", got=", ".join(map(str, table.columns))
        )
    return table


def _append(path: Path, rows: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Add rows to a table, whole or not at all."""
    kept = _table(path, columns)
    together = rows[list(columns)] if kept.empty else pd.concat([kept, rows[list(columns)]])
    with replacing(path) as temporary:
        together.to_csv(temporary, index=False)


def _opened(study: SolosStudy, work: Path) -> _Material:
    """Write the stand-ins that are missing, and open what there is."""
    roots = {}
    for name, plan in (("solos", study.solos), ("other", study.other)):
        given: Path | None = getattr(study, f"{name}_root")
        roots[name] = given or work / name
        if given is None:
            write_solos(roots[name], plan)
    if study.ensembles_root is None:
        write_ensembles(work / "ensembles", study.ensembles)
    rate, side = study.spectrum.sample_rate, study.vision.frame_size
    solos, other = (divided(open_solos(roots[name], sample_rate=rate, frame_size=side)) for name in ("solos", "other"))
    pieces = open_pieces(study.ensembles_root or work / "ensembles", sample_rate=rate)
    return _Material(solos=solos, other=other, pieces=pieces)


def _do_cell(study: SolosStudy, material: _Material, work: Path, results: Path, name: SystemName, seed: int) -> None:
    """Train and score one system, and write its rows: first the scores, last the cell."""
    trained = None if name in UNTRAINED_SYSTEMS else _trained(study, material, work, name, seed)
    system = untrained_system(name, study.spectrum) if trained is None else trained_system(trained.network)
    scores = score_system(
        system,
        material.pieces,
        segment_samples=study.piece_samples,
        sample_rate=study.spectrum.sample_rate,
    )
    cell: dict[str, Any] = {**dict.fromkeys(_CELL_COLUMNS), "system": name, "seed": seed}
    if trained is not None:
        cell |= trained.cell
    stale = _read_scores(results)
    stale = stale[~((stale["system"] == name) & (stale["seed"] == seed))]
    if not stale.empty:
        with replacing(results / "scores.csv") as temporary:
            stale.to_csv(temporary, index=False)
    rows = scores.assign(system=name, seed=seed).round({"sdr": 3, "sir": 3, "sar": 3})
    _append(results / "scores.csv", rows, ("system", "seed", *SCORE_COLUMNS))
    _append(results / "cells.csv", pd.DataFrame([cell]), _CELL_COLUMNS)


def _trained(study: SolosStudy, material: _Material, work: Path, name: SystemName, seed: int) -> _Trained:
    """Train one system, or go on with its run, and keep its model."""
    runs, model = work / "runs", work / "models" / f"{name}-{seed}" / f"{name}.safetensors"
    run = runs / f"{name}-{seed}"
    torch.manual_seed(seed)
    if name == "multi-head-u-net":
        heads = MultiHeadUNet(study.multi_head)
        cell = _fit(study, heads, material.solos, run, seed, study.multi_head_mixing, study.multi_head_train)
        save_multi_head(model, heads, _card(name, seed, cell))
        return _Trained(network=heads, cell=cell)
    corpus = "other" if name == "pixels-other-corpus" else "solos"
    pixels = SoundOfPixels(study.pixels)
    accuracy = None
    if name == "pixels-fine-tuned":
        load_average(pixels, runs / f"pixels-other-corpus-{seed}" / "best.safetensors")
    else:
        accuracy = _with_sight(study, material, pixels.vision, runs / f"sight-{corpus}-{seed}", seed, corpus)
    libraries = material.other if corpus == "other" else material.solos
    cell = _fit(study, pixels, libraries, run, seed, study.pixels_mixing, study.pixels_train)
    save_pixels(model, pixels, _card(name, seed, cell))
    return _Trained(network=pixels, cell={**cell, "sight_accuracy": accuracy})


def _with_sight(
    study: SolosStudy, material: _Material, vision: VisionNetwork, run: Path, seed: int, corpus: str
) -> float:
    """Teach a network of sight the instruments of its corpus, and return how many held-out players it names."""
    libraries = material.other if corpus == "other" else material.solos
    sight = SightNetwork(vision, SOLOS_INSTRUMENTS)
    _fit(study, sight, libraries, run, seed, study.sight_mixing, study.sight_train)
    return round(sight_accuracy(sight, libraries[1]), 4)


def _fit(
    study: SolosStudy,
    network: nn.Module,
    libraries: tuple[SoloLibrary, SoloLibrary],
    run: Path,
    seed: int,
    mixing: SoloMixingSettings,
    settings: TrainSettings,
) -> dict[str, Any]:
    """Train a network, or go on, give it the best of its averages, and return what is to be said of the run."""
    kept, held = (
        SoloMixer(
            solos=library,
            heads=SOLOS_INSTRUMENTS,
            spectrum=study.spectrum,
            vision=study.vision,
            settings=mixing,
            seed=seed + offset,
        )
        for library, offset in zip(libraries, (0, 1_000_003), strict=True)
    )
    objective = _objective(study, network)
    seeded = replace(settings, seed=seed)
    description = {"mixing": asdict(mixing), "spectrum": asdict(study.spectrum), "vision": asdict(study.vision)}
    train(
        network,
        kept,
        seeded,
        run,
        device=torch.device("cpu"),
        description=description,
        validate=SoloValidation(mixer=held, objective=objective, n_batches=study.validation_batches),
        objective=objective,
    )
    progress = progress_of(run / "state.safetensors", {"train": seeded.lasting, **description})
    load_average(network, run / "best.safetensors")
    return {
        "steps": progress.step,
        "minutes": round(progress.seconds / 60, 2),
        "n_parameters": sum(parameter.numel() for parameter in network.parameters()),
        "validation_loss": round(progress.schedule.best_loss, 5),
        "stages": progress.schedule.stage + 1,
    }


def _objective(study: SolosStudy, network: nn.Module) -> Objective:
    """Return what a network minimises."""
    if isinstance(network, MultiHeadUNet):
        return MultiHeadObjective()
    if isinstance(network, SoundOfPixels):
        return PixelsObjective(masks=study.binary_masks)
    return SightObjective()


def _card(name: SystemName, seed: int, cell: Mapping[str, Any]) -> ModelCard:
    """Return what the model's file says of its training."""
    told = {"System": SYSTEMS[name], "Seed": str(seed), "Steps": str(cell["steps"]), "Minutes": str(cell["minutes"])}
    return ModelCard(data=("solos rendered and drawn by program",), training=told)
