"""What a task is ranked by: HAAQI, or a metric of another package."""

from __future__ import annotations

from rebalance.pipeline import load_metric
from rebalance.web.board import HAAQI_COLUMN

HAAQI = "haaqi"


def score_column(metric: str) -> str:
    """Return the column of ``scores.csv`` that a task is ranked by.

    Raises
    ------
    ConfigError
        If the metric is not installed.
    """
    return HAAQI_COLUMN if metric == HAAQI else load_metric(metric).name


def is_higher_better(metric: str) -> bool:
    """Tell which of two means is the better.

    Raises
    ------
    ConfigError
        If the metric is not installed.
    """
    return metric == HAAQI or load_metric(metric).higher_is_better
