"""The logs of a training run, and its best weights so far."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rebalance._base.files import replacing
from rebalance.training._run_state import save_weights


class RunLog:
    """Writes the logs of a run; what a resumed run has logged beyond its saved state is dropped first."""

    def __init__(self, run: Path, done: int, stage: int = 0) -> None:
        run.mkdir(parents=True, exist_ok=True)
        self._run = run
        self._best = -math.inf
        self._columns: dict[str, list[str]] = {}
        for name in ("log.csv", "validation.csv"):
            self._keep(run / name, done, stage)
        self._board = _tensorboard(run)

    def step(
        self, step: int, seconds: float, learning_rate: float, figures: Mapping[str, torch.Tensor], norm: float
    ) -> None:
        """Log a step."""
        row = {"step": step, "seconds": round(seconds, 1), "learning_rate": learning_rate}
        self._append(
            "log.csv", {**row, **{name: value.item() for name, value in figures.items()}, "gradient_norm": norm}
        )

    def validation(self, step: int, figures: Mapping[str, float], average: nn.Module) -> float:
        """Log a validation, keep the average if it is the best so far, and return what it was judged by."""
        self._append("validation.csv", {"step": step, **figures})
        selection = figures.get("selection", -math.inf)
        if selection > self._best:
            self._best = selection
            save_weights(self._run / "best.safetensors", average)
        return selection

    def begin_stage(self) -> None:
        """Forget the best validation: the losses of two stages cannot be compared."""
        self._best = -math.inf

    def _keep(self, path: Path, done: int, stage: int) -> None:
        """Drop the rows after a step, and remember the best validation of the stage before it."""
        if not path.exists():
            return
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if int(row["step"]) <= done]
        if not rows:
            path.unlink()
            return
        with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        self._columns[path.name] = list(rows[0])
        of_stage = [row for row in rows if row.get("stage", str(stage)) == str(stage)]
        self._best = max((float(row["selection"]) for row in of_stage if row.get("selection")), default=self._best)

    def _append(self, name: str, figures: Mapping[str, float]) -> None:
        """Append a row to a CSV file, in the order of its header, which comes first."""
        begins = name not in self._columns
        columns = self._columns.setdefault(name, list(figures))
        with (self._run / name).open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            if begins:
                writer.writeheader()
            writer.writerow(figures)
        if self._board is not None:
            for key, value in figures.items():
                self._board.add_scalar(f"{Path(name).stem}/{key}", value, int(figures["step"]))


def _tensorboard(run: Path) -> Any:  # noqa: ANN401 - an optional package
    """Return a TensorBoard writer where the package is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(run / "tensorboard")
