"""Rebalance classical music for listeners with hearing loss: separate, remix, amplify, score."""

import logging

from rebalance._base.challenge import CAD2_TASK2, Challenge
from rebalance._base.errors import AudioError, ConfigError, MetadataError, RebalanceError, SubmissionError
from rebalance._base.semantics import VERSION
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
