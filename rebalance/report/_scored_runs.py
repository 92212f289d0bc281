"""The score files of runs, each pair joined with what the task says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rebalance._base.challenge import SPLITS, Split
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.hearing import SeverityDefinition
from rebalance.task import Scene, Task

SCORES_FILE = "scores.csv"
SUMMARY_FILE = "scores.json"

SEVERITY_COLUMNS: dict[SeverityDefinition, str] = {"code": "severity_code", "site": "severity_site"}
_KEYS = ("scene", "song", "listener")
_TEXT_COLUMNS: Any = dict.fromkeys(_KEYS, str)
_SCORES = ("left_haaqi", "right_haaqi", "avg_haaqi")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRun:
    """What a run scored.

    Parameters
    ----------
    name
        Short and unlike that of any other run in the report.
    folder
        Folder of the run.
    separator, haaqi, semantics, version
        What made the signals and the scores.
    data
        Folder of the task, as written when it was scored.
    split
        Split of the task the scores belong to.
    scores
        One line per pair, as in ``scores.csv``; indexed by scene and listener.
    archive
        The submission archive the signals lie in; None where they lie in the folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> scored("first", 0.5).scores.loc[("S50001", "L0002"), "avg_haaqi"].item()
    0.51
    """

    name: str
    folder: Path
    separator: str
    haaqi: str
    semantics: str
    version: str
    data: Path
    split: Split
    scores: pd.DataFrame
    archive: Path | None = None

    def __repr__(self) -> str:
        mean = self.scores[_SCORES[-1]].mean()
        return f"{type(self).__name__}({self.name!r}, {len(self.scores)} pairs, mean HAAQI {mean:.3f})"


def read_scored_runs(folders: Sequence[StrPath]) -> tuple[ScoredRun, ...]:
    """Read the scores of runs that can be compared.

    Raises
    ------
    ConfigError
        If there is no run, one was not scored, its files are damaged, or the runs are of different
        splits or semantics.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.report import read_scored_runs
    >>> summary = {"separator": "fast", "haaqi": "exact", "semantics": "pyclarity V0.6.3", "version": "0.2.0"}
    >>> lines = ["scene,song,listener,left_haaqi,right_haaqi,avg_haaqi", "S50001,haydn_000,L0001,0.5,0.7,0.6"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Path(folder, "scores.csv").open("w") as scores:
    ...         print(*lines, sep=chr(10), file=scores)
    ...     with Path(folder, "scores.json").open("w") as file:
    ...         json.dump({**summary, "data": "data", "split": "valid"}, file)
    ...     (run,) = read_scored_runs([Path(folder)])
    >>> run.separator, run.scores.loc[("S50001", "L0001"), "avg_haaqi"].item()
    ('fast', 0.6)
    """
    if not folders:
        raise ConfigError(where="report", expected="one or more runs", got="none")
    paths = [expanded(folder) for folder in folders]
    read = [_read_run(path) for path in paths]
    names = _short_names([run.archive or run.folder.resolve() for run in read])
    runs = tuple(replace(run, name=name) for run, name in zip(read, names, strict=True))
    for field in ("split", "semantics"):
        found = sorted({str(getattr(run, field)) for run in runs})
        if len(found) > 1:
            raise ConfigError(where="report", expected=f"runs of one {field}", got=f"{', '.join(found)}")
    return runs


def annotated(run: ScoredRun, task: Task) -> pd.DataFrame:
    """Join the scores of a run with what its task says of every pair.

    Parameters
    ----------
    run
        A run with its scores.
    task
        The task it was scored on.

    Returns
    -------
    pd.DataFrame
        The scores with the columns ``piece``, ``instruments`` (a tuple of different ones), ``n_sources``,
        ``gain_size_db`` and one severity for each definition.

    Raises
    ------
    ConfigError
        If a scored pair is not in the task.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, annotated
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> table = annotated(scored("first", 0.5), task)
    >>> table.loc[("S50003", "L0002"), ["piece", "n_sources", "gain_size_db"]].to_dict()
    {'piece': 'mozart-winds', 'n_sources': 4, 'gain_size_db': 10.0}
    """
    if unknown := [pair for pair in run.scores.index if pair[0] not in task.scenes or pair[1] not in task.listeners]:
        scene, listener = unknown[0]
        raise ConfigError(
            where=run.folder / SCORES_FILE,
            expected=f"pairs of split {task.split!r} of the task",
            got=f"scene {scene!r} with listener {listener!r} and {len(unknown) - 1} more like it",
        )
    scenes = [task.scenes[scene] for scene, _ in run.scores.index]
    listeners = [task.listeners[listener] for _, listener in run.scores.index]
    severities = {
        column: [str(listener.severity(definition)) for listener in listeners]
        for definition, column in SEVERITY_COLUMNS.items()
    }
    return run.scores.assign(
        piece=[scene.segment.piece for scene in scenes],
        instruments=pd.Series(_instruments(scenes), index=run.scores.index, dtype=object),
        n_sources=[len(scene.gains_db) for scene in scenes],
        gain_size_db=[gain_size_db(scene) for scene in scenes],
        **severities,
    )


def gain_size_db(scene: Scene) -> float:
    """Return the largest change a scene asks of any source, up or down, in dB."""
    return max(abs(gain_db) for gain_db in scene.gains_db.values())


def _instruments(scenes: Sequence[Scene]) -> list[tuple[str, ...]]:
    """Return the different instruments of every scene."""
    return [tuple(sorted(set(scene.segment.instruments))) for scene in scenes]


def common_pairs(runs: Sequence[ScoredRun]) -> pd.Index:
    """Return the pairs every run scored, in the order of the first.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, common_pairs
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> whole, half = scored("whole", 0.5), scored("half", 0.6)
    >>> list(common_pairs([whole, replace(half, scores=half.scores.iloc[:2])]))
    [('S50001', 'L0001'), ('S50001', 'L0002')]
    """
    common = runs[0].scores.index
    for run in runs[1:]:
        common = common[common.isin(run.scores.index)]
    return common


def _read_run(folder: Path) -> ScoredRun:
    """Read both score files of a run, named by its folder for the time being."""
    table, summary = folder / SCORES_FILE, folder / SUMMARY_FILE
    if not summary.is_file() or not table.is_file():
        raise ConfigError(
            where=folder,
            expected=f"{SCORES_FILE} and {SUMMARY_FILE}",
            found="no such files; run 'rebalance score' first",
        )
    run = read_score_files(table, summary, name=folder.name)
    return replace(run, folder=folder, archive=_archive(folder, _read_summary(summary)))


def read_score_files(table: StrPath, summary: StrPath, *, name: str) -> ScoredRun:
    """Read the two score files of a run, wherever they lie.

    Parameters
    ----------
    table
        Its ``scores.csv``.
    summary
        Its ``scores.json``.
    name
        What to call the run.

    Raises
    ------
    ConfigError
        If a file is damaged.

    Examples
    --------
    >>> from rebalance.report import read_score_files
    >>> read_score_files("scores.csv", "no-such-file.json", name="fast")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: no-such-file.json: not the summary of a scored run: FileNotFoundError(...)
    """
    path = expanded(summary)
    content = _read_summary(path)
    try:
        split = next(split for split in SPLITS if split == content["split"])
        texts = {key: str(content[key]) for key in ("separator", "haaqi", "semantics", "version")}
        data = Path(content.get("data", "."))
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise ConfigError(f"not the summary of a scored run: {error!r}", where=path) from error
    scores = _read_scores(expanded(table))
    return ScoredRun(name=name, folder=path.parent, data=data, split=split, scores=scores, archive=None, **texts)


def _read_summary(path: Path) -> Mapping[str, Any]:
    """Read what made the scores."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"not the summary of a scored run: {error!r}", where=path) from error
    if not isinstance(content, dict):
        raise ConfigError("not the summary of a scored run: no mapping", where=path)
    return content


def _archive(folder: Path, summary: Mapping[str, Any]) -> Path | None:
    """Return the archive that was scored: beside the folder of its scores, or where it was then."""
    configuration = summary.get("configuration")
    if not isinstance(configuration, dict) or "submission" not in configuration:
        return None
    beside = folder.parent / Path(str(configuration["submission"])).name
    then = Path(str(configuration.get("archive", beside)))
    return then if then.is_file() and not beside.is_file() else beside


def _read_scores(path: Path) -> pd.DataFrame:
    """Read a score file, checked."""
    try:
        scores = pd.read_csv(path, dtype=_TEXT_COLUMNS, keep_default_na=False, na_values={})
    except (ValueError, OSError) as error:
        raise ConfigError(f"not a score file: {' '.join(str(error).split())}", where=path) from error
    if missing := [column for column in (*_KEYS, *_SCORES) if column not in scores]:
        found = ", ".join(map(str, scores.columns))
        raise ConfigError(where=path, expected=f"the columns {', '.join(missing)}", found=str(found))
    for column in set(scores) - set(_KEYS):
        scores[column] = pd.to_numeric(scores[column], errors="coerce")
    if scores.empty or not np.isfinite(scores[list(_SCORES)].to_numpy()).all():
        raise ConfigError(where=path, expected="one or more lines with a score for both ears and their mean")
    indexed = scores.set_index(["scene", "listener"])
    if len(repeated := indexed.index[indexed.index.duplicated()]):
        raise ConfigError(where=path, expected="every pair once", got=f"{'/'.join(repeated[0])} again")
    return indexed


def _short_names(folders: Sequence[Path]) -> list[str]:
    """Return the last parts of paths, as many as tell them apart."""
    if len(set(folders)) != len(folders):
        raise ConfigError(where="report", expected="every run once", got=f"{', '.join(map(str, folders))}")
    for n_parts in range(1, max(len(folder.parts) for folder in folders) + 1):
        names = ["/".join(folder.parts[-n_parts:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]
