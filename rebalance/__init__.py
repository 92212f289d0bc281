"""Rebalance classical music for listeners with hearing loss: separate, remix, amplify, score."""

from rebalance.audiogram import Audiogram, EarFitting, Fitting, Listener
from rebalance.challenge import CAD2_TASK2, Challenge
from rebalance.errors import AudioError, ConfigError, MetadataError, RebalanceError, SubmissionError
from rebalance.loading import load_task
from rebalance.remixing import normalising_gain_db, remix, remix_as_edit
from rebalance.scenes import Pair, Scene, Segment, Source, Task
from rebalance.semantics import VERSION

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
