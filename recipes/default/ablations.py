"""What each part of the recipe is worth: `python ablations.py RUNS [key=value ...]` trains small networks without it.

All start from the same weights and take as many steps; `RUNS/ablations.csv` holds their figures on the same held-out
mixtures, see `rebalance.training.tracking.Tracker`. Runs that are complete are not repeated.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from rebalance.errors import RebalanceError
from rebalance.files import replacing
from rebalance.separation.devices import chosen_device
from rebalance.training.configuration import read_settings
from rebalance.training.experiment import Experiment, held_out_mixers, run_experiment
from rebalance.training.tracking import Tracker

SMALL = (
    "network.unet.channels=[8,16,32,64]",
    "train.steps=300",
    "train.decay_steps=120",
    "train.validate_every=1000000",
    "train.learning_rate=0.003",
    "train.average_decay=0.98",
    "validation_batches=1",
)
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "everything": (),
    "without rooms": ("data.rooms=null",),
    "without equalisers and retuning": (
        "mixing.eq_db=0",
        "mixing.tilt_db_per_octave=0",
        "mixing.darkening_db_per_octave={}",
        "mixing.coherent_detune_cents=0",
        "mixing.random_detune_cents=0",
    ),
    "soundfonts only": ("data.train=[data/train-soundfonts]",),
    "without the loss of the remix": ("train.loss.remix=0",),
}
N_BATCHES = 32


def settings(overrides: tuple[str, ...]) -> Experiment:
    """Return the settings of the recipe with some changed."""
    return read_settings(Path(__file__).with_name("config.yaml"), Experiment, overrides)


def main(runs: Path, overrides: tuple[str, ...]) -> None:
    """Train and measure all variants; the table is written anew after each."""
    rows: list[dict[str, str | float]] = []
    try:
        experiments = {name: settings((*SMALL, *overrides, *changes)) for name, changes in VARIANTS.items()}
        tracker = Tracker(mixers=held_out_mixers(settings(overrides), chosen_device("auto")), n_batches=N_BATCHES)
        for name, experiment in experiments.items():
            network = run_experiment(experiment, runs / name.replace(" ", "-"))
            figures = tracker(network.eval(), experiment.train.steps)
            rows.append({"variant": name, **figures})
            write_table(runs / "ablations.csv", rows)
            sys.stdout.write(f"{name}: selection {figures['selection']:+.4f}\n")
    except RebalanceError as error:
        sys.exit(f"ablations.py: {error}")


def write_table(path: Path, rows: list[dict[str, str | float]]) -> None:
    """Write what there is so far."""
    with replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python ablations.py RUNS [key=value ...]")
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
