"""The two tables of a study of learning from scores, and whether the orderings of the paper came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import clustered_mean
from rebalance._base.files import StrPath, expanded, write_text
from rebalance.report._orderings import UNTRAINED_SEED, Ordering, OrderingResult, Verdict, compare_systems
from rebalance.report._texts import difference_text, estimate_text, markdown_lines, number_text

INPUT = "input"
_KEYS = ["row", "seed", "track", "instrument"]
_PLACES = 2

SCORE_ORDERINGS: tuple[Ordering, ...] = (
    Ordering(system="supervised", than="joint, AML", figure="si_sdr_db"),
    Ordering(system="c-mix", than="classifier as critic", figure="si_sdr_db"),
    Ordering(system="c-mix", than="h-mix", figure="si_sdr_db"),
    Ordering(system="c-mix and h-mix", than="c-mix", figure="si_sdr_db"),
    Ordering(system="joint", than="c-mix and h-mix", figure="si_sdr_db"),
    Ordering(system="joint", than="c-mix and h-mix", figure="si_sdr_db", targets=("Guitar",)),
    Ordering(system="joint, AML", than="joint", figure="si_sdr_db"),
    Ordering(system="joint, ATL", than="joint", figure="si_sdr_db"),
    Ordering(system="classifier as critic", than=INPUT, figure="si_sdr_db"),
    Ordering(system="c-mix", than=INPUT, figure="si_sdr_db"),
    Ordering(system="joint", than="joint, AML", figure="false_positive_rate"),
    Ordering(system="joint", than="joint, ATL", figure="false_positive_rate"),
    Ordering(system="joint, AML", than="joint", figure="accuracy", targets=("Guitar",)),
    Ordering(system="joint, ATL", than="joint", figure="accuracy", targets=("Guitar",)),
    Ordering(system="joint, AML", than="transcriptor", figure="accuracy", targets=("Guitar",)),
    Ordering(system="semi-supervised", than="few stems", figure="si_sdr_db"),
    Ordering(system="semi-supervised", than="c-mix and h-mix", figure="si_sdr_db"),
)
"""Those of tables 1 and 2 of Hung, Wichern and Le Roux 2021; the last two are this project's own question."""

_NAMES = {"si_sdr_db": "SI-SDR, dB", "accuracy": "note accuracy", "false_positive_rate": "false positives"}
_CAME_OUT: Mapping[Verdict, str] = MappingProxyType({"holds": "yes", "open": "not resolved", "fails": "no"})


def write_score_tables(folder: StrPath, separation: pd.DataFrame, notes: pd.DataFrame) -> None:
    """Write ``tables.md`` with both tables and the orderings.

    Parameters
    ----------
    folder
        Folder the file is written to.
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
    rows = (_separation_cells(name, its, instruments) for name, its in separation.groupby("row", sort=False))
    return markdown_lines(["row", "seeds", *instruments, "mean"], rows)


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
    rows = (
        _note_cells(name, heard, its, instruments)
        for heard in notes["heard"].unique()
        for name, its in notes[notes["heard"] == heard].groupby("row", sort=False)
    )
    return markdown_lines(["row", "heard", "seeds", *instruments, "false positives"], rows)


def score_ordering_lines(
    separation: pd.DataFrame, notes: pd.DataFrame, orderings: Sequence[Ordering] = SCORE_ORDERINGS
) -> Iterator[str]:
    """Give a Markdown table of orderings: differences paired by track and seed, and whether they came out.

    Parameters
    ----------
    separation, notes
        See `rebalance.training.StudyResults`.
    orderings
        Claims on ``"si_sdr_db"``, and on ``"accuracy"`` or ``"false_positive_rate"`` of the notes in mixtures; those
        with a row that is not there are left out.

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
    table = _figures(separation, notes)
    results = (result for ordering in orderings for result in compare_systems(table, ordering, pooled=True))
    return markdown_lines(["expected", "figure", "difference", "came out"], map(_ordering_cells, results))


def _separation_cells(name: object, its: pd.DataFrame, instruments: Sequence[str]) -> list[str]:
    """Return one row of table 1; the interval is that of means over instruments and seeds, tracks resampled."""
    means = [float(its.loc[its["instrument"] == instrument, "si_sdr_db"].mean()) for instrument in instruments]
    by_track = its.groupby("track")["si_sdr_db"].mean()
    tracks = [str(track) for track in by_track.index]
    balanced = clustered_mean(by_track.to_numpy(), tracks, rng=np.random.default_rng(0))
    mean = estimate_text(replace(balanced, mean=float(np.mean(means))), places=_PLACES)
    return [str(name), str(its["seed"].nunique()), *(number_text(each, places=_PLACES) for each in means), mean]


def _note_cells(name: object, heard: str, its: pd.DataFrame, instruments: Sequence[str]) -> list[str]:
    """Return one row of table 2."""
    summed = its.groupby("instrument")[["right", "false", "missed"]].sum()
    accuracies = [_share(_accuracy(summed.loc[[instrument]])) for instrument in instruments]
    return [str(name), heard, str(its["seed"].nunique()), *accuracies, _share(_false_positive_rate(its))]


def _ordering_cells(result: OrderingResult) -> list[str]:
    """Return one row of the orderings."""
    ordering = result.ordering
    figure = ", ".join([_NAMES[ordering.figure], *ordering.targets])
    difference = difference_text(result.difference.estimate, places=_PLACES)
    return [f"{ordering.system} > {ordering.than}", figure, difference, _CAME_OUT[result.verdict]]


def _figures(separation: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    """Return all figures as `compare_systems` wants them; the false positives are those of all instruments."""
    parts = [separation]
    if not notes.empty:
        mixed = notes[notes["heard"] == "mixture"]
        parts += [_of_notes(mixed, "accuracy", _accuracy)]
        parts += [_of_notes(mixed.assign(instrument="all"), "false_positive_rate", _false_positive_rate)]
    table = pd.concat(parts, ignore_index=True).reindex(columns=[*_KEYS, *_NAMES])
    named = table.set_axis(["system", "seed", "piece", "target", *_NAMES], axis=1)
    return named.assign(seed=named["seed"].where(named["system"] != INPUT, UNTRAINED_SEED))


def _of_notes(notes: pd.DataFrame, figure: str, measure: Callable[[pd.DataFrame], float]) -> pd.DataFrame:
    """Return a figure of the notes of every row, seed, track and instrument."""
    rows = [(*key, measure(counts)) for key, counts in notes.groupby(_KEYS, sort=False)]
    return pd.DataFrame(rows, columns=[*_KEYS, figure])


def _accuracy(counts: pd.DataFrame) -> float:
    """Return right ones over all; not a number of none."""
    right, false, missed = (float(counts[name].sum()) for name in ("right", "false", "missed"))
    total = right + false + missed
    return right / total if total else float("nan")


def _false_positive_rate(counts: pd.DataFrame) -> float:
    """Return the share of the notes found that are false; not a number of none."""
    right, false = float(counts["right"].sum()), float(counts["false"].sum())
    return false / (right + false) if right + false else float("nan")


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}".removeprefix("0")
