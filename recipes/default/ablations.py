"""What each part of the recipe is worth: `python ablations.py RUNS [key=value ...]` trains small networks without it.

All start from the same weights, take as many steps and are measured on the same held-out mixtures. Printed is the table
of `rebalance.report.network_lines`; `RUNS/ablations.csv` holds every mixture. Complete runs are not repeated.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from rebalance import RebalanceError
from rebalance.report import network_lines
from rebalance.separation.networks import chosen_device
from rebalance.training import Experiment, held_out_figures, held_out_mixers, read_recipe, run_experiment

SMALL = (  # beyond what the fast variant changes
    "network.unet.channels=[8,16,32,64]",
    "train.steps=1200",
    "train.decay_steps=400",
    "train.validate_every=1000000",
    "train.learning_rate=0.003",
    "train.average_decay=0.98",
    "validation_batches=1",
)
WHOLE = "everything"
VARIANTS: Mapping[str, tuple[str, ...]] = {
    WHOLE: (),
    "without rooms": ("data.rooms=null",),
    "without equalisers and retuning": (
        "mixing.eq_db=0",
        "mixing.tilt_db_per_octave=0",
        "mixing.darkening_db_per_octave={}",
        "mixing.coherent_detune_cents=0",
        "mixing.random_detune_cents=0",
    ),
    "soundfonts only": ("data.train=[data/train-soundfonts]",),
    "recorded notes only": ("data.train=[data/train-notes]",),
    "the loss of the remix once": ("train.loss.remix=1",),
    "without the loss of the remix": ("train.loss.remix=0",),
    "without harmonics shown": ("network.features.harmonics=[]",),
}


def main(runs: Path, overrides: tuple[str, ...]) -> None:
    """Train and measure all variants; the table is written anew after each."""
    tables: dict[str, pd.DataFrame] = {}
    try:
        experiments = {
            name: read_recipe(Path(__file__).parent, "fast", Experiment, (*SMALL, *overrides, *changes))
            for name, changes in VARIANTS.items()
        }
        mixers = held_out_mixers(experiments[WHOLE], chosen_device("auto"))
        for name, experiment in experiments.items():
            network = run_experiment(experiment, runs / name.replace(" ", "-"))
            tables[name] = held_out_figures(network.eval(), mixers)
            pd.concat(tables, names=["variant"]).droplevel(1).to_csv(runs / "ablations.csv")
    except RebalanceError as error:
        sys.exit(f"ablations.py: {error}")
    sys.stdout.write("".join(f"{line}\n" for line in network_lines(tables)))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python ablations.py RUNS [key=value ...]")
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
