"""Train a player tracker: `python train.py RUN [key=value ...]`; the same command continues a run."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.training import TrackerExperiment, read_recipe, run_tracker_experiment


def main(run: Path, overrides: tuple[str, ...]) -> None:
    """Train, with the settings of config.yaml and those given as key=value."""
    try:
        run_tracker_experiment(read_recipe(Path(__file__).parent, "default", TrackerExperiment, overrides), run)
    except RebalanceError as error:
        sys.exit(f"train.py: {error}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or any("=" not in argument for argument in sys.argv[2:]):
        sys.exit("usage: python train.py RUN [key=value ...]")
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
