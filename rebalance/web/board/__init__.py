"""What stands on a board: summaries of scores, rankings with their tests, views of listeners, exports, plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.web.board._audiogram_drawing import audiogram_plot
    from rebalance.web.board._listener_views import ListenerView, SceneView, SystemView, view_listener
    from rebalance.web.board._ranking_exports import ranking_csv, safe_cell, site_json
    from rebalance.web.board._ranking_plots import heat_map, interval_plot
    from rebalance.web.board._rankings import RankedLine, RankedSystem, Ranking, rank_systems, ranking_digest
    from rebalance.web.board._score_summaries import (
        HAAQI_COLUMN,
        Diagnostic,
        GroupMean,
        GroupMeans,
        ListenerMean,
        ScoreSummary,
        summarise_scores,
        summary_digest,
        task_digest,
    )
    from rebalance.web.board._summary_cache import Kept, SummaryCache

__all__ = [
    "HAAQI_COLUMN",
    "Diagnostic",
    "GroupMean",
    "GroupMeans",
    "Kept",
    "ListenerMean",
    "ListenerView",
    "RankedLine",
    "RankedSystem",
    "Ranking",
    "SceneView",
    "ScoreSummary",
    "SummaryCache",
    "SystemView",
    "audiogram_plot",
    "heat_map",
    "interval_plot",
    "rank_systems",
    "ranking_csv",
    "ranking_digest",
    "safe_cell",
    "site_json",
    "summarise_scores",
    "summary_digest",
    "task_digest",
    "view_listener",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_audiogram_drawing": ("audiogram_plot",),
        "_listener_views": ("ListenerView", "SceneView", "SystemView", "view_listener"),
        "_ranking_exports": ("ranking_csv", "safe_cell", "site_json"),
        "_ranking_plots": ("heat_map", "interval_plot"),
        "_rankings": ("RankedLine", "RankedSystem", "Ranking", "rank_systems", "ranking_digest"),
        "_score_summaries": (
            "Diagnostic",
            "GroupMean",
            "GroupMeans",
            "HAAQI_COLUMN",
            "ListenerMean",
            "ScoreSummary",
            "summarise_scores",
            "summary_digest",
            "task_digest",
        ),
        "_summary_cache": ("Kept", "SummaryCache"),
    },
)
