"""Make weights that ship of a training run: `python export.py RUN NAME TASK`.

NAME is that of the weights and, but for `default`, of the variant. The trust in voices and the shrinkage are fitted on
TASK.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance.errors import RebalanceError
from rebalance.loading import load_task
from rebalance.separation.checkpoints import WEIGHTS_FOLDER, ModelCard
from rebalance.training.configuration import read_settings, read_variant
from rebalance.training.experiment import Experiment
from rebalance.training.exporting import export_average, stamp
from rebalance.training.fitting import fit_shrinkage
from rebalance.training.voices import fit_voice_trust

HERE = Path(__file__).parent
DATA = (HERE / "data.txt").read_text(encoding="utf-8").splitlines()


def main(run: Path, name: str, task: Path) -> None:
    """Export the running average that did best in validation, fit how far to trust it, write the card."""
    path = WEIGHTS_FOLDER / f"{name}.safetensors"
    try:
        variant = () if name == "default" else read_variant(HERE / "variants.yaml", name)
        experiment = read_settings(HERE / "config.yaml", Experiment, variant)
        best = run / "best.safetensors"
        average = best if best.exists() else run / "state.safetensors"
        export_average(average, experiment.network, path, ModelCard(data=tuple(DATA)))
        held_out = load_task(task, "valid", require_sources=True)
        stamp(path, voice_trust=fit_voice_trust(held_out, path))
        fit = fit_shrinkage(held_out, path)
        stamp(path, shrinkage=fit.shrinkage)
    except RebalanceError as error:
        sys.exit(f"export.py: {error}")
    fit.rows.to_csv(run / "shrinkage.csv", index=False)
    sys.stdout.write(f"{path}: shrinkage {fit.shrinkage}\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python export.py RUN NAME TASK")
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
