"""Train one network: `python train.py RUN [published.yaml] [key=value ...]`; the same command continues a run.

At its end the network is written to `RUN/weights/<target>.safetensors`, for `--separator iass:RUN/weights`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.separation import ModelCard
from rebalance.training import IassExperiment, export_iass, read_settings, run_iass_experiment


def main(run: Path, config: Path, overrides: tuple[str, ...]) -> None:
    """Train with the settings of a file and those given as key=value, and export."""
    experiment = read_settings(config, IassExperiment, overrides)
    run_iass_experiment(experiment, run)
    card = ModelCard(data=tuple(str(folder) for folder in experiment.data.train))
    export_iass(experiment, run, run / "weights" / f"{experiment.network.target}.safetensors", card)


if __name__ == "__main__":
    files = [argument for argument in sys.argv[2:] if "=" not in argument]
    if len(sys.argv) < 2 or len(files) > 1:
        sys.exit("usage: python train.py RUN [CONFIG.yaml] [key=value ...]")
    settings = Path(files[0]) if files else Path(__file__).with_name("published.yaml")
    try:
        main(Path(sys.argv[1]), settings, tuple(argument for argument in sys.argv[2:] if "=" in argument))
    except RebalanceError as error:
        sys.exit(f"train.py: {error}")
