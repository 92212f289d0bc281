"""Train a player tracker: `python train.py RUN [VARIANT] [key=value ...]`; the same command continues a run.

Without a variant the default one; `variants.yaml` has the others.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.training import TrackerExperiment, read_recipe, run_tracker_experiment


def main(arguments: list[str]) -> None:
    """Train, with the settings of config.yaml, of the variant, and those given as key=value."""
    names = [argument for argument in arguments if "=" not in argument]
    overrides = tuple(argument for argument in arguments if "=" in argument)
    if not 1 <= len(names) <= 2:
        sys.exit("usage: python train.py RUN [VARIANT] [key=value ...]")
    variant = names[1] if len(names) > 1 else "default"
    try:
        run_tracker_experiment(read_recipe(Path(__file__).parent, variant, TrackerExperiment, overrides), names[0])
    except RebalanceError as error:
        sys.exit(f"train.py: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
