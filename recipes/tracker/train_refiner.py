"""Train the refiner of masks: `python train_refiner.py RUN [key=value ...]`; the same command continues a run."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.training import RefinerExperiment, read_settings, run_refiner_experiment


def main(run: Path, overrides: tuple[str, ...]) -> None:
    """Train, with the settings of refiner.yaml and those given as key=value."""
    try:
        settings = read_settings(Path(__file__).with_name("refiner.yaml"), RefinerExperiment, overrides)
        run_refiner_experiment(settings, run)
    except RebalanceError as error:
        sys.exit(f"train_refiner.py: {error}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or any("=" not in argument for argument in sys.argv[2:]):
        sys.exit("usage: python train_refiner.py RUN [key=value ...]")
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
