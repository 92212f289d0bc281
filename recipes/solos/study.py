"""Do the comparison, or go on with it: `python study.py [RESULTS] [--work DIR] [--smoke] [key=value ...]`.

RESULTS holds scores.csv and cells.csv; a cell whose row is there is not done again. `--table` only prints the tables.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from rebalance import RebalanceError
from rebalance.training import SolosStudy, read_recipe, run_solos_study
from rebalance.training.solos import ordering_lines, sight_lines, system_lines

RECIPE = Path(__file__).parent


def tables(results: Path) -> Iterator[str]:
    """Return the lines of all tables, from the files of results."""
    scores, cells = pd.read_csv(results / "scores.csv"), pd.read_csv(results / "cells.csv")
    for lines in (system_lines(scores), ordering_lines(scores), sight_lines(cells)):
        yield from lines
        yield ""


def main(arguments: list[str]) -> None:
    """Do what is not done yet, and print the tables."""
    parser = argparse.ArgumentParser(prog="study.py", description=__doc__)
    parser.add_argument("results", nargs="?", type=Path, default=RECIPE / "results")
    parser.add_argument("--work", type=Path, default=Path("runs/solos"), help="stand-ins, runs and models")
    parser.add_argument("--variant", default="default", help="of variants.yaml")
    parser.add_argument(
        "--smoke", action="store_const", const="smoke", dest="variant", help="a minute, not the figures"
    )
    parser.add_argument("--table", action="store_true", help="print the tables of what is done")
    parser.add_argument("overrides", nargs="*", help="key=value, as in config.yaml")
    asked, more = parser.parse_known_args(arguments)
    overrides = tuple(text for text in (*asked.overrides, *more) if "=" in text)
    try:
        if not asked.table:
            run_solos_study(read_recipe(RECIPE, asked.variant, SolosStudy, overrides), asked.work, asked.results)
        for line in tables(asked.results):
            sys.stdout.write(f"{line}\n")
    except (RebalanceError, FileNotFoundError) as error:
        sys.exit(f"study.py: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
