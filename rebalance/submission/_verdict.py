"""What is wrong with a submission: every problem at once, grouped, for people and for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from rebalance._base.errors import SubmissionError
from rebalance._base.semantics import VERSION

Severity: TypeAlias = Literal["error", "warning"]
Kind: TypeAlias = Literal[
    "archive", "missing", "unexpected", "damaged", "format", "duration", "silent", "clipped", "duplicate", "swapped",
    "channels", "level", "manifest",
]  # fmt: skip

KINDS: dict[Kind, str] = {
    "archive": "name and parts of the archive",
    "missing": "pairs without a file",
    "unexpected": "files that belong to no pair, or to the wrong place",
    "damaged": "files that cannot be read or decoded",
    "format": "rate, channels or bit depth",
    "duration": "number of samples",
    "silent": "silence where the mixture sounds",
    "clipped": "samples at full scale",
    "duplicate": "the same audio twice",
    "swapped": "audio of another scene or for another listener",
    "channels": "left and right swapped",
    "level": "far from the level expected",
    "manifest": "manifest and content disagree",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    kind
        What sort of thing; see `KINDS`.
    severity
        ``"error"``: the submission is refused; ``"warning"``: it is accepted, look at it all the same.
    file
        The file it is about; empty for the submission as a whole.
    expected, got
        What should be there and what is.

    Examples
    --------
    >>> from rebalance.submission import Problem
    >>> Problem(kind="missing", file="S50001_L0001_remix.flac", expected="a file", got="none").line
    'S50001_L0001_remix.flac: expected a file, got none'
    """

    kind: Kind
    severity: Severity = "error"
    file: str
    expected: str
    got: str

    @property
    def line(self) -> str:
        """The problem in one line."""
        where = f"{self.file}: " if self.file else ""
        return f"{where}expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a check.

    Parameters
    ----------
    submission
        Name of the archive or folder that was checked.
    n_expected, n_found
        Pairs of the task, and those with a file.
    n_clipped_samples, n_clipped_files
        Samples at 16-bit full scale, both channels counted, and files that hold any.
    problems
        All of them, by kind and then by file.
    sha256
        Of every file that could be read, by name.
    notes
        What was not checked, and why.

    Examples
    --------
    >>> from rebalance.submission import Problem, Verdict
    >>> verdict = Verdict(
    ...     submission="submission_T002_causal.zip",
    ...     n_expected=2,
    ...     n_found=1,
    ...     n_clipped_samples=0,
    ...     n_clipped_files=0,
    ...     problems=(Problem(kind="missing", file="S50001_L0001_remix.flac", expected="a file", got="none"),),
    ...     sha256={},
    ... )
    >>> verdict.accepted, verdict.as_json()["counts"]
    (False, {'missing': 1})
    """

    submission: str
    n_expected: int
    n_found: int
    n_clipped_samples: int
    n_clipped_files: int
    problems: tuple[Problem, ...]
    sha256: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems for which the submission is refused."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def accepted(self) -> bool:
        """Whether the submission breaks no rule."""
        return not self.errors

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as a JSON value."""
        return {
            "version": VERSION,
            "submission": self.submission,
            "verdict": "accepted" if self.accepted else "refused",
            "expected": self.n_expected,
            "found": self.n_found,
            "clipped_samples": self.n_clipped_samples,
            "clipped_files": self.n_clipped_files,
            "counts": {kind: len(found) for kind, found in by_kind(self.problems).items()},
            "problems": [dataclasses.asdict(problem) for problem in self.problems],
            "notes": list(self.notes),
        }


def verdict_from_json(value: Mapping[str, Any]) -> Verdict:
    """Return the verdict that `Verdict.as_json` gave; the checksums are not in it.

    Parameters
    ----------
    value
        As read from JSON.

    Raises
    ------
    SubmissionError
        If it is no verdict.

    Examples
    --------
    >>> from rebalance.submission import Verdict, verdict_from_json
    >>> verdict = Verdict(
    ...     submission="a.zip", n_expected=1, n_found=1, n_clipped_samples=0, n_clipped_files=0, problems=(), sha256={}
    ... )
    >>> verdict_from_json(verdict.as_json()) == verdict
    True
    """
    try:
        return Verdict(
            submission=str(value["submission"]),
            n_expected=int(value["expected"]),
            n_found=int(value["found"]),
            n_clipped_samples=int(value["clipped_samples"]),
            n_clipped_files=int(value["clipped_files"]),
            problems=tuple(Problem(**problem) for problem in value["problems"]),
            sha256={},
            notes=tuple(map(str, value["notes"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SubmissionError("not a verdict", where="answer") from error


def by_kind(problems: Sequence[Problem]) -> dict[Kind, list[Problem]]:
    """Group problems in the order of `KINDS`, files in order within; kinds without a problem are left out.

    Examples
    --------
    >>> from rebalance.submission import Problem, by_kind
    >>> found = Problem(kind="missing", file="S50001_L0001_remix.flac", expected="a file", got="none")
    >>> {kind: len(problems) for kind, problems in by_kind([found, found]).items()}
    {'missing': 2}
    """
    groups: dict[Kind, list[Problem]] = {kind: [] for kind in KINDS}
    for problem in sorted(problems, key=lambda problem: problem.file):
        groups[problem.kind].append(problem)
    return {kind: found for kind, found in groups.items() if found}
