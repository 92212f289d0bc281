"""Tables of the results: `python compare.py [RESULTS.csv]`, medians, paired differences and rank correlations."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats

from rebalance import ConfigError

HERE = Path(__file__).parent
ROW = "mixture phase"
REFERENCE = "synthsod"
_CONFIDENCE = 0.95


def main(path: Path) -> None:
    """Print every table there is data for."""
    if not path.is_file():
        sys.exit(f"compare.py: {ConfigError(where=path, expected='results of experiments.py', found='none')}")
    rows = pd.read_csv(path)
    sys.stdout.write("\n".join([medians(rows), differences(rows), ranks(rows)]))


def medians(rows: pd.DataFrame) -> str:
    """Return the medians over tracks of the median frames, by test, target and row; counts beside them."""
    lines = [
        "| test | family | model | row | target | median, dB | tracks | frames |",
        "|---|---|---|---|---|---|---|---|",
    ]
    keys = ["test", "family", "model", "row", "target"]
    for key, own in rows.groupby(keys, sort=True):
        seeds = max(own["seed"].nunique(), 1)
        facts = [*map(str, key), f"{own['median_db'].median():.2f}"] if isinstance(key, tuple) else []
        lines.append(f"| {' | '.join(facts)} | {len(own) // seeds} | {int(own['n_frames'].sum()) // seeds:,} |")
    return "\n".join(lines) + "\n"


def differences(rows: pd.DataFrame) -> str:
    """Return how far each model lies from the reference on the same tracks, mean over targets, with an interval."""
    lines = ["| test | family | model | minus synthsod, dB | 95 % interval | tracks |", "|---|---|---|---|---|---|"]
    for (test, family), own in by_track(rows).groupby(["test", "family"], sort=True):
        table = own.pivot_table(index="track", columns="model", values="median_db")
        for model in sorted(set(map(str, table)) - {REFERENCE}) if REFERENCE in table else []:
            paired = (table[model] - table[REFERENCE]).dropna().to_numpy(dtype=float)
            if len(paired) > 1:
                low, high = interval(paired)
                facts = f"{paired.mean():+.2f} | {low:+.2f} to {high:+.2f} | {len(paired)}"
                lines.append(f"| {test} | {family} | {model} | {facts} |")
    return "\n".join(lines) + "\n"


def ranks(rows: pd.DataFrame) -> str:
    """Return Spearman's correlation of the order of the models between every two tests."""
    lines = ["| family | test | other test | rank correlation | models |", "|---|---|---|---|---|"]
    for family, own in by_track(rows).groupby("family", sort=True):
        table = own.pivot_table(index="model", columns="test", values="median_db")
        for first, second in itertools.combinations(sorted(map(str, table)), 2):
            pair = table[[first, second]].dropna()
            if len(pair) > 2:
                found = float(scipy.stats.spearmanr(pair[first], pair[second]).statistic)
                lines.append(f"| {family} | {first} | {second} | {found:+.2f} | {len(pair)} |")
    return "\n".join(lines) + "\n"


def by_track(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over targets and seeds of every track, model and test; sums of families left out."""
    targets = rows[(rows["row"] == ROW) & ~rows["target"].str.endswith("(sum)")]
    return targets.groupby(["test", "family", "model", "track"])["median_db"].mean().reset_index()


def interval(differences_db: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Return the interval of the mean of paired differences, by Student's distribution."""
    values = np.asarray(differences_db, dtype=float)
    error = float(scipy.stats.sem(values))
    if not error:
        return float(values.mean()), float(values.mean())
    low, high = scipy.stats.t.interval(_CONFIDENCE, len(values) - 1, loc=values.mean(), scale=error)
    return float(low), float(high)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "results.csv")
