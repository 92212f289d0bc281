"""Boards in the form of the challenge's site, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from rebalance._base.bootstrap import cells_of
from rebalance.web.board._rankings import RankedLine, Ranking

_DECIMALS = 4
_COLUMNS = (
    ("id", "System", False),
    ("team", "Team", False),
    ("HAAQI", "HAAQI", True),
    ("left", "Left ear", True),
    ("right", "Right ear", True),
    ("causality", "Causality", False),
)


def site_json(boards: Sequence[Ranking]) -> dict[str, Any]:
    """Return boards in the form in which the challenge's site keeps its results: one table, the best first.

    Parameters
    ----------
    boards
        Those of causal and of other systems, for example.

    Examples
    --------
    >>> from rebalance.web.board import rank_systems, site_json
    >>> site_json([rank_systems([])])["defaultSort"], site_json([])["data"]
    ({'field': 'HAAQI', 'order': 'desc'}, [])

    Source: the result files of the challenge's site, ``cad2_results_task1.json``; see `rebalance.report.ranking_json`.
    """
    lines = sorted((line for board in boards for line in board.lines), key=lambda line: -line.mean.mean)
    return {
        "defaultSort": {"field": "HAAQI", "order": "desc"},
        "format": [{"dataField": field, "text": text, "sort": sort} for field, text, sort in _COLUMNS],
        "data": [_site_line(line) for line in lines],
    }


def ranking_csv(board: Ranking) -> str:
    """Return a board as CSV: a line for every system, then a line for every group of each.

    Parameters
    ----------
    board
        The ranking to write.

    Examples
    --------
    >>> from rebalance.web.board import ranking_csv, rank_systems
    >>> ranking_csv(rank_systems([])).split(",")[:4]
    ['table', 'group', 'rank', 'team']
    """
    columns = (
        "table", "group", "rank", "team", "submission", "system", "causality", "augmented", "supplementary",
        "mean", "low", "high", "pairs", "pieces", "minus_previous", "p_value",
        "n_parameters", "lookahead_ms", "speed",
    )  # fmt: skip
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for line in board.lines:
        writer.writerow(_ranking_row(line))
        writer.writerows(_group_rows(line))
    return text.getvalue()


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> from rebalance.web.board import safe_cell
    >>> safe_cell("=HYPERLINK(1)"), safe_cell("T002")
    ("'=HYPERLINK(1)", 'T002')
    """
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def _site_line(line: RankedLine) -> dict[str, Any]:
    """Return a line of the site's table."""
    ears = dict(zip(("left", "right"), (round(ear.mean, _DECIMALS) for ear in line.entry.summary.ears), strict=False))
    return {
        "id": line.entry.name,
        "team": line.entry.team,
        "HAAQI": round(line.mean.mean, _DECIMALS),
        **ears,
        "causality": line.entry.causality,
    }


def _ranking_row(line: RankedLine) -> dict[str, Any]:
    """Return a system as a row."""
    gap = {} if line.gap is None else {"minus_previous": line.gap.estimate.mean, "p_value": line.p_value}
    facts = {"n_parameters": line.entry.n_parameters, "lookahead_ms": line.entry.lookahead_ms}
    return {"table": "all", **_named(line), **cells_of(line.mean), **gap, **facts, "speed": line.entry.speed}


def _group_rows(line: RankedLine) -> list[dict[str, Any]]:
    """Return the means of a system by ear and by every group."""
    ears = [("Ear", ear, estimate) for ear, estimate in zip(("left", "right"), line.entry.summary.ears, strict=False)]
    groups = [(group.title, mean.label, mean.estimate) for group in line.entry.summary.groups for mean in group.means]
    return [
        {"table": title, "group": label, **_named(line), **cells_of(estimate)}
        for title, label, estimate in ears + groups
    ]


def _named(line: RankedLine) -> Mapping[str, Any]:
    """Return what tells which system a row is of."""
    entry = line.entry
    return {
        "rank": line.rank,
        "team": safe_cell(entry.team),
        "submission": entry.submission,
        "system": safe_cell(entry.system),
        "causality": entry.causality,
        "augmented": entry.augmented,
        "supplementary": entry.supplementary,
    }
