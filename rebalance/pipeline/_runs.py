"""The folder of a run: what made it, and the refusal to mix two different runs in one folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.files import write_json
from rebalance.task import Pair, Task

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
    source
        Sha256 of the source files of a separator named ``module:callable``; None for those of this package.
    shrinkage
        How far the remix trusts the estimates, one value for each number of sources or one for all.
    soft_clip, accompaniment_share, aid
        Settings of `EnhanceOptions`.

    Examples
    --------
    >>> from rebalance.pipeline import RunRecord
    >>> record = RunRecord(
    ...     version="0.2.0",
    ...     separator="fast",
    ...     remix="edit",
    ...     rounding="nearest",
    ...     data="data",
    ...     split="valid",
    ...     semantics="pyclarity V0.6.3",
    ... )
    >>> record.lookahead_ms is None  # nobody has told
    True
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
    source: str | None = None
    shrinkage: tuple[float, ...] | None = None
    soft_clip: bool | None = None
    accompaniment_share: float | None = None
    aid: Mapping[str, Any] | None = None


_IDENTITY = (
    "version",
    "separator",
    "weights",
    "source",
    "shrinkage",
    "remix",
    "rounding",
    "soft_clip",
    "accompaniment_share",
    "aid",
    "split",
)


def enhanced_path(run: Path, split: Split, pair: Pair) -> Path:
    """Return where a run keeps the signal of a pair.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance import Pair
    >>> from rebalance.pipeline import enhanced_path
    >>> enhanced_path(Path("run"), "valid", Pair(scene="S50001", listener="L0002")).as_posix()
    'run/enhanced_signals/valid/S50001_L0002_remix.flac'
    """
    return run / "enhanced_signals" / split / CAD2_TASK2.remix_file_name(pair.scene, pair.listener)


def claim_run(run: Path, record: RunRecord) -> None:
    """Write what makes a run into its folder, or see that it is being continued by the same thing.

    Raises
    ------
    ConfigError
        If the folder already holds the run of something else.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.pipeline import RunRecord, read_run
    >>> from rebalance.pipeline._runs import claim_run
    >>> record = RunRecord(
    ...     version="1", separator="mixture", remix="edit", rounding="nearest", data="d", split="valid", semantics="s"
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     claim_run(Path(folder), record)
    ...     read_run(Path(folder)) == record
    True
    """
    content = json.loads(json.dumps(dataclasses.asdict(record)))
    if (run / RUN_FILE).exists():
        before = json.loads(json.dumps(dataclasses.asdict(read_run(run))))
        for field in _IDENTITY:
            old, new = before[field], content[field]
            if old != new and None not in (old, new):
                raise ConfigError(
                    f"{run}: expected a new folder or one begun with {field} {new!r}, it was begun with {old!r};"
                    " 'rebalance enhance --fresh' starts anew"
                )
    write_json(run / RUN_FILE, content)


def count_finished(task: Task, run: Path) -> int:
    """Return how many pairs of a task have their signal in a run.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import count_finished
    >>> count_finished(load_task("metadata/demo", "valid"), Path("no such run"))
    0
    """
    return sum(enhanced_path(run, task.split, pair).exists() for pair in task.pairs)


def clear_run(run: Path) -> None:
    """Remove what a run has written into its folder, and its scores; other files stay.

    Nothing happens to a folder that holds no run.

    Raises
    ------
    ConfigError
        If the record of the run cannot be read.
    RebalanceError
        If the operating system refuses.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.pipeline import clear_run
    >>> clear_run(Path("no such run"))
    """
    if not (run / RUN_FILE).exists():
        return
    record = read_run(run)
    signals = run / "enhanced_signals" / record.split
    own = [
        *signals.glob(CAD2_TASK2.remix_file_name("*", "*")),
        *(run / "unfinished").glob("*.npz"),
        *(run / "scores").glob("*_*.json"),
        *(run / name for name in ("scores.csv", "scores.json")),
        run / RUN_FILE,  # last: until then the folder says whose files these are
    ]
    try:
        for path in own:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise RebalanceError(f"{run}: cannot remove the files of the run: {error.strerror or error}") from error


def read_run(run: Path) -> RunRecord:
    """Read what made a run.

    Raises
    ------
    ConfigError
        If the folder is no run, or its record cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, read_run
    >>> nothing = load_task("metadata/demo", "valid").subset([])
    >>> with tempfile.TemporaryDirectory() as run:
    ...     _ = enhance_task(nothing, Path(run), EnhanceOptions(separator="mixture"))
    ...     record = read_run(Path(run))
    >>> record.separator, record.remix, record.split, record.lookahead_ms
    ('mixture', 'edit', 'valid', 0.0)
    """
    path = run / RUN_FILE
    if not path.is_file():
        raise ConfigError(f"{run}: expected a folder written by 'rebalance enhance', found no {RUN_FILE}")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        shrinkage = content.pop("shrinkage", None)
        return RunRecord(shrinkage=None if shrinkage is None else tuple(shrinkage), **content)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: not the record of a run: {error}") from error
