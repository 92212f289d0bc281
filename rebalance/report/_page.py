"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import jinja2
import numpy as np
from markupsafe import Markup, escape

from rebalance._base.bootstrap import Estimate
from rebalance._base.files import StrPath, expanded, write_text
from rebalance.report._listening import Listening
from rebalance.report._ranking_tables import outcome
from rebalance.report._reports import Report
from rebalance.report._scored_runs import ScoredRun
from rebalance.report._summary import GroupTable
from rebalance.report._texts import difference_text, interval_text, number_text, p_value_text, short_text, signed_text

SERIES_COLOURS = ("#2f7fd6", "#d0621f", "#2b9466", "#9c5fd0", "#b07d10", "#d6457f", "#0f93a8", "#7f7f7f")
"""One colour per run, in turn; each at a contrast of at least 3 on white and on near black."""

Value = TypeVar("Value")

_MAX_AUDIOGRAMS = 12
_MAX_LISTED = 3
_MAX_INTERVALS = 4
_HISTOGRAM_BINS = 40
_TICK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """A scale all runs are drawn on, from one round score to another."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Sequence[float]) -> _Axis:
        """Return the smallest scale with round ends that holds some values."""
        low, high = math.floor(min(values) / _TICK) * _TICK, math.ceil(max(values) / _TICK) * _TICK
        return cls(low=low, high=max(high, low + _TICK))

    def place(self, value: float) -> float:
        """Return where a value lies, in percent of the width."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A run as the page shows it: its place, its number in tables too narrow for names, and its scores."""

    number: int
    rank: str
    run: ScoredRun
    colour: str
    estimate: Estimate
    gap: str
    p_value: str
    n_left_out: int
    spread: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Means by one property: a column for each group, a line for each run, in the order of the lines."""

    title: str
    note: str
    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[Estimate | None, ...], ...]
    axis: _Axis


def write_page(path: StrPath, report: Report, listening: Listening, *, written_on: dt.date) -> None:
    """Write the page of a report: tables, plots, players and styles in one file.

    Parameters
    ----------
    path
        Where to, an HTML file.
    report
        Scores, figures and examples of the runs.
    listening
        Examples to play; there may be none.
    written_on
        The date on the page.

    Raises
    ------
    RebalanceError
        If the file cannot be written.

    Examples
    --------
    >>> import datetime as dt
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import Listening, ScoredRun, make_report, write_page
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page, report = Path(folder, "report.html"), make_report([scored("first", 0.5)], task)
    ...     write_page(page, report, Listening(examples=(), notes=()), written_on=dt.date(2026, 1, 31))
    ...     print(page.stat().st_size > 10_000)
    True
    """
    path = expanded(path)
    write_text(path, render_page(report, listening, written_on=written_on))


def render_page(report: Report, listening: Listening, *, written_on: dt.date) -> str:
    """Return the page of a report as HTML.

    Parameters
    ----------
    report
        Scores, figures and examples of the runs.
    listening
        What can be heard.
    written_on
        Date that stands on the page.

    Examples
    --------
    >>> import datetime as dt
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import Listening, ScoredRun, make_report, render_page
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> report = make_report([scored("first", 0.5)], task)
    >>> page = render_page(report, Listening(examples=(), notes=()), written_on=dt.date(2026, 1, 31))
    >>> page.lstrip()[:15].lower(), "31 January 2026" in page
    ('<!doctype html>', True)
    """
    from rebalance.report._plots import plot_audiogram

    runs = report.runs
    listeners = _shown_listeners(runs, listening)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("rebalance.report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.trim_blocks = environment.lstrip_blocks = True
    lines = _lines(report)
    return environment.get_template("report.html").render(
        title=_title(runs),
        verdict=report.verdict,
        date=f"{written_on.day} {written_on:%B %Y}",
        isodate=written_on.isoformat(),
        report=report,
        split=runs[0].split,
        data=runs[0].data.name,
        haaqi=", ".join(sorted({run.haaqi for run in runs})),
        semantics=runs[0].semantics,
        version=", ".join(sorted({run.version for run in runs})),
        lines=lines,
        axis=_Axis.around([bound for line in lines for bound in _bounds(line.estimate)]),
        spread_axis=_spread_axis(runs),
        groups=[_group(table, report) for table in report.summary.groups],
        shows_intervals=len(runs) <= _MAX_INTERVALS,
        test=lambda first, second: None if report.comparison is None else report.comparison.tests[first, second],
        is_matrix=len(runs) > _MAX_LISTED,
        listening=listening,
        audiograms=[Markup(plot_audiogram(name, report.task.listeners[name])) for name in listeners],  # noqa: S704
        n_other_listeners=len(_heard_by(runs)) - len(listeners),
        component_values=lambda component: _ordered(component.values, report),
        breakable=_breakable,
        interval_text=interval_text,
        signed_text=signed_text,
        short_text=short_text,
        outcome=outcome,
        difference_text=difference_text,
        p_value_text=p_value_text,
        number_text=_number_text,
    )


def _lines(report: Report) -> list[_Line]:
    """Return the runs as the page shows them, the best first."""
    runs, axis = report.runs, _spread_axis(report.runs)
    has_colours = len(runs) <= len(SERIES_COLOURS)
    estimates = _ordered(report.summary.means, report)
    comparison = report.comparison
    places = [None] * len(runs) if comparison is None else list(comparison.ranking)
    left_out = [0] * len(runs) if comparison is None else _ordered(comparison.n_left_out, report)
    ranks = [None if place is None else place.rank for place in places]
    return [
        _Line(
            number=number,
            rank="" if place is None else f"{place.rank}{'=' if ranks.count(place.rank) > 1 else ''}",
            run=run,
            colour=SERIES_COLOURS[number - 1] if has_colours else "",
            estimate=estimate,
            gap="" if place is None or place.gap is None else difference_text(place.gap.estimate),
            p_value="" if place is None or place.p_value is None else p_value_text(place.p_value),
            n_left_out=n_left_out,
            spread=_histogram_path(run, axis),
        )
        for number, (run, place, estimate, n_left_out) in enumerate(
            zip(runs, places, estimates, left_out, strict=True), 1
        )
    ]


def _ordered(values: Sequence[Value], report: Report) -> list[Value]:
    """Return values given in the order of the summary in that of the ranking."""
    by_name = dict(zip((run.name for run in report.summary.runs), values, strict=True))
    return [by_name[run.name] for run in report.runs]


def _bounds(estimate: Estimate) -> tuple[float, ...]:
    """Return the numbers an axis must hold to show an estimate."""
    interval = estimate.interval
    return (estimate.mean,) if interval is None else (interval.low, estimate.mean, interval.high)


def _spread_axis(runs: Sequence[ScoredRun]) -> _Axis:
    """Return the scale of single scores."""
    scores = [run.scores["avg_haaqi"] for run in runs]
    return _Axis.around([*(float(values.min()) for values in scores), *(float(values.max()) for values in scores)])


def _histogram_path(run: ScoredRun, axis: _Axis) -> Markup:
    """Return how the scores of a run are spread as the outline of an SVG, 100 wide and 100 high."""
    counts, _ = np.histogram(run.scores["avg_haaqi"], bins=_HISTOGRAM_BINS, range=(axis.low, axis.high))
    width, highest = 100 / _HISTOGRAM_BINS, max(int(counts.max()), 1)
    steps = "".join(
        f"V{100 - 100 * int(count) / highest:.4g}H{width * number:.4g}" for number, count in enumerate(counts, 1)
    )
    return Markup(f"M0 100{steps}V100Z")  # noqa: S704 - numbers only


def _group(table: GroupTable, report: Report) -> _Group:
    """Turn a table of groups round: runs down, groups across."""
    by_group = [_ordered(row.estimates, report) for row in table.rows]
    found = [estimate for row in by_group for estimate in row if estimate is not None]
    sizes = [max(estimate.n_values for estimate in row if estimate is not None) for row in by_group]
    return _Group(
        title=table.title,
        note=table.note,
        columns=tuple(zip((row.label for row in table.rows), sizes, strict=True)),
        rows=tuple(zip(*by_group, strict=True)),
        axis=_Axis.around([estimate.mean for estimate in found]),
    )


def _title(runs: Sequence[ScoredRun]) -> str:
    """Return the title of a page."""
    return f"Scores of {runs[0].name}" if len(runs) == 1 else f"Scores of {len(runs)} systems"


def _heard_by(runs: Sequence[ScoredRun]) -> list[str]:
    """Return the names of all listeners scored."""
    return sorted({listener for run in runs for _, listener in run.scores.index})


def _shown_listeners(runs: Sequence[ScoredRun], listening: Listening) -> list[str]:
    """Return the listeners whose audiograms are shown, those of the examples before others."""
    heard = {example.pair.listener for example in listening.examples}
    ranked = sorted(_heard_by(runs), key=lambda name: (name not in heard, name))
    return sorted(ranked[:_MAX_AUDIOGRAMS])


def _breakable(text: str) -> Markup:
    """Return a text whose long names may go on in the next line where their parts end."""
    return Markup(re.sub(r"([_/]+)(?=\w)", r"\1<wbr>", str(escape(text))))  # noqa: S704 - escaped


def _number_text(value: float, decimals: int) -> str:
    """Return a number, or a dash when there is none."""
    return "–" if math.isnan(value) else number_text(value, places=decimals)
