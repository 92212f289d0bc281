"""The two tables of a study of learning from scores, and whether the orderings of the paper came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import Estimate, clustered_mean, paired_difference
from rebalance._base.files import StrPath, expanded, write_text

Figure: TypeAlias = Literal["si_sdr_db", "accuracy", "false_positive_rate"]
Verdict: TypeAlias = Literal["yes", "not resolved", "no"]
INPUT = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOrdering:
    """What the paper says of two rows.

    Parameters
    ----------
    better, worse
        Names of the rows; the first has the greater figure.
    figure
        Which is compared; of the notes in mixtures.
    instrument
        Of which instrument; the mean of all when None.
    """

    better: str
    worse: str
    figure: Figure = "si_sdr_db"
    instrument: str | None = None


SCORE_ORDERINGS: tuple[ScoreOrdering, ...] = (
    ScoreOrdering(better="supervised", worse="joint, AML"),
    ScoreOrdering(better="c-mix", worse="classifier as critic"),
    ScoreOrdering(better="c-mix", worse="h-mix"),
    ScoreOrdering(better="c-mix and h-mix", worse="c-mix"),
    ScoreOrdering(better="joint", worse="c-mix and h-mix"),
    ScoreOrdering(better="joint", worse="c-mix and h-mix", instrument="Guitar"),
    ScoreOrdering(better="joint, AML", worse="joint"),
    ScoreOrdering(better="joint, ATL", worse="joint"),
    ScoreOrdering(better="classifier as critic", worse=INPUT),
    ScoreOrdering(better="c-mix", worse=INPUT),
    ScoreOrdering(better="joint", worse="joint, AML", figure="false_positive_rate"),
    ScoreOrdering(better="joint", worse="joint, ATL", figure="false_positive_rate"),
    ScoreOrdering(better="joint, AML", worse="joint", figure="accuracy", instrument="Guitar"),
    ScoreOrdering(better="joint, ATL", worse="joint", figure="accuracy", instrument="Guitar"),
    ScoreOrdering(better="joint, AML", worse="transcriptor", figure="accuracy", instrument="Guitar"),
    ScoreOrdering(better="semi-supervised", worse="few stems"),
    ScoreOrdering(better="semi-supervised", worse="c-mix and h-mix"),
)
"""Those of tables 1 and 2 of Hung, Wichern and Le Roux 2021; the last two are this project's own question."""

_NAMES = {"si_sdr_db": "SI-SDR, dB", "accuracy": "note accuracy", "false_positive_rate": "false positives"}


def write_score_tables(folder: StrPath, separation: pd.DataFrame, notes: pd.DataFrame) -> None:
    """Write ``tables.md`` with both tables and the orderings.

    Parameters
    ----------
    folder
        Where to.
    separation, notes
        See `rebalance.training.StudyResults`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from rebalance.report import write_score_tables
    >>> line = {"row": "c-mix", "seed": 0, "track": "first", "instrument": "Bass", "clips": 9, "si_sdr_db": 2.0}
    >>> columns = ["row", "seed", "heard", "track", "instrument", "right", "false", "missed", "intruding"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_score_tables(folder, pd.DataFrame([line]), pd.DataFrame(columns=columns))
    ...     print(Path(folder, "tables.md").read_text(encoding="utf-8").splitlines()[2])
    | c-mix | 1 | 2.00 | 2.00 |
    """
    lines = [*separation_lines(separation), ""]
    if not notes.empty:
        lines += [*note_lines(notes), ""]
    lines += score_ordering_lines(separation, notes)
    write_text(expanded(folder) / "tables.md", "\n".join(lines) + "\n")


