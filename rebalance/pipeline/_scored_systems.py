"""Systems to be scored: their signals, and where their scores go."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rebalance._base.challenge import Split
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, checksum_of, expanded
from rebalance.audio import Recording, read_audio
from rebalance.pipeline._runs import enhanced_path, record_of_signals
from rebalance.task import Pair


class EnhancedSignals(Protocol):
    """Where processed signals come from: a folder or an archive. Must pickle."""

    def read(self, pair: Pair) -> Recording:
        """Return the processed signal of a pair.

        Raises
        ------
        AudioError
            If there is none, or it cannot be decoded.
        """

    def fingerprint(self, pair: Pair) -> str:
        """Return a text that changes when the signal of a pair does; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSignals:
    """The processed signals in the folder of a run.

    Parameters
    ----------
    run
        Folder of the run.
    split
        Split of the task whose signals they are.
    """

    run: Path
    split: Split

    def read(self, pair: Pair) -> Recording:
        """Return the processed signal of a pair; see `EnhancedSignals`."""
        return read_audio(enhanced_path(self.run, self.split, pair))

    def fingerprint(self, pair: Pair) -> str:
        """Return size and checksum of the file, as an archive of the run holds them; see `EnhancedSignals`."""
        path = enhanced_path(self.run, self.split, pair)
        return checksum_of(path) if path.is_file() else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One set of processed signals and where its scores go.

    Parameters
    ----------
    signals
        The processed signals to score.
    scores
        Folder the scores are written to.
    description
        What made the signals; kept in the score file.
    scores_name
        Name of the score file without its suffix.
    """

    signals: EnhancedSignals
    scores: Path
    description: Mapping[str, Any]
    scores_name: str = "scores"


def system_of_run(run: StrPath, split: Split, *, scores_name: str = "scores") -> System:
    """Return the system whose signals lie in a folder and whose scores go there too.

    The folder is that of a run, or of any other system that writes ``enhanced_signals/SPLIT`` as the challenge asks.

    Parameters
    ----------
    run
        The folder.
    split
        Split of the task whose signals are scored.
    scores_name
        Name of the tables of scores, without its ending.

    Raises
    ------
    ConfigError
        If the folder holds no signals, or those of another split.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, system_of_run
    >>> nothing = load_task("metadata/demo", "valid").subset([])
    >>> with tempfile.TemporaryDirectory() as run:
    ...     _ = enhance_task(nothing, Path(run), EnhanceOptions(separator="mixture"))
    ...     print(system_of_run(Path(run), "valid").description["separator"])
    ...     try:
    ...         system_of_run(Path(run), "test")
    ...     except ValueError as error:
    ...         print(str(error).removeprefix(f"{run}: "))
    mixture
    expected signals of split 'test', it holds 'valid'
    """
    run = expanded(run)
    record = record_of_signals(run, split)
    if record.split != split:
        raise ConfigError(where=run, expected=f"signals of split {split!r}, it holds {record.split!r}")
    description = {"separator": record.separator, "configuration": dataclasses.asdict(record)}
    signals = FolderSignals(run=run, split=split)
    return System(signals=signals, scores=run, description=description, scores_name=scores_name)
