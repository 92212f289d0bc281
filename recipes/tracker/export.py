"""Make weights that ship: `python export.py TRACKER_RUN REFINER_RUN NAME TASK [SCENES]`; `-` for no refiner.

In place of REFINER_RUN a checkpoint may stand, whose refiner is kept.

The trust in two voices and the shrinkage are fitted on TASK, or on the first SCENES of it, in the folder of the
tracker's run; only finished weights replace those that ship.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

from rebalance import RebalanceError
from rebalance.separation import WEIGHTS_FOLDER, ModelCard
from rebalance.task import Task, load_task
from rebalance.training import (
    RefinerExperiment,
    TrackerExperiment,
    export_tracker,
    progress_of_run,
    read_recipe,
    read_settings,
    stamp_tracker,
)
from rebalance.training.calibration import fit_shrinkage, fit_voice_trust

HERE = Path(__file__).parent
DATA = (HERE / "data.txt").read_text(encoding="utf-8").splitlines()


def training_of(
    tracker: TrackerExperiment, refiner: RefinerExperiment, tracker_run: Path, refiner_run: Path | None
) -> dict[str, str]:
    """Return what the card says of the training."""
    progress = progress_of_run(tracker, tracker_run)
    facts = {
        "Licence of the weights": "MIT",
        "Command": "python train.py RUN, python train_refiner.py RUN (recipes/tracker)",
        "Budget of the tracker": _budget(tracker, progress.step, progress.seconds),
    }
    if refiner_run is not None and refiner_run.is_dir():
        progress = progress_of_run(refiner, refiner_run)
        facts["Budget of the refiner"] = _budget(refiner, progress.step, progress.seconds)
    return facts


def _budget(experiment: TrackerExperiment | RefinerExperiment, steps: int, seconds: float) -> str:
    """Return how much a network heard and how long that took."""
    crop_s = experiment.mixing.crop_samples / experiment.network.sample_rate
    sound_h = steps * experiment.mixing.batch_size * crop_s / 3600
    return f"{steps:,} steps of {crop_s:.2f} s ({sound_h:.1f} h of sound), {seconds / 60:.0f} minutes"


def part_of(task: Task, n_scenes: int | None) -> Task:
    """Return a task with its first scenes only."""
    return task if n_scenes is None else replace(task, scenes=dict(islice(task.scenes.items(), n_scenes)))


def put(part: Path, place: Path) -> None:
    """Copy a file under a temporary name, then rename it."""
    temporary = place.with_name(f"{place.name}.part")
    shutil.copyfile(part, temporary)
    temporary.replace(place)


def main(tracker_run: Path, refiner_run: Path | None, name: str, task: Path, n_scenes: int | None) -> None:
    """Export, fit the shrinkage, then put the three files in the place of those that ship."""
    path = tracker_run / f"{name}.safetensors"
    try:
        tracker = read_recipe(HERE, "default", TrackerExperiment)
        refiner = read_settings(HERE / "refiner.yaml", RefinerExperiment)
        card = ModelCard(data=tuple(DATA), training=training_of(tracker, refiner, tracker_run, refiner_run))
        export_tracker(tracker_run, refiner_run, path, card, tracker=tracker.network, refiner=refiner.network)
        held_out = part_of(load_task(task, "valid", require_sources=True), n_scenes)
        voices = fit_voice_trust(held_out, path)
        stamp_tracker(path, voice_trust=round(voices.trust, 2))
        fit = fit_shrinkage(held_out, path)
        fitted_on = {
            "Fitted on": f"{fit.rows['scene'].nunique()} scenes of {task.name}",
            "Voices of one instrument": f"{voices.explained:.0%} of the energy of what tells them apart",
        }
        stamp_tracker(path, shrinkage=fit.shrinkage, training=fitted_on)
        for part in (path, path.with_name(f"{path.name}.sha256"), path.with_suffix(".md")):
            put(part, WEIGHTS_FOLDER / part.name)
    except RebalanceError as error:
        sys.exit(f"export.py: {error}")
    fit.rows.to_csv(tracker_run / "shrinkage.csv", index=False)
    sys.stdout.write(f"{WEIGHTS_FOLDER / path.name}: shrinkage {fit.shrinkage}\n")


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit("usage: python export.py TRACKER_RUN REFINER_RUN NAME TASK [SCENES]")
    refiner = None if sys.argv[2] == "-" else Path(sys.argv[2])
    main(Path(sys.argv[1]), refiner, sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]) if len(sys.argv) == 6 else None)
