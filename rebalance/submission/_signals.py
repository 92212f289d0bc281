"""Processed signals straight from an archive, for scoring without unpacking it."""

from __future__ import annotations

from dataclasses import dataclass

from rebalance._base.challenge import Split
from rebalance._base.errors import AudioError, RebalanceError
from rebalance._base.files import StrPath, expanded
from rebalance.audio import Recording
from rebalance.submission._flac import as_recording, expected_samples, most_bytes
from rebalance.submission._naming import member_names
from rebalance.submission._submitted_files import ArchivedFiles, limits_for
from rebalance.task import Pair, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedSignals:
    """The processed signals in a submission archive; satisfies `rebalance.pipeline.EnhancedSignals`.

    Parameters
    ----------
    files
        The archive.
    split
        Split of the task, whose folder the signals may lie in.
    limit_samples
        No signal may be longer.
    """

    files: ArchivedFiles
    split: Split
    limit_samples: int

    @classmethod
    def of(cls, path: StrPath, task: Task) -> ArchivedSignals:
        """Open an archive as the submission to a task.

        Parameters
        ----------
        path
            The archive, or one of its parts.
        task
            What was asked for; says how large its files may be.

        Raises
        ------
        RebalanceError
            If it is no archive, or not safe to read.
        """
        path = expanded(path)
        files = ArchivedFiles(path=path, limits=limits_for(task))
        files.sizes()
        mixtures = [segment.mixture for segment in task.segments.values()]
        longest = max((expected_samples(mixture.start_s, mixture.duration_s) for mixture in mixtures), default=0)
        return cls(files=files, split=task.split, limit_samples=2 * longest)

    def read(self, pair: Pair) -> Recording:
        """Return the processed signal of a pair.

        Raises
        ------
        AudioError
            If there is none, or it cannot be decoded.
        """
        if (name := self._name(pair)) is None:
            raise AudioError(f"no signal for scene {pair.scene}, listener {pair.listener}", where=self.files.path)
        try:
            content = self.files.read(name, limit_bytes=most_bytes(self.limit_samples))
            return as_recording(content, limit_samples=self.limit_samples)
        except RebalanceError as error:
            raise AudioError(f"{name}: {error}", where=self.files.path) from error

    def fingerprint(self, pair: Pair) -> str:
        """Return a text that changes when the signal of a pair does; empty when there is none."""
        name = self._name(pair)
        return "" if name is None else self.files.checksum(name)

    def _name(self, pair: Pair) -> str | None:
        return next((name for name in member_names(pair, self.split) if self.files.checksum(name)), None)
