"""Train one step of learning from scores: `python train.py RUN [key=value ...]`; the same command continues a run."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.training import ScoreExperiment, read_settings, run_score_experiment


def main(run: Path, overrides: tuple[str, ...]) -> None:
    """Train, with the settings of config.yaml and those given as key=value."""
    try:
        run_score_experiment(read_settings(Path(__file__).with_name("config.yaml"), ScoreExperiment, overrides), run)
    except RebalanceError as error:
        sys.exit(f"train.py: {error}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or any("=" not in argument for argument in sys.argv[2:]):
        sys.exit("usage: python train.py RUN [key=value ...]")
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
