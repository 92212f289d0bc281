"""Train the official baseline's eight networks: `python train.py [RUN] [key=value ...]`; the same command goes on."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.training import TargetExperiment, read_settings, train_targets


def main(arguments: list[str]) -> None:
    """Train, with the settings of config.yaml and those given as key=value."""
    run = Path(next((argument for argument in arguments if "=" not in argument), "run"))
    overrides = tuple(argument for argument in arguments if "=" in argument)
    try:
        experiment = read_settings(Path(__file__).with_name("config.yaml"), TargetExperiment, overrides)
        train_targets(experiment, run)
    except RebalanceError as error:
        sys.exit(f"train.py: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
