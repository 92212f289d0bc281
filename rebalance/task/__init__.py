"""A task of the challenge: its JSON files and audio read, checked and resolved into frozen values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.task._audiogram_tables import (
        Thresholds,
        listener_of,
        parse_thresholds,
        read_audiogram_table,
        write_listeners,
    )
    from rebalance.task._choosing import chosen_pairs
    from rebalance.task._people import read_fittings, read_listeners
    from rebalance.task._problems import CheckReport, Findings, MetadataWarning, Problem
    from rebalance.task._schemas import SchemaName, read_document
    from rebalance.task._sources import length_fault, read_source
    from rebalance.task._strict_json import read_json
    from rebalance.task._task_files import TaskFiles, available_splits, checked_split, splits_to_check
    from rebalance.task._tasks import check_task, load_task, load_task_files
    from rebalance.task._values import Pair, Scene, Segment, Source, Task

__all__ = [
    "CheckReport",
    "Findings",
    "MetadataWarning",
    "Pair",
    "Problem",
    "Scene",
    "SchemaName",
    "Segment",
    "Source",
    "Task",
    "TaskFiles",
    "Thresholds",
    "available_splits",
    "check_task",
    "checked_split",
    "chosen_pairs",
    "length_fault",
    "listener_of",
    "load_task",
    "load_task_files",
    "parse_thresholds",
    "read_audiogram_table",
    "read_document",
    "read_fittings",
    "read_json",
    "read_listeners",
    "read_source",
    "splits_to_check",
    "write_listeners",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_audiogram_tables": (
            "Thresholds",
            "listener_of",
            "parse_thresholds",
            "read_audiogram_table",
            "write_listeners",
        ),
        "_choosing": ("chosen_pairs",),
        "_people": ("read_fittings", "read_listeners"),
        "_problems": ("CheckReport", "Findings", "MetadataWarning", "Problem"),
        "_schemas": ("SchemaName", "read_document"),
        "_sources": ("length_fault", "read_source"),
        "_strict_json": ("read_json",),
        "_task_files": ("TaskFiles", "available_splits", "checked_split", "splits_to_check"),
        "_tasks": ("check_task", "load_task", "load_task_files"),
        "_values": ("Pair", "Scene", "Segment", "Source", "Task"),
    },
)
