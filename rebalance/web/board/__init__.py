"""What stands on a board: summaries of scores, rankings with their tests, views of listeners, exports, plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names
from rebalance.web.board._boards import Board, BoardEntry, BoardLine, best_of_teams, board_digest, make_board
from rebalance.web.board._listener_views import ListenerView, SceneView, SystemView, view_listener
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
from rebalance.web.board._site_json import board_csv, safe_cell, site_json
from rebalance.web.board._summary_cache import Kept, SummaryCache

if TYPE_CHECKING:
    from rebalance.web.board._board_plots import audiogram_plot, heat_map, interval_plot

__all__ = [
    "HAAQI_COLUMN",
    "Board",
    "BoardEntry",
    "BoardLine",
    "Diagnostic",
    "GroupMean",
    "GroupMeans",
    "Kept",
    "ListenerMean",
    "ListenerView",
    "SceneView",
    "ScoreSummary",
    "SummaryCache",
    "SystemView",
    "audiogram_plot",
    "best_of_teams",
    "board_csv",
    "board_digest",
    "heat_map",
    "interval_plot",
    "make_board",
    "safe_cell",
    "site_json",
    "summarise_scores",
    "summary_digest",
    "task_digest",
    "view_listener",
]

__getattr__ = lazy_names(__name__, dict.fromkeys(("audiogram_plot", "heat_map", "interval_plot"), "_board_plots"))
