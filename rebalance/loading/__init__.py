"""The only reader of metadata: JSON files in, checked values out."""

from rebalance.loading.people import read_fittings, read_listeners
from rebalance.loading.problems import CheckReport, MetadataWarning, Problem
from rebalance.loading.task_files import TaskFiles, available_splits, checked_split, splits_to_check
from rebalance.loading.tasks import check_task, load_task, load_task_files

__all__ = [
    "CheckReport",
    "MetadataWarning",
    "Problem",
    "TaskFiles",
    "available_splits",
    "check_task",
    "checked_split",
    "load_task",
    "load_task_files",
    "read_fittings",
    "read_listeners",
    "splits_to_check",
]
