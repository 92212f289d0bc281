"""Make weights that ship: `python export.py TRACKER_RUN REFINER_RUN NAME TASK [SEGMENTS] [key=value ...]`.

NAME is that of the weights and, if there is one of that name, of the variant. REFINER_RUN is `-` for no refiner; in
place of either run a checkpoint may stand, whose part is kept. The settings are those given to `train.py`, and with
`refiner.` in front those given to `train_refiner.py`.

The trust in two voices and the shrinkage are fitted on TASK, the shrinkage on SEGMENTS of it if that many are asked
for, spread evenly, in the folder of the tracker's run; only finished weights replace those that ship.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from yaml import safe_load

from rebalance import RebalanceError
from rebalance.separation import WEIGHTS_FOLDER, ModelCard
from rebalance.task import Task, load_task, spread_segments
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
OF_REFINER = "refiner."
DATA = (HERE / "data.txt").read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """Two runs and what was given to the commands that made them."""

    tracker_run: Path
    refiner_run: Path | None
    name: str
    overrides: tuple[str, ...]

    @property
    def tracker(self) -> TrackerExperiment:
        """Settings of the tracker."""
        return read_recipe(HERE, self.variant, TrackerExperiment, self._given(of_refiner=False))

    @property
    def refiner(self) -> RefinerExperiment:
        """Settings of the refiner."""
        return read_settings(HERE / "refiner.yaml", RefinerExperiment, self._given(of_refiner=True))

    @property
    def variant(self) -> str:
        """Variant of the tracker."""
        return self.name if self.name in safe_load((HERE / "variants.yaml").read_text(encoding="utf-8")) else "default"

    def facts(self) -> dict[str, str]:
        """Return what the card says of the training."""
        named = [] if self.variant == "default" else [self.variant]
        commands: list[str] = []
        budgets: dict[str, str] = {}
        if self.tracker_run.is_dir():
            commands.append(" ".join(["python train.py RUN", *named, *self._given(of_refiner=False)]))
            progress = progress_of_run(self.tracker, self.tracker_run)
            budgets["Budget of the tracker"] = _budget(self.tracker, progress.step, progress.seconds)
        if self.refiner_run is not None and self.refiner_run.is_dir():
            commands.append(" ".join(["python train_refiner.py RUN", *self._given(of_refiner=True)]))
            progress = progress_of_run(self.refiner, self.refiner_run)
            budgets["Budget of the refiner"] = _budget(self.refiner, progress.step, progress.seconds)
        return {
            "Licence of the weights": "MIT",
            "Command": f"{', '.join(commands)} (recipes/tracker)",
            **budgets,
            "Not measured": "real recordings",
        }

    def _given(self, *, of_refiner: bool) -> tuple[str, ...]:
        """Return what was given to one of the commands."""
        own = [given for given in self.overrides if given.startswith(OF_REFINER) == of_refiner]
        return tuple(given.removeprefix(OF_REFINER) for given in own)


def _budget(experiment: TrackerExperiment | RefinerExperiment, steps: int, seconds: float) -> str:
    """Return how much a network heard and how long that took."""
    crop_s = experiment.mixing.crop_samples / experiment.network.sample_rate
    sound_h = steps * experiment.mixing.batch_size * crop_s / 3600
    return f"{steps:,} steps of {crop_s:.2f} s ({sound_h:.1f} h of sound), {seconds / 60:.0f} minutes"


def part_of(task: Task, n_segments: int | None) -> Task:
    """Return a task with the scenes of some of its segments, spread evenly."""
    chosen = {segment.name for segment in spread_segments(task.segments.values(), n_segments)}
    return replace(task, scenes={name: scene for name, scene in task.scenes.items() if scene.segment.name in chosen})


def put(part: Path, place: Path) -> None:
    """Copy a file under a temporary name, then rename it."""
    temporary = place.with_name(f"{place.name}.part")
    shutil.copyfile(part, temporary)
    temporary.replace(place)


def main(trained: Trained, task: Path, n_segments: int | None) -> None:
    """Export, fit the shrinkage, then put the three files in the place of those that ship."""
    folder = trained.tracker_run if trained.tracker_run.is_dir() else trained.tracker_run.parent / trained.name
    path = folder / f"{trained.name}.safetensors"
    try:
        card = ModelCard(data=tuple(DATA), training=trained.facts())
        sizes = (trained.tracker.network, trained.refiner.network)
        export_tracker(trained.tracker_run, trained.refiner_run, path, card, tracker=sizes[0], refiner=sizes[1])
        held_out = load_task(task, "valid", require_sources=True)
        voices = fit_voice_trust(held_out, path)
        stamp_tracker(path, voice_trust=round(voices.trust, 2))
        fit = fit_shrinkage(part_of(held_out, n_segments), path)
        fitted_on = {
            "Fitted on": f"{fit.rows['scene'].nunique()} scenes of {task.name}",
            "Voices of one instrument": f"{voices.explained:.0%} of the energy of what tells them apart",
        }
        stamp_tracker(path, shrinkage=fit.shrinkage, training=fitted_on)
        for part in (path, path.with_name(f"{path.name}.sha256"), path.with_suffix(".md")):
            put(part, WEIGHTS_FOLDER / part.name)
    except RebalanceError as error:
        sys.exit(f"export.py: {error}")
    fit.rows.to_csv(folder / "shrinkage.csv", index=False)
    sys.stdout.write(f"{WEIGHTS_FOLDER / path.name}: shrinkage {fit.shrinkage}\n")


if __name__ == "__main__":
    names = [argument for argument in sys.argv[1:] if "=" not in argument]
    if len(names) not in (4, 5):
        sys.exit("usage: python export.py TRACKER_RUN REFINER_RUN NAME TASK [SEGMENTS] [key=value ...]")
    main(
        Trained(
            tracker_run=Path(names[0]),
            refiner_run=None if names[1] == "-" else Path(names[1]),
            name=names[2],
            overrides=tuple(argument for argument in sys.argv[1:] if "=" in argument),
        ),
        Path(names[3]),
        int(names[4]) if len(names) > 4 else None,
    )
