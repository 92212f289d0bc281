"""Reports: tables with confidence intervals, plots, listening examples, one page."""

from __future__ import annotations

from rebalance.report.listening import Listening, choose_pairs, listening_examples
from rebalance.report.page import render_page, write_page
from rebalance.report.scored_runs import ScoredRun, read_scored_runs
from rebalance.report.summary import Summary, summarise
from rebalance.report.terminal import terminal_tables

__all__ = [
    "Listening",
    "ScoredRun",
    "Summary",
    "choose_pairs",
    "listening_examples",
    "read_scored_runs",
    "render_page",
    "summarise",
    "terminal_tables",
    "write_page",
]
