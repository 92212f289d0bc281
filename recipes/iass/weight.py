"""What the instrument weight is worth to other separators: `python weight.py WEIGHTS... [SEPARATOR ...]`.

WEIGHTS are folders of networks of the study, `runs/weights/iass-seed-0`, one for each seed. Excerpts of 8 s of six of
its test pieces are remixed with random gains by every separator (`default` where none is named), as it is, with the
weight of the networks, and with the true activity as the upper bound. The rows go into `weight.csv`; printed are means
of HAAQI less that of the mixture, and differences.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from rebalance import RebalanceError
from rebalance.report import Ordering, ordering_lines, system_lines
from rebalance.separation import Separator, load_activity_detector, load_separator
from rebalance.training import NO_WEIGHT, TRUE_WEIGHT, WeightTrial, measured_weight
from rebalance.training.data import open_library

DETECTOR = "weight of IASS"
STEMS = Path("runs/stems/test")
TRIAL = WeightTrial(weighted=("Flute", "Cello"), n_pieces=6)
FIGURE = "haaqi_gain"
ORDERINGS = tuple(Ordering(system=weight, than=NO_WEIGHT, figure=FIGURE) for weight in (DETECTOR, TRUE_WEIGHT))


def main(folders: list[str], names: list[str]) -> None:
    """Measure the separators and print both tables."""
    separators = [load_separator(name) for name in names]
    table = pd.concat([rows_of(folder, separators, seed) for seed, folder in enumerate(folders)])
    table.to_csv("weight.csv", index=False, float_format="%.5f", lineterminator="\n")
    for lines in (
        system_lines(table, {FIGURE: "HAAQI less the mixture's"}, places=4),
        ordering_lines(table, ORDERINGS, places=4),
    ):
        sys.stdout.write("".join(f"{line}\n" for line in lines) + "\n")


def rows_of(folder: str, separators: list[Separator], seed: int) -> pd.DataFrame:
    """Return the rows of all separators with the networks of one seed."""
    detector = load_activity_detector(f"iass:{folder}", device="cpu")
    assert detector is not None
    rows = [asdict(row) for row in measured_weight(separators, {DETECTOR: detector}, open_library([STEMS]), TRIAL)]
    return pd.DataFrame(rows).rename(columns={"separator": "target", "weight": "system"}).assign(seed=seed)


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if Path(word).is_dir()]
    if not given:
        sys.exit("usage: python weight.py WEIGHTS... [SEPARATOR ...]")
    try:
        main(given, [word for word in sys.argv[1:] if word not in given] or ["default"])
    except RebalanceError as error:
        sys.exit(f"weight.py: {error}")
