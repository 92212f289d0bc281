"""The folder of a run: what made it, and the refusal to mix two different runs in one folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rebalance._base.challenge import CAD2_TASK2, SIGNALS_FOLDER, Split
from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.files import StrPath, expanded, write_json
from rebalance._base.semantics import SEMANTICS, VERSION
from rebalance.separation import SEPARATORS, LookAhead, Separator, info_of, source_digest
from rebalance.task import Pair, Task

RUN_FILE = "run.json"
_UNKNOWN = "unknown"


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
    causality
        What `record_causality` found of the whole chain; None where it was not measured.
    timing
        How long the separation of how much music took, both in seconds; None where nothing was separated.

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
    causality: Mapping[str, Any] | None = None
    timing: Mapping[str, Any] | None = None

    @property
    def speed(self) -> float | None:
        """Seconds that the separation of a second of music took, to three digits; None where it was not measured."""
        if self.timing is None:
            return None
        return float(f"{float(self.timing['separation_s']) / float(self.timing['music_s']):.3g}")

    @property
    def known_lookahead_ms(self) -> float | None:
        """Look-ahead in ms: as measured of the chain, else as declared of the separator; None where neither is known.

        Infinite where the measurement saw the end of its signal.
        """
        if self.causality is None:
            return self.lookahead_ms
        return float("inf") if self.causality["to_the_end"] else float(self.causality["lookahead_ms"])


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


def enhanced_path(run: StrPath, split: Split, pair: Pair) -> Path:
    """Return where a run keeps the signal of a pair.

    Parameters
    ----------
    run
        Folder of the run.
    split
        Of the task.
    pair
        Whose signal it is.

    Examples
    --------
    >>> from rebalance import Pair
    >>> from rebalance.pipeline import enhanced_path
    >>> enhanced_path("exp/mine", "valid", Pair(scene="S50001", listener="L0001")).as_posix()
    'exp/mine/enhanced_signals/valid/S50001_L0001_remix.flac'
    """
    run = expanded(run)
    return run / SIGNALS_FOLDER / split / CAD2_TASK2.remix_file_name(pair.scene, pair.listener)


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
                    where=run,
                    expected=(
                        f"a new folder or one begun with {field} {new!r}, it was begun with {old!r}; 'rebalance"
                        " enhance --fresh' starts anew"
                    ),
                )
        content |= {measured: before[measured] for measured in ("causality", "timing")}
    write_json(run / RUN_FILE, content)


def record_causality(run: StrPath, separator: Separator, look_ahead: LookAhead) -> RunRecord:
    """Write what was measured of a chain into the record of the run it made.

    Parameters
    ----------
    run
        Folder of the run.
    separator
        What was measured, which must be what made the run.
    look_ahead
        Of the whole chain; see `rebalance.separation.measure_chain`.

    Raises
    ------
    ConfigError
        If the folder is no run, or another separator, other weights or another source made it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.pipeline import RunRecord, record_causality
    >>> from rebalance.pipeline._runs import claim_run
    >>> from rebalance.separation import WHOLE_CHAIN, load_separator, measure_chain
    >>> separator = load_separator("mixture")
    >>> record = RunRecord(
    ...     version="1", separator="mixture", remix="edit", rounding="nearest", data="d", split="valid", semantics="s"
    ... )
    >>> with tempfile.TemporaryDirectory() as run:
    ...     claim_run(Path(run), record)
    ...     measured = measure_chain(separator, ("flute", "cello"), duration_s=0.5)[WHOLE_CHAIN]
    ...     record_causality(Path(run), separator, measured).known_lookahead_ms
    0.0
    """
    run = expanded(run)
    record = read_run(run)
    own = {
        "separator": separator.name if separator.name in SEPARATORS else record.separator,
        "weights": info_of(separator).weights,
        "source": source_digest(record.separator),
    }
    for field, measured in own.items():
        made_with = getattr(record, field)
        if measured != made_with and None not in (measured, made_with):
            raise ConfigError(f"made with {field} {made_with!r}, what was measured has {measured!r}", where=run)
    causality = {
        "lookahead_ms": round(look_ahead.ms, 3),
        "to_the_end": look_ahead.to_the_end,
        "output_sample": look_ahead.output_sample,
        "version": VERSION,
    }
    recorded = dataclasses.replace(record, causality=causality)
    write_json(run / RUN_FILE, dataclasses.asdict(recorded))
    return recorded


def count_finished(task: Task, run: StrPath) -> int:
    """Return how many pairs of a task have their signal in a run.

    Parameters
    ----------
    task
        The task of the run.
    run
        Its folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import count_finished
    >>> count_finished(load_task("metadata/demo", "valid"), Path("no such run"))
    0
    """
    run = expanded(run)
    return sum(enhanced_path(run, task.split, pair).exists() for pair in task.pairs)


def clear_run(run: StrPath) -> None:
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
    run = expanded(run)
    if not (run / RUN_FILE).exists():
        return
    record = read_run(run)
    signals = run / SIGNALS_FOLDER / record.split
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
        raise RebalanceError(f"cannot remove the files of the run: {error.strerror or error}", where=run) from error


def read_run(run: StrPath) -> RunRecord:
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
    run = expanded(run)
    path = run / RUN_FILE
    if not path.is_file():
        raise ConfigError(where=run, expected="a folder written by 'rebalance enhance'", found=f"no {RUN_FILE}")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        shrinkage = content.pop("shrinkage", None)
        record = RunRecord(shrinkage=None if shrinkage is None else tuple(shrinkage), **content)
        _ = record.known_lookahead_ms, record.speed
    except (KeyError, ValueError, TypeError, ZeroDivisionError) as error:
        raise ConfigError(f"not the record of a run: {error}", where=path) from error
    return record


def record_of_signals(run: StrPath, split: Split | None = None) -> RunRecord:
    """Return what made the signals of a folder: the record of a run, or what the folder of another system tells.

    Parameters
    ----------
    run
        Folder that holds ``enhanced_signals/SPLIT``, of a run or of anything else that writes in this form.
    split
        Which split of the folder of another system is meant; the only one there is when None.

    Raises
    ------
    ConfigError
        If it is no such folder, or its record cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.pipeline import record_of_signals
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "theirs/enhanced_signals/valid").mkdir(parents=True)
    ...     record = record_of_signals(Path(folder, "theirs"))
    >>> record.separator, record.split, record.lookahead_ms is None
    ('theirs', 'valid', True)
    """
    run = expanded(run)
    signals = run / SIGNALS_FOLDER
    if (run / RUN_FILE).is_file() or not signals.is_dir():
        return read_run(run)
    there = sorted(path.name for path in signals.iterdir() if path.is_dir() and not path.name.startswith("."))
    wanted = there if split is None else [split]
    if len(wanted) != 1 or wanted[0] not in there:
        expected = "the signals of one split" if split is None else f"signals of split {split!r}"
        raise ConfigError(where=signals, expected=expected, got=", ".join(there) or "none")
    return RunRecord(
        version=VERSION,
        separator=run.resolve().name,
        remix=_UNKNOWN,
        rounding=_UNKNOWN,
        data="",
        split=cast("Split", wanted[0]),
        semantics=SEMANTICS,
    )
