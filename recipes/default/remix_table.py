"""HAAQI of remixes by number of sources, gain and instrument: `python remix_table.py TASK MIXTURE_RUN RUN ...`.

Prints Markdown: the mean of every scored run and, unlike `rebalance report`, its difference to the first in every
group, with 95 % intervals over works: renditions of one work are not independent.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from rebalance import CAD2_TASK2, RebalanceError
from rebalance.report import Estimate, annotated, common_pairs, difference_text, paired_difference, read_scored_runs
from rebalance.task import load_task

# Rendered pieces are called after their work, the number of the excerpt, the ensemble and the round.
_RENDITION = re.compile(r"-\d+-[a-z].*$")


def groups(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Return what the columns of the table are called and which rows they hold."""
    yield "all", table["n_sources"] > 0
    for n_sources in CAD2_TASK2.n_sources:
        yield f"{n_sources} sources", table["n_sources"] == n_sources
    for gain in sorted(table["gain_size_db"].unique()):
        yield f"gains to {gain:g} dB", table["gain_size_db"] == gain
    for instrument in CAD2_TASK2.instruments:
        yield instrument, table["instruments"].map(lambda names, wanted=instrument: wanted in names)


def cells(first: pd.DataFrame, table: pd.DataFrame) -> Iterator[str]:
    """Return mean and difference to the first run, group by group."""
    for _, members in groups(first):
        if not members.any():
            yield ""
            continue
        after = table.loc[members, "avg_haaqi"]
        if first is table:
            yield f"{after.mean():.3f} ({len(after)})"
            continue
        yield f"{after.mean():.3f}, {difference_text(difference(first[members], table[members]))}"


def difference(first: pd.DataFrame, table: pd.DataFrame) -> Estimate:
    """Return the difference of HAAQI, pair by pair, its interval over works."""
    works = [_RENDITION.sub("", piece) for piece in first["piece"]]
    return paired_difference(first["avg_haaqi"], table["avg_haaqi"], works, rng=np.random.default_rng(0)).estimate


def scored_tables(data: Path, folders: list[Path]) -> dict[str, pd.DataFrame]:
    """Return what the pairs scored in all runs got, by run.

    Raises
    ------
    RebalanceError
        If a run or the task cannot be read.
    """
    runs = read_scored_runs(folders)
    task = load_task(data, runs[0].split, require_sources=True)
    pairs = common_pairs(runs)
    if len(pairs) < len(task.pairs):
        sys.stderr.write(f"{len(pairs)} of {len(task.pairs)} pairs are scored in all runs; the others are left out\n")
    return {run.name: annotated(run, task).loc[pairs] for run in runs}


def main(data: Path, folders: list[Path]) -> None:
    """Print the table, a row per group and a column per run."""
    try:
        tables = scored_tables(data, folders)
    except RebalanceError as error:
        sys.exit(f"remix_table.py: {error}")
    first = next(iter(tables.values()))
    columns = [list(cells(first, table)) for table in tables.values()]
    lines = [f"| | {' | '.join(tables)} |", "|---|" + "---|" * len(tables)]
    for number, (name, _) in enumerate(groups(first)):
        lines.append(f"| {name} | {' | '.join(column[number] for column in columns)} |")
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: python remix_table.py TASK MIXTURE_RUN RUN ...")
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
