"""The one tree of errors: every message says what is wrong, where, what was expected and what was found."""

from __future__ import annotations


class RebalanceError(ValueError):
    """Base of every error this library raises on purpose."""


class MetadataError(RebalanceError):
    """A metadata file or a cross reference between two of them is wrong."""


class AudioError(RebalanceError):
    """A signal or an audio file cannot be used as asked."""


class ConfigError(RebalanceError):
    """An option, a name or a combination of settings is wrong."""


class SubmissionError(RebalanceError):
    """A submission archive or folder breaks the rules of the challenge."""
