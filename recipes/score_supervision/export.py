"""Make weights of a run: `python export.py RUN FILE.safetensors [key=value ...]`, as it was trained."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.separation import ModelCard
from rebalance.training import ScoreExperiment, export_score_separator, read_settings

DATA = ("program-made music for piano, distorted guitar and bass with its notes",)


def main(run: Path, file: Path, overrides: tuple[str, ...]) -> None:
    """Write the weights and their digest."""
    try:
        experiment = read_settings(Path(__file__).with_name("config.yaml"), ScoreExperiment, overrides)
        export_score_separator(experiment, run, file, ModelCard(data=DATA))
    except RebalanceError as error:
        sys.exit(f"export.py: {error}")


if __name__ == "__main__":
    if len(sys.argv) < 3 or any("=" not in argument for argument in sys.argv[3:]):
        sys.exit("usage: python export.py RUN FILE.safetensors [key=value ...]")
    main(Path(sys.argv[1]), Path(sys.argv[2]), tuple(sys.argv[3:]))
