"""What each part of the recipe is worth: `python ablations.py RUNS [key=value ...]` trains small networks without it.

All start from the same weights and take as many steps; `RUNS/ablations.csv` holds their figures on the same held-out
mixtures, see `rebalance.training.tracking.Tracker`. Runs that are complete are not repeated.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from rebalance.errors import RebalanceError
from rebalance.files import replacing
from rebalance.separation.devices import chosen_device
from rebalance.training.configuration import read_settings
from rebalance.training.experiment import Experiment, held_out_mixers, run_experiment
from rebalance.training.tracking import Tracker

SMALL = (
    "network.unet.channels=[8,16,32,64]",
    "train.steps=400",
    "train.decay_steps=150",
    "train.validate_every=1000000",
    "train.learning_rate=0.003",
    "train.average_decay=0.98",
    "validation_batches=1",
)
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "everything": (),
    "without rooms": ("data.rooms=null",),
    "without equalisers": ("mixing.eq_db=0", "mixing.tilt_db_per_octave=0", "mixing.darkening_db_per_octave={}"),
    "without retuning": ("mixing.coherent_detune_cents=0", "mixing.random_detune_cents=0"),
    "without recorded notes": ("data.train=[data/train-soundfonts]",),
    "without soundfonts": ("data.train=[data/train-notes]",),
    "without the loss of the remix": ("train.loss.remix=0",),
    "without players of one rendition": ("mixing.coherent_share=0",),
    "without random ensembles": ("mixing.coherent_share=1",),
}
N_BATCHES = 32


def measured(overrides: tuple[str, ...], run: Path) -> dict[str, float]:
    """Train one variant and return its figures."""
    experiment = read_settings(Path(__file__).with_name("config.yaml"), Experiment, (*SMALL, *overrides))
    network = run_experiment(experiment, run)
    full = read_settings(Path(__file__).with_name("config.yaml"), Experiment)
    tracker = Tracker(mixers=held_out_mixers(full, chosen_device("auto")), n_batches=N_BATCHES)
    return tracker(network.eval(), experiment.train.steps)


def main(runs: Path, overrides: tuple[str, ...]) -> None:
    """Measure all variants; the table is written anew after each."""
    torch.set_num_threads(1)
    rows: list[dict[str, str | float]] = []
    for name, changes in VARIANTS.items():
        try:
            figures = measured((*overrides, *changes), runs / name.replace(" ", "-"))
        except RebalanceError as error:
            sys.exit(f"ablations.py: {name}: {error}")
        rows.append({"variant": name, **figures})
        with replacing(runs / "ablations.csv") as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        sys.stdout.write(f"{name}: HAAQI of the remix over the mixture {figures['unseen/haaqi']:+.4f}\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python ablations.py RUNS [key=value ...]")
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
