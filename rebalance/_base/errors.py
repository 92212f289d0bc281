"""The one tree of errors: every message says what is wrong, where, what was expected and what was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self


class RebalanceError(Exception):
    """Base of every error this library raises on purpose; itself for what the system refuses, such as a full disk.

    Parameters
    ----------
    problem
        What is wrong, where that is not told by what was expected.
    where
        The file, option, argument or object that is wrong.
    expected
        What would have been right.
    got
        The value that was given.
    found
        What a search or a look into a file gave; in place of `got`.
    more
        What follows at the end of the line: a suggestion, or a reason from elsewhere.

    Attributes
    ----------
    where, expected, got
        As text; empty where the error has no such part. What was found is in `got`, too.

    Examples
    --------
    >>> from rebalance import ConfigError, RebalanceError, load_task
    >>> issubclass(ConfigError, RebalanceError)
    True
    >>> try:
    ...     load_task("metadata/demo", "validation")
    ... except RebalanceError as error:
    ...     print(error)
    ...     print(error.where, "|", error.expected, "|", error.got)
    split: expected one of train, valid, test, got 'validation'; did you mean 'valid'?
    split | one of train, valid, test | 'validation'
    """

    def __init__(
        self,
        problem: object = "",
        *,
        where: object = "",
        expected: str = "",
        got: str = "",
        found: str = "",
        more: str = "",
    ) -> None:
        wanted = f"expected {expected}" if expected else str(problem)
        given = "".join(f", {verb} {what}" for verb, what in (("got", got), ("found", found)) if what)
        super().__init__(": ".join(filter(None, (str(where), wanted))) + given + more)
        self.where, self.expected, self.got = str(where), expected, got or found

    def at(self, where: object) -> Self:
        """Return the same error with the place it was met, where it names none yet."""
        if self.where:
            return self
        placed = type(self)(self, where=where)
        placed.expected, placed.got = self.expected, self.got
        return placed


class MetadataError(RebalanceError, ValueError):
    """A metadata file or a cross reference between two of them is wrong.

    Examples
    --------
    >>> from rebalance import Audiogram, MetadataError
    >>> try:
    ...     Audiogram(frequencies_hz=(500.0, 1000.0), thresholds_db_hl=(20.0,))
    ... except MetadataError as error:
    ...     print(error)
    audiogram: expected one threshold per frequency, got 1 thresholds for 2 frequencies
    """


class AudioError(RebalanceError, ValueError):
    """A signal or an audio file cannot be used as asked."""


class ConfigError(RebalanceError, ValueError):
    """An option, a name or a combination of settings is wrong."""


class SubmissionError(RebalanceError, ValueError):
    """A submission archive or folder breaks the rules of the challenge."""


class SchedulerError(RebalanceError):
    """The scheduler of a cluster cannot be reached, or was lost: the work itself may be all right."""


@contextmanager
def met_at(where: object) -> Iterator[None]:
    """Say of the errors of what is done within where they were met, if they do not say it themselves."""
    try:
        yield
    except RebalanceError as error:
        if error.where:
            raise
        raise error.at(where) from error
