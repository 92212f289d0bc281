"""Trained runs on the same held-out mixtures: `python compare.py RUN=VARIANT RUN=VARIANT ...`.

VARIANT is a name of `variants.yaml`, or `default`; the mixtures are those of the default recipe for all. Printed is the
table of `rebalance.report.network_lines`, differences to the first run. The running averages are compared, as
`export.py` would take them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.report import network_lines
from rebalance.separation.networks import chosen_device
from rebalance.training import Experiment, held_out_figures, held_out_mixers, read_recipe, trained_average

HERE = Path(__file__).parent


def main(runs: list[str]) -> None:
    """Measure the runs one after the other and print the table."""
    device = chosen_device("auto")
    tables = {}
    try:
        mixers = held_out_mixers(read_recipe(HERE, "default", Experiment), device)
        for entry in runs:
            run, _, variant = entry.rpartition("=")
            network = trained_average(Path(run), read_recipe(HERE, variant, Experiment).network)
            tables[run] = held_out_figures(network.to(device), mixers)
    except RebalanceError as error:
        sys.exit(f"compare.py: {error}")
    sys.stdout.write("".join(f"{line}\n" for line in network_lines(tables)))


if __name__ == "__main__":
    if len(sys.argv) < 2 or not all("=" in argument for argument in sys.argv[1:]):
        sys.exit("usage: python compare.py RUN=VARIANT RUN=VARIANT ...")
    main(sys.argv[1:])
