"""The one tree of errors: every message says what is wrong, where, what was expected and what was found."""

from __future__ import annotations


class RebalanceError(Exception):
    """Base of every error this library raises on purpose; itself for what the system refuses, such as a full disk.

    Examples
    --------
    >>> from rebalance import ConfigError, RebalanceError, load_task
    >>> issubclass(ConfigError, RebalanceError)
    True
    >>> try:
    ...     load_task("metadata/demo", "validation")
    ... except RebalanceError as error:
    ...     print(error)
    split: expected one of train, valid, test, got 'validation'; did you mean 'valid'?
    """


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
