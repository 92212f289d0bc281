"""Do the comparison, or go on with it, and print its tables.

RESULTS holds scores.csv and cells.csv; a cell whose row is there is not done again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from rebalance.training import SolosStudy, read_recipe, run_solos_study
from rebalance.training.solos import ordering_lines, sight_lines, system_lines
from rebalance.training.studies import run_study_command, study_parser

RECIPE = Path(__file__).parent


def tables(results: Path) -> Iterator[str]:
    """Return the lines of all tables, from the files of results."""
    scores, cells = pd.read_csv(results / "scores.csv"), pd.read_csv(results / "cells.csv")
    for lines in (system_lines(scores), ordering_lines(scores), sight_lines(cells)):
        yield from lines
        yield ""


def work(asked: argparse.Namespace) -> Iterator[str]:
    """Do what is not done yet, and give the lines of the tables."""
    if not asked.tables:
        variant = "smoke" if asked.smoke else asked.variant
        run_solos_study(read_recipe(RECIPE, variant, SolosStudy, tuple(asked.overrides)), asked.work, asked.results)
    yield from tables(asked.results)


def main(arguments: list[str]) -> None:
    """Do what is asked for, and print the tables."""
    parser = study_parser("study.py", __doc__)
    parser.add_argument("results", nargs="?", type=Path, default=RECIPE / "results", help="folder of the tables")
    parser.add_argument("--work", type=Path, default=Path("runs/solos"), help="stand-ins, runs and models")
    parser.add_argument("--variant", default="default", help="of variants.yaml")
    parser.add_argument("--tables", action="store_true", help="print the tables of what is done")
    run_study_command(parser, work, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
