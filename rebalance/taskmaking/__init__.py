"""Making tasks: listeners, gains, scenes and mixtures in the challenge's format."""

from __future__ import annotations

from rebalance.taskmaking._evaluation_task import write_evaluation_task
from rebalance.taskmaking._listener_generation import fittings_json, generate_listeners, listeners_json
from rebalance.taskmaking._random_mixing import NoMixturesError
from rebalance.taskmaking._scene_generation import generate_scenes
from rebalance.taskmaking._task_writing import TaskSummary, write_task

__all__ = [
    "NoMixturesError",
    "TaskSummary",
    "fittings_json",
    "generate_listeners",
    "generate_scenes",
    "listeners_json",
    "write_evaluation_task",
    "write_task",
]
