"""Training one system of the comparison of Solos: its material, its network, and what is to be said of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rebalance.separation import ModelCard
from rebalance.separation.networks import chosen_device
from rebalance.separation.solos import (
    SOLOS_INSTRUMENTS,
    MultiHeadUNet,
    SoundOfPixels,
    VisionNetwork,
    save_solos_network,
)
from rebalance.synthesis.performers import write_ensembles, write_solos
from rebalance.training._loop import train
from rebalance.training._loop_protocols import Objective
from rebalance.training._loss_validation import LossValidation
from rebalance.training._run_state import load_average, progress_of
from rebalance.training._solos_settings import SolosStudy
from rebalance.training._train_settings import TrainSettings
from rebalance.training.solos import (
    SYSTEMS,
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
    sight_accuracy,
)

_PROCESSOR = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class SolosMaterial:
    """What was opened: solos to train and to validate with, of both corpora, and the pieces that judge."""

    solos: tuple[SoloLibrary, SoloLibrary]
    other: tuple[SoloLibrary, SoloLibrary]
    pieces: tuple[EnsemblePiece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedSystem:
    """A trained network and what is to be said of it."""

    network: nn.Module
    cell: Mapping[str, Any]


def open_material(study: SolosStudy, work: Path) -> SolosMaterial:
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
    kept = work / "decoded"
    solos, other = (
        divided(open_solos(roots[name], sample_rate=rate, frame_size=side, keep_in=kept / name))
        for name in ("solos", "other")
    )
    _mixers(study, solos, 0, study.multi_head_mixing, study.multi_head_train)  # before anything is trained
    ensembles = study.ensembles_root or work / "ensembles"
    pieces = open_pieces(ensembles, sample_rate=rate, keep_in=kept / "ensembles")
    return SolosMaterial(solos=solos, other=other, pieces=pieces)


def train_system(study: SolosStudy, material: SolosMaterial, work: Path, name: SystemName, seed: int) -> TrainedSystem:
    """Train one system, or go on with its run, and keep its model."""
    runs, model = work / "runs", work / "models" / f"{name}-{seed}" / f"{name}.safetensors"
    run = runs / f"{name}-{seed}"
    torch.manual_seed(seed)
    if name == "multi-head-u-net":
        heads = MultiHeadUNet(study.multi_head)
        if study.multi_head_start is not None:
            load_average(heads, study.multi_head_start)
        cell = _fit(study, heads, material.solos, run, seed, study.multi_head_mixing, study.multi_head_train)
        save_solos_network(model, heads, _card(name, seed, cell))
        return TrainedSystem(network=heads, cell=cell)
    corpus = "other" if name == "pixels-other-corpus" else "solos"
    pixels = SoundOfPixels(study.pixels)
    accuracy = None
    if name == "pixels-fine-tuned":
        load_average(pixels, study.pixels_start or runs / f"pixels-other-corpus-{seed}" / "best.safetensors")
    else:
        accuracy = _with_sight(study, material, pixels.vision, runs / f"sight-{corpus}-{seed}", seed, corpus)
    libraries = material.other if corpus == "other" else material.solos
    cell = _fit(study, pixels, libraries, run, seed, study.pixels_mixing, study.pixels_train)
    save_solos_network(model, pixels, _card(name, seed, cell))
    return TrainedSystem(network=pixels, cell={**cell, "sight_accuracy": accuracy})


def _with_sight(
    study: SolosStudy, material: SolosMaterial, vision: VisionNetwork, run: Path, seed: int, corpus: str
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
    device = chosen_device(study.device)
    kept, held = _mixers(study, libraries, seed, mixing, settings, device)
    objective = _objective(study, network)
    seeded = replace(settings, seed=seed)
    description = {"mixing": asdict(mixing), "spectrum": asdict(study.spectrum), "vision": asdict(study.vision)}
    train(
        network,
        kept,
        seeded,
        run,
        device=device,
        description=description,
        validate=LossValidation(figures=objective, batches=held, n_batches=study.validation_batches),
        objective=objective,
    )
    network.to(_PROCESSOR)
    progress = progress_of(run / "state.safetensors", {"train": seeded.lasting, **description})
    load_average(network, run / "best.safetensors")
    return {
        "steps": progress.step,
        "minutes": round(progress.seconds / 60, 2),
        "n_parameters": sum(parameter.numel() for parameter in network.parameters()),
        "validation_loss": round(progress.schedule.best_loss, 5),
        "stages": progress.schedule.stage + 1,
    }


def _mixers(
    study: SolosStudy,
    libraries: tuple[SoloLibrary, SoloLibrary],
    seed: int,
    mixing: SoloMixingSettings,
    settings: TrainSettings,
    device: torch.device = _PROCESSOR,
) -> tuple[SoloMixer, SoloMixer]:
    """Return what makes the mixtures to train and to validate with, able to do so up to the last stage."""
    kept, held = (
        SoloMixer(
            solos=library,
            heads=SOLOS_INSTRUMENTS,
            spectrum=study.spectrum,
            vision=study.vision,
            settings=mixing,
            seed=seed + offset,
            device=device,
        )
        for library, offset in zip(libraries, (0, 1_000_003), strict=True)
    )
    if settings.curriculum is not None:
        for mixer in (kept, held):
            mixer.at_stage(settings.curriculum.stages - 1)
    return kept, held


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
