"""Rebalance classical music for listeners with hearing loss: separate, remix, amplify, score."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rebalance._base.errors import AudioError, ConfigError, MetadataError, RebalanceError, SubmissionError
from rebalance._base.lazy import lazy_names
from rebalance._base.semantics import VERSION

if TYPE_CHECKING:
    from rebalance._base.challenge import CAD2_TASK2, Challenge
    from rebalance.audio import normalising_gain_db, remix, remix_as_edit
    from rebalance.hearing import Audiogram, EarFitting, Fitting, Listener
    from rebalance.task import Pair, Scene, Segment, Source, Task, load_task

__version__ = VERSION

# Nothing is told until a program asks for it: logging.basicConfig(level=logging.INFO).
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "CAD2_TASK2",
    "VERSION",
    "AudioError",
    "Audiogram",
    "Challenge",
    "ConfigError",
    "EarFitting",
    "Fitting",
    "Listener",
    "MetadataError",
    "Pair",
    "RebalanceError",
    "Scene",
    "Segment",
    "Source",
    "SubmissionError",
    "Task",
    "load_task",
    "normalising_gain_db",
    "remix",
    "remix_as_edit",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_base.challenge": ("CAD2_TASK2", "Challenge"),
        "audio": ("normalising_gain_db", "remix", "remix_as_edit"),
        "hearing": ("Audiogram", "EarFitting", "Fitting", "Listener"),
        "task": ("Pair", "Scene", "Segment", "Source", "Task", "load_task"),
    },
    subpackages=("audio", "hearing", "task"),
)