def separation_lines(separation: pd.DataFrame) -> Iterator[str]:
    """Give table 1 in Markdown: SI-SDR of every row and instrument, means over tracks and seeds.

    Parameters
    ----------
    separation
        See `rebalance.training.StudyResults`.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import separation_lines
    >>> line = {"row": "c-mix", "seed": 0, "track": "first", "instrument": "Bass", "clips": 9, "si_sdr_db": 2.0}
    >>> print(*separation_lines(pd.DataFrame([line])), sep=chr(10))
    | row | seeds | Bass | mean |
    |---|---|---|---|
    | c-mix | 1 | 2.00 | 2.00 |
    """
    instruments = sorted(separation["instrument"].unique())
    yield from _head(["row", "seeds", *instruments, "mean"])
    for name, its in separation.groupby("row", sort=False):
        means = [float(its.loc[its["instrument"] == instrument, "si_sdr_db"].mean()) for instrument in instruments]
        interval = _interval_text(_balanced(its))
        cells = [str(its["seed"].nunique()), *map(_db, means), f"{_db(float(np.mean(means)))}{interval}"]
        yield f"| {name} | {' | '.join(cells)} |"


def note_lines(notes: pd.DataFrame) -> Iterator[str]:
    """Give table 2 in Markdown: accuracy of every instrument in mixtures and alone, and false positives in mixtures.

    Counts of all tracks and seeds are added up. The false-positive rate is the share of the notes found that are false.

    Parameters
    ----------
    notes
        See `rebalance.training.StudyResults`.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import note_lines
    >>> counts = {"right": 6, "false": 2, "missed": 4, "intruding": 0}
    >>> line = {"row": "joint", "seed": 0, "heard": "mixture", "track": "first", "instrument": "Bass", **counts}
    >>> print(*note_lines(pd.DataFrame([line])), sep=chr(10))
    | row | heard | seeds | Bass | false positives |
    |---|---|---|---|---|
    | joint | mixture | 1 | .50 | .25 |
    """
    instruments = sorted(notes["instrument"].unique())
    yield from _head(["row", "heard", "seeds", *instruments, "false positives"])
    for heard in notes["heard"].unique():
        for name, its in notes[notes["heard"] == heard].groupby("row", sort=False):
            summed = its.groupby("instrument")[["right", "false", "missed"]].sum()
            accuracies = [_share(_accuracy(summed.loc[[instrument]])) for instrument in instruments]
            cells = [heard, str(its["seed"].nunique()), *accuracies, _share(_false_positive_rate(its))]
            yield f"| {name} | {' | '.join(cells)} |"


def score_ordering_lines(
    separation: pd.DataFrame, notes: pd.DataFrame, orderings: Sequence[ScoreOrdering] = SCORE_ORDERINGS
) -> Iterator[str]:
    """Give a Markdown table of orderings: differences paired by track and seed, and whether they came out.

    Parameters
    ----------
    separation, notes
        See `rebalance.training.StudyResults`.
    orderings
        To look at; those with a row that is not there are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import score_ordering_lines
    >>> rows = [
    ...     {"row": row, "seed": 0, "track": track, "instrument": "Bass", "clips": 9, "si_sdr_db": value}
    ...     for row, value in (("c-mix", 2.0), ("h-mix", 1.0))
    ...     for track in ("first", "second")
    ... ]
    >>> print(*score_ordering_lines(pd.DataFrame(rows), pd.DataFrame(columns=["row"])), sep=chr(10))
    | expected | figure | difference | came out |
    |---|---|---|---|
    | c-mix > h-mix | SI-SDR, dB | +1.00 [+1.00, +1.00] | yes |
    """
    yield from _head(["expected", "figure", "difference", "came out"])
    for ordering in orderings:
        table = separation if ordering.figure == "si_sdr_db" else notes
        if not {ordering.better, ordering.worse} <= set(table["row"]):
            continue
        difference = score_ordering_difference(table, ordering)
        figure = _NAMES[ordering.figure] + (f", {ordering.instrument}" if ordering.instrument else "")
        text = f"{_signed(difference.mean)}{_interval_text(difference, signed=True)}"
        yield f"| {ordering.better} > {ordering.worse} | {figure} | {text} | {verdict_of(difference)} |"


