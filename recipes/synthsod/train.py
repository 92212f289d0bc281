"""Train the model of a family: `python train.py RUN MODELS [--small] [key=value ...]`; the same command goes on."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.separation import ModelCard
from rebalance.training import FamilyExperiment, export_family, read_recipe, train_family

HERE = Path(__file__).parent


def main(run: Path, models: Path, variant: str, overrides: tuple[str, ...]) -> None:
    """Train with the settings of config.yaml and write the best model where `xumx:MODELS` finds it."""
    try:
        experiment = read_recipe(HERE, variant, FamilyExperiment, overrides)
        train_family(experiment, run)
        path = export_family(experiment, run, models, card_of(experiment))
    except RebalanceError as error:
        sys.exit(f"train.py: {error}")
    sys.stdout.write(f"wrote {path}\n")


def card_of(experiment: FamilyExperiment) -> ModelCard:
    """Return what is told with the weights."""
    length = f"{experiment.train.steps}" if experiment.train.steps else f"{experiment.train.epochs} epochs at most"
    told = {"Family": experiment.family, "Steps": length, "Seed": str(experiment.train.seed)}
    start = {} if experiment.start is None else {"Start": experiment.start.name, "Adaptation": experiment.adaptation}
    return ModelCard(data=tuple(map(str, experiment.stems)), training=told | start)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--small"]
    if len(words) < 2 or any("=" not in word for word in words[2:]):
        sys.exit("usage: python train.py RUN MODELS [--small] [key=value ...]")
    chosen = "small" if "--small" in sys.argv[1:] else "default"
    main(Path(words[0]), Path(words[1]), chosen, tuple(words[2:]))
