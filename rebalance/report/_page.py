"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import jinja2
from markupsafe import Markup

from rebalance._base.files import write_text
from rebalance.report._listening import Listening
from rebalance.report._summary import Summary
from rebalance.report._texts import interval_text, p_value_text, signed_text
from rebalance.task import Task

_MOST_AUDIOGRAMS = 12


def write_page(path: Path, summary: Summary, task: Task, listening: Listening) -> None:
    """Write the page of a report: tables, plots, players and styles in one file.

    Raises
    ------
    RebalanceError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import Listening, ScoredRun, summarise, write_page
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page, summary = Path(folder, "report.html"), summarise([scored("first", 0.5)], task)
    ...     write_page(page, summary, task, Listening(examples=(), notes=()))
    ...     print(page.stat().st_size > 10_000)
    True
    """
    write_text(path, render_page(summary, task, listening))


def render_page(summary: Summary, task: Task, listening: Listening) -> str:
    """Return the page of a report as HTML.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import Listening, ScoredRun, render_page, summarise
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> summary = summarise([scored("first", 0.5)], task)
    >>> page = render_page(summary, task, Listening(examples=(), notes=()))
    >>> page.lstrip()[:15], "first" in page
    ('<!doctype html>', True)
    """
    from rebalance.report._plots import plot_audiograms, plot_histogram, plot_means, series_colour

    first = summary.runs[0]
    listeners = _shown_listeners(summary, listening)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("rebalance.report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.trim_blocks = environment.lstrip_blocks = True
    return environment.get_template("report.html").render(
        title=_title(summary),
        summary=summary,
        listening=listening,
        split=first.split,
        data=first.data.name,
        haaqi=", ".join(sorted({run.haaqi for run in summary.runs})),
        semantics=first.semantics,
        version=", ".join(sorted({run.version for run in summary.runs})),
        colours=[series_colour(number) for number in range(len(summary.runs))],
        means_plot=_inline(plot_means(summary)),
        histogram=_inline(plot_histogram(summary)),
        audiograms=_inline(plot_audiograms({name: task.listeners[name] for name in listeners})),
        n_other_listeners=len(_heard_by(summary)) - len(listeners),
        interval_text=interval_text,
        signed_text=signed_text,
        p_value_text=p_value_text,
        number_text=_number_text,
    )


def _inline(svg: str) -> Markup:
    """Let a plot stand in the page as it is: its texts were escaped when it was drawn."""
    return Markup(svg)  # noqa: S704


def _title(summary: Summary) -> str:
    """Return the title of a page."""
    names = [run.name for run in summary.runs]
    return f"Scores of {names[0]}" if len(names) == 1 else f"Scores of {', '.join(names[:-1])} and {names[-1]}"


def _heard_by(summary: Summary) -> list[str]:
    """Return the names of all listeners scored."""
    return sorted({listener for run in summary.runs for _, listener in run.scores.index})


def _shown_listeners(summary: Summary, listening: Listening) -> list[str]:
    """Return the listeners whose audiograms are shown, those of the examples before others."""
    heard = {example.pair.listener for example in listening.examples}
    ranked = sorted(_heard_by(summary), key=lambda name: (name not in heard, name))
    return sorted(ranked[:_MOST_AUDIOGRAMS])


def _number_text(value: float, decimals: int) -> str:
    """Return a number, or a dash when there is none."""
    return "–" if math.isnan(value) else f"{value:.{decimals}f}".replace("-", "−")
