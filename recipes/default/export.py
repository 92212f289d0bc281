"""Make weights that ship of a training run: `python export.py RUN NAME TASK [key=value ...]`.

NAME is that of the weights and of the variant; the settings are those given to `train.py`. The trust in voices and the
shrinkage are fitted on TASK in the folder of the run; only finished weights replace those that ship.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.separation import WEIGHTS_FOLDER, ModelCard
from rebalance.task import load_task
from rebalance.training import Experiment, export_average, progress_of_run, read_recipe, stamp
from rebalance.training.calibration import Fit, fit_shrinkage, fit_voice_trust

HERE = Path(__file__).parent
DATA = (HERE / "data.txt").read_text(encoding="utf-8").splitlines()


def exported(run: Path, name: str, task: Path, overrides: tuple[str, ...]) -> tuple[Path, Fit]:
    """Write the running average that did best in validation, how far to trust it, and its card, beside the run."""
    experiment = read_recipe(HERE, name, Experiment, overrides)
    training = training_of(experiment, run, name, overrides)
    path = run / f"{name}.safetensors"
    export_average(run, experiment.network, path, ModelCard(data=tuple(DATA)))
    held_out = load_task(task, "valid", require_sources=True)
    voices = fit_voice_trust(held_out, path)
    told_apart = {"Voices of one instrument": f"{voices.explained:.0%} of the energy of what tells them apart"}
    stamp(path, voice_trust=round(voices.trust, 2), training=told_apart)
    fit = fit_shrinkage(held_out, path)
    fitted_on = {"Fitted on": f"{fit.rows['scene'].nunique()} scenes of {task.name}"}
    stamp(path, shrinkage=fit.shrinkage, training={**training, **fitted_on})
    return path, fit


def training_of(experiment: Experiment, run: Path, name: str, overrides: tuple[str, ...]) -> dict[str, str]:
    """Return what the card says of the training."""
    progress = progress_of_run(experiment, run)
    command = ["python train.py RUN", *([] if name == "default" else [name]), *overrides]
    crop_s = experiment.mixing.crop_samples / experiment.network.sample_rate
    sound_h = progress.step * experiment.mixing.batch_size * crop_s / 3600
    return {
        "Licence of the weights": "MIT",
        "Command": f"{' '.join(command)} (recipes/default)",
        "Seed": str(experiment.train.seed),
        "Budget": f"{progress.step:,} steps of {experiment.mixing.batch_size} mixtures of {crop_s:.2f} s"
        f" ({sound_h:.1f} h of sound), {progress.seconds / 60:.0f} minutes",
        "Not measured": "real recordings",
    }


def main(run: Path, name: str, task: Path, overrides: tuple[str, ...]) -> None:
    """Export, then put the three files in the place of those that ship."""
    try:
        path, fit = exported(run, name, task, overrides)
        for part in (path, path.with_name(f"{path.name}.sha256"), path.with_suffix(".md")):
            shutil.copyfile(part, WEIGHTS_FOLDER / part.name)
    except RebalanceError as error:
        sys.exit(f"export.py: {error}")
    fit.rows.to_csv(run / "shrinkage.csv", index=False)
    sys.stdout.write(f"{WEIGHTS_FOLDER / path.name}: shrinkage {fit.shrinkage}\n")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: python export.py RUN NAME TASK [key=value ...]")
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), tuple(sys.argv[4:]))
