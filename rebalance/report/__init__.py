"""Reports: tables with confidence intervals, plots, listening examples, one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.bootstrap import Estimate, clustered_mean, paired_difference
from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.report._comparing import (
        ListenerAgreement,
        PairwiseTest,
        Place,
        RunComparison,
        compare_runs,
        comparison_csv,
        ranking_json,
    )
    from rebalance.report._listening import Listening, choose_pairs, listening_examples
    from rebalance.report._network_comparison import network_lines
    from rebalance.report._ordering_tables import Ordering, ordering_lines, system_lines
    from rebalance.report._page import render_page, write_page
    from rebalance.report._ranking_tables import agreement_table, differences_table, ranking_table
    from rebalance.report._reports import Report, make_report, read_report
    from rebalance.report._scored_runs import ScoredRun, annotated, common_pairs, read_score_files, read_scored_runs
    from rebalance.report._separation_tables import separation_group_table, separation_means_table
    from rebalance.report._summary import Summary, summarise
    from rebalance.report._supervision_tables import (
        SCORE_ORDERINGS,
        ScoreOrdering,
        note_lines,
        score_ordering_difference,
        score_ordering_lines,
        separation_lines,
        verdict_of,
        write_score_tables,
    )
    from rebalance.report._terminal import group_table, scores_table, terminal_tables
    from rebalance.report._texts import difference_text, estimate_text, p_value_text, signed_text

__all__ = [
    "SCORE_ORDERINGS",
    "Estimate",
    "ListenerAgreement",
    "Listening",
    "Ordering",
    "PairwiseTest",
    "Place",
    "Report",
    "RunComparison",
    "ScoreOrdering",
    "ScoredRun",
    "Summary",
    "agreement_table",
    "annotated",
    "choose_pairs",
    "clustered_mean",
    "common_pairs",
    "compare_runs",
    "comparison_csv",
    "difference_text",
    "differences_table",
    "estimate_text",
    "group_table",
    "listening_examples",
    "make_report",
    "network_lines",
    "note_lines",
    "ordering_lines",
    "p_value_text",
    "paired_difference",
    "ranking_json",
    "ranking_table",
    "read_report",
    "read_score_files",
    "read_scored_runs",
    "render_page",
    "score_ordering_difference",
    "score_ordering_lines",
    "scores_table",
    "separation_group_table",
    "separation_lines",
    "separation_means_table",
    "signed_text",
    "summarise",
    "system_lines",
    "terminal_tables",
    "verdict_of",
    "write_page",
    "write_score_tables",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_comparing": (
            "ListenerAgreement",
            "PairwiseTest",
            "Place",
            "RunComparison",
            "compare_runs",
            "comparison_csv",
            "ranking_json",
        ),
        "_listening": ("Listening", "choose_pairs", "listening_examples"),
        "_network_comparison": ("network_lines",),
        "_ordering_tables": ("Ordering", "ordering_lines", "system_lines"),
        "_page": ("render_page", "write_page"),
        "_ranking_tables": ("agreement_table", "differences_table", "ranking_table"),
        "_reports": ("Report", "make_report", "read_report"),
        "_scored_runs": ("ScoredRun", "annotated", "common_pairs", "read_score_files", "read_scored_runs"),
        "_separation_tables": ("separation_group_table", "separation_means_table"),
        "_summary": ("Summary", "summarise"),
        "_supervision_tables": (
            "SCORE_ORDERINGS",
            "ScoreOrdering",
            "note_lines",
            "score_ordering_difference",
            "score_ordering_lines",
            "separation_lines",
            "verdict_of",
            "write_score_tables",
        ),
        "_terminal": ("group_table", "scores_table", "terminal_tables"),
        "_texts": ("difference_text", "estimate_text", "p_value_text", "signed_text"),
    },
)