def score_ordering_difference(table: pd.DataFrame, ordering: ScoreOrdering) -> Estimate:
    """Return by how much the first row has more than the second, paired by track and seed, tracks resampled.

    Parameters
    ----------
    table
        Separation or notes, see `rebalance.training.StudyResults`.
    ordering
        What is compared. A row that needs no training has one seed, which is compared with every other.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import ScoreOrdering, score_ordering_difference
    >>> rows = [
    ...     {"row": row, "seed": 0, "track": "first", "instrument": "Bass", "clips": 9, "si_sdr_db": value}
    ...     for row, value in (("c-mix", 2.0), ("h-mix", 1.0))
    ... ]
    >>> score_ordering_difference(pd.DataFrame(rows), ScoreOrdering(better="c-mix", worse="h-mix")).mean
    1.0
    """
    better, worse = (_values(table, name, ordering) for name in (ordering.better, ordering.worse))
    if ordering.worse == INPUT:
        worse = pd.concat([worse.assign(seed=seed) for seed in better["seed"].unique()])
    keys = ["seed", "track", *(["instrument"] if "instrument" in better else [])]
    both = better.merge(worse, on=keys, suffixes=("_better", "_worse")).dropna()
    tracks = both["track"].tolist()
    return paired_difference(both["value_worse"], both["value_better"], tracks, rng=np.random.default_rng(0)).estimate


def verdict_of(difference: Estimate) -> Verdict:
    """Return whether a difference that should be positive is: its interval above 0, below, or across.

    Examples
    --------
    >>> from rebalance.report import Estimate, verdict_of
    >>> verdict_of(Estimate(mean=0.1, interval=None, n_values=1, n_clusters=1))
    'not resolved'
    """
    if difference.interval is None or difference.interval.low <= 0.0 <= difference.interval.high:
        return "not resolved"
    return "yes" if difference.mean > 0 else "no"


def _values(table: pd.DataFrame, name: str, ordering: ScoreOrdering) -> pd.DataFrame:
    """Return the figure of one row by seed and track, of separation by instrument too."""
    its = table[table["row"] == name]
    if ordering.instrument is not None:
        its = its[its["instrument"] == ordering.instrument]
    if ordering.figure == "si_sdr_db":
        return its[["seed", "track", "instrument", "si_sdr_db"]].rename(columns={"si_sdr_db": "value"})
    its = its[its["heard"] == "mixture"]
    measure = _accuracy if ordering.figure == "accuracy" else _false_positive_rate
    keys = [*its.groupby(["seed", "track"], sort=False)]
    rows = [(seed, track, measure(counts)) for (seed, track), counts in keys]
    return pd.DataFrame(rows, columns=["seed", "track", "value"])


def _balanced(its: pd.DataFrame) -> Estimate:
    """Return the mean over tracks of the means over instruments and seeds, with its interval."""
    by_track = its.groupby("track")["si_sdr_db"].mean()
    return clustered_mean(by_track.to_numpy(), [str(track) for track in by_track.index], rng=np.random.default_rng(0))


def _accuracy(counts: pd.DataFrame) -> float:
    """Return right ones over all; not a number of none."""
    right, false, missed = (float(counts[name].sum()) for name in ("right", "false", "missed"))
    total = right + false + missed
    return right / total if total else float("nan")


def _false_positive_rate(counts: pd.DataFrame) -> float:
    """Return the share of the notes found that are false; not a number of none."""
    right, false = float(counts["right"].sum()), float(counts["false"].sum())
    return false / (right + false) if right + false else float("nan")


def _head(titles: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"


def _db(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}".removeprefix("0")


def _interval_text(estimate: Estimate, *, signed: bool = False) -> str:
    """Return an interval behind a mean, nothing where there is none."""
    if estimate.interval is None:
        return ""
    write = _signed if signed else _db
    return f" [{write(estimate.interval.low)}, {write(estimate.interval.high)}]"
