"""The folder of a run: what made it, and the refusal to mix two different runs in one folder."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance._base.errors import ConfigError
from rebalance._base.files import write_json
from rebalance.task import Pair

RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What made the files of a run.

    Parameters
    ----------
    version
        Of this package.
    separator, remix, rounding
        The system: separator name or path, remix mode and how samples became 16 bit.
    data, split
        Folder the task's audio folder lies in, and its split.
    semantics
        Which release of the official code the numbers follow.
    n_parameters, lookahead_ms, external_training_data
        Of the separator; None where unknown.
    weights
        Sha256 of the separator's weights; None where it has none or does not say.
    """

    version: str
    separator: str
    remix: str
    rounding: str
    data: str
    split: str
    semantics: str
    n_parameters: int | None = None
    lookahead_ms: float | None = None
    external_training_data: bool | None = None
    weights: str | None = None


_IDENTITY = ("version", "separator", "weights", "remix", "rounding", "split")


def enhanced_path(run: Path, split: Split, pair: Pair) -> Path:
    """Return where a run keeps the signal of a pair."""
    return run / "enhanced_signals" / split / CAD2_TASK2.remix_file_name(pair.scene, pair.listener)


def claim_run(run: Path, record: RunRecord) -> None:
    """Write what makes a run into its folder, or see that it is being continued by the same thing.

    Raises
    ------
    ConfigError
        If the folder already holds the run of something else.
    """
    if (run / RUN_FILE).exists():
        before = read_run(run)
        for field in _IDENTITY:
            old, new = getattr(before, field), getattr(record, field)
            if old != new and None not in (old, new):
                raise ConfigError(
                    f"{run}: expected a new folder or one begun with {field} {new!r}, it was begun with {old!r}"
                )
    write_json(run / RUN_FILE, dataclasses.asdict(record))


def read_run(run: Path) -> RunRecord:
    """Read what made a run.

    Raises
    ------
    ConfigError
        If the folder is no run, or its record cannot be read.
    """
    path = run / RUN_FILE
    if not path.is_file():
        raise ConfigError(f"{run}: expected a folder written by 'rebalance enhance', found no {RUN_FILE}")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return RunRecord(**content)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: not the record of a run: {error}") from error
