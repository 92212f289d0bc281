"""The comparison of Solos as Markdown: means and deviations, orderings with intervals, what sight alone can tell."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from rebalance._base.errors import MetadataError
from rebalance.report import (
    Ordering,
    OrderingResult,
    compare_systems,
    difference_text,
    markdown_lines,
    number_text,
    signed_text,
)
from rebalance.training.solos._solos_systems import SYSTEMS

_MEASURES = ("sdr", "sir", "sar")
_PLACES = 2
SOLOS_ORDERINGS = (
    Ordering(system="pixels-scratch", than="pixels-other-corpus", figure="sdr", title="other corpus < from scratch"),
    Ordering(
        system="pixels-fine-tuned",
        than="pixels-scratch",
        figure="sdr",
        expected="not lower",
        title="from scratch <= fine-tuned",
    ),
    Ordering(system="multi-head-u-net", than="pixels-fine-tuned", figure="sdr", title="fine-tuned < multi-head U-Net"),
)
"""What the paper of Solos says of its systems."""


def system_lines(scores: pd.DataFrame) -> Iterator[str]:
    """Return a Markdown table of all systems: mean and standard deviation over all sources of all segments, in dB.

    Parameters
    ----------
    scores
        Columns ``system``, ``seed``, and those of `SCORE_COLUMNS`.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.training.solos import system_lines
    >>> facts = {"system": "mixture", "seed": 0, "piece": "duet", "segment": 0, "n_sources": 2}
    >>> sources = {"instrument": ["Tuba", "Horn"], "sdr": [1.0, 3.0], "sir": 0.0, "sar": 9.0}
    >>> scores = pd.DataFrame(sources).assign(**facts)
    >>> print(*system_lines(scores), sep=chr(10))
    | system | SDR | SIR | SAR | 2 sources, SDR | segments |
    |---|---|---|---|---|---|
    | the mixture as every estimate | 2.00 ± 1.00 | 0.00 ± 0.00 | 9.00 ± 0.00 | 2.00 | 1 |
    """
    sizes = sorted(int(size) for size in scores["n_sources"].unique())
    header = ["system", "SDR", "SIR", "SAR", *(f"{size} sources, SDR" for size in sizes), "segments"]
    done = ((title, scores[scores["system"] == name]) for name, title in SYSTEMS.items())
    return markdown_lines(header, ([title, *_mean_cells(own, sizes)] for title, own in done if not own.empty))


def ordering_lines(scores: pd.DataFrame) -> Iterator[str]:
    """Return a Markdown table of the orderings that the paper claims, paired, with 95 % intervals over pieces.

    A pair is the same source of the same segment under the same seed, where both systems have a score.

    Raises
    ------
    MetadataError
        If two systems share no source.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.training.solos import ordering_lines
    >>> facts = {"seed": 0, "segment": 0, "n_sources": 2, "instrument": "Tuba", "sir": 0.0, "sar": 0.0}
    >>> names = ("pixels-other-corpus", "pixels-scratch", "pixels-fine-tuned", "multi-head-u-net")
    >>> tables = [pd.DataFrame({"piece": list("ab"), "sdr": [level, level]}).assign(system=name, **facts)
    ...     for level, name in enumerate(names)]
    >>> print(*ordering_lines(pd.concat(tables)), sep=chr(10))
    | ordering | SDR difference | SIR difference | SAR difference | by seed, SDR | pairs | SDR comes out |
    |---|---|---|---|---|---|---|
    | other corpus < from scratch | +1.00 [+1.00, +1.00] | +0.00 [+0.00, +0.00] | ... | +1.00 | 2 | yes |
    ...
    """
    differences = [f"{measure.upper()} difference" for measure in _MEASURES]
    header = ["ordering", *differences, "by seed, SDR", "pairs", "SDR comes out"]
    rows = scores.rename(columns={"instrument": "target"})
    return markdown_lines(header, (_ordering_cells(rows, ordering) for ordering in SOLOS_ORDERINGS))


def sight_lines(cells: pd.DataFrame) -> Iterator[str]:
    """Return a Markdown table of the cells: size, steps, minutes, and how many held-out players sight alone names.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.training.solos import sight_lines
    >>> facts = {"steps": 10, "minutes": 0.5, "n_parameters": 1234, "validation_loss": 0.5, "stages": 1}
    >>> cells = pd.DataFrame([{"system": "pixels-scratch", "seed": 0, **facts, "sight_accuracy": 0.95}])
    >>> print(*sight_lines(cells), sep=chr(10))
    | system | seed | parameters | steps | minutes | validation loss | stages | named by sight |
    |---|---|---|---|---|---|---|---|
    | Sound of Pixels, from scratch | 0 | 1,234 | 10 | 0.5 | 0.5 | 1 | 95 % |
    """
    header = ["system", "seed", "parameters", "steps", "minutes", "validation loss", "stages", "named by sight"]
    return markdown_lines(header, map(_cell_of_a_run, cells[cells["steps"].notna()].to_dict("records")))


def _mean_cells(own: pd.DataFrame, sizes: Sequence[int]) -> list[str]:
    """Return means and deviations of one system, its means by number of sources, and how many segments there are."""
    whole = [f"{_text(own[measure].mean())} ± {own[measure].std(ddof=0):.2f}" for measure in _MEASURES]
    by_size = [_text(own.loc[own["n_sources"] == size, "sdr"].mean()) for size in sizes]
    return [*whole, *by_size, str(len(own[["seed", "piece", "segment"]].drop_duplicates()))]


def _ordering_cells(rows: pd.DataFrame, ordering: Ordering) -> list[str]:
    """Return one row of the orderings."""
    results = [
        result
        for measure in _MEASURES
        for result in compare_systems(rows, replace(ordering, figure=measure), pooled=True)
    ]
    if not results:
        expected = f"sources scored for {ordering.than} and {ordering.system}"
        raise MetadataError(where="scores", expected=expected, found="none")
    means = results[0].pairs.groupby("seed")["difference"].mean()
    by_seed = ", ".join(signed_text(mean, places=_PLACES) for mean in means)
    differences = [difference_text(result.difference.estimate, places=_PLACES) for result in results]
    return [ordering.text, *differences, by_seed, str(len(results[0].pairs)), _came_out(results[0])]


def _came_out(result: OrderingResult) -> str:
    """Say whether an ordering comes out: yes or no where the interval leaves no doubt."""
    if result.difference.estimate.interval is None:
        return "one piece tells nothing"
    unresolved = "not contradicted" if result.ordering.expected == "not lower" else "not resolved"
    return {"holds": "yes", "fails": "no, the other way round", "open": unresolved}[result.verdict]


def _cell_of_a_run(row: Mapping[Hashable, Any]) -> list[str]:
    """Return the facts of one training."""
    named = f"{100 * row['sight_accuracy']:.0f} %" if pd.notna(row["sight_accuracy"]) else "–"
    numbers = [f"{int(row['n_parameters']):,}", f"{int(row['steps'])}", f"{row['minutes']:g}"]
    last = [f"{row['validation_loss']:g}", f"{int(row['stages'])}", named]
    return [SYSTEMS[row["system"]], f"{row['seed']}", *numbers, *last]


def _text(value: float) -> str:
    """Return two decimals."""
    return number_text(value, places=_PLACES)
