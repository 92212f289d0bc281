"""A tiny task whose metadata a test may change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rebalance._base.errors import MetadataError
from rebalance.task import Problem, check_task, load_task


@dataclass(frozen=True)
class SpoiltTask:
    """A task in the validation split, to be spoilt."""

    root: Path

    def file(self, name: str) -> Path:
        return self.root / "metadata" / f"{name}.json"

    def edit(self, name: str, change: Callable[[dict[str, Any]], object]) -> None:
        content = json.loads(self.file(name).read_text())
        change(content)
        self.file(name).write_text(json.dumps(content))

    def problems(self, *, audio: bool = False) -> tuple[Problem, ...]:
        return check_task(self.root, "valid", audio=audio).problems

    def only_problem(self, *, audio: bool = False) -> Problem:
        (problem,) = self.problems(audio=audio)
        return problem

    def refusal(self, **options: bool) -> str:
        with pytest.raises(MetadataError) as caught:
            load_task(self.root, "valid", **options)
        assert "\n" not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def task(own_task_root: Path) -> SpoiltTask:
    return SpoiltTask(own_task_root)
