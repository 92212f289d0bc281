"""What each part of the recipe is worth: `python ablations.py RUNS [key=value ...]` trains small networks without it.

All start from the same weights, take as many steps and are measured on the same held-out mixtures.
`RUNS/ablations.csv` holds the figures mixture by mixture, see `rebalance.training.tracking.MeasuredMixture`; printed
are means, and differences to the whole recipe with 95 % intervals over mixtures. Complete runs are not repeated.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from rebalance.errors import RebalanceError
from rebalance.files import replacing
from rebalance.report.statistics import paired_difference
from rebalance.report.texts import difference_text, signed_text
from rebalance.separation.devices import chosen_device
from rebalance.training.configuration import read_settings
from rebalance.training.experiment import Experiment, held_out_mixers, run_experiment
from rebalance.training.mixing import Mixer
from rebalance.training.tracking import measured_mixtures

SMALL = (
    "network.transform.hop=2048",
    "network.unet.channels=[8,16,32,64]",
    "mixing.crop_samples=96256",
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
    "without the loss of the remix": ("train.loss.remix=0",),
    "without harmonics shown": ("network.features.harmonics=[]",),
}
FIGURES: Mapping[str, str] = {"improvement_db": "SDR, dB", "remix_db": "remix, dB", "haaqi_gain": "HAAQI"}
N_BATCHES = 32


def settings(overrides: tuple[str, ...]) -> Experiment:
    """Return the settings of the recipe with some changed."""
    return read_settings(Path(__file__).with_name("config.yaml"), Experiment, overrides)


def figures(experiment: Experiment, run: Path, mixers: Mapping[str, Mixer]) -> pd.DataFrame:
    """Train one variant and return its figures, a row per held-out mixture."""
    network = run_experiment(experiment, run).eval()
    rows = [
        {"sounds": name, "mixture": number, **{figure: getattr(mixture, figure) for figure in FIGURES}}
        for name, mixer in mixers.items()
        for number, mixture in enumerate(measured_mixtures(network, mixer, N_BATCHES))
    ]
    return pd.DataFrame(rows)


def lines(variant: str, table: pd.DataFrame, whole: pd.DataFrame) -> Iterator[str]:
    """Return the lines of a variant, one per held-out family: mean and difference to the whole recipe."""
    for sounds, own in table.groupby("sounds", sort=False):
        before = whole[whole["sounds"] == sounds]
        cells = [cell(before[figure], own[figure], alone=variant == WHOLE) for figure in FIGURES]
        yield f"| {variant} | {sounds} | {' | '.join(cells)} |"


def cell(before: pd.Series, after: pd.Series, *, alone: bool) -> str:
    """Return a mean, and its difference with interval where there is something to compare with."""
    heard = (before.notna() & after.notna()).to_numpy()
    mean = signed_text(after[heard].mean())
    if alone:
        return mean
    mixtures = [str(number) for number in np.flatnonzero(heard)]
    difference = paired_difference(before[heard], after[heard], mixtures, rng=np.random.default_rng(0)).estimate
    return f"{mean}, {difference_text(difference)}"


def main(runs: Path, overrides: tuple[str, ...]) -> None:
    """Train and measure all variants; the table is written anew after each."""
    tables: dict[str, pd.DataFrame] = {}
    try:
        experiments = {name: settings((*SMALL, *changes, *overrides)) for name, changes in VARIANTS.items()}
        mixers = held_out_mixers(experiments[WHOLE], chosen_device("auto"))
        header = ["", "sounds", *FIGURES.values()]
        sys.stdout.write(f"| {' | '.join(header)} |\n{'|---' * len(header)}|\n")
        for name, experiment in experiments.items():
            tables[name] = figures(experiment, runs / name.replace(" ", "-"), mixers)
            with replacing(runs / "ablations.csv") as temporary:
                pd.concat(tables, names=["variant"]).droplevel(1).to_csv(temporary)
            sys.stdout.write("".join(f"{line}\n" for line in lines(name, tables[name], tables[WHOLE])))
            sys.stdout.flush()
    except RebalanceError as error:
        sys.exit(f"ablations.py: {error}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python ablations.py RUNS [key=value ...]")
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
