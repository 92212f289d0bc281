"""What is wrong with a task: one value per problem, all of them collected before anyone is told."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from rebalance._base.challenge import SPLITS, Split
from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded, is_hidden
from rebalance._base.names import closest, counted

ProblemSeverity: TypeAlias = Literal["error", "warning"]

_DIGIT = re.compile(r"\d")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_MAX_CANDIDATES = 1000
_MAX_TEXT_BYTES = 80


class MetadataWarning(UserWarning):
    """Metadata that can be used, but hardly as it was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    severity
        ``"error"``: the task cannot be used; ``"warning"``: it can, look at it all the same.
    file
        The file, relative to the task where it lies inside.
    key
        Where in the file: a key path such as ``L0001.cr_l[2]``, or empty for the file as a whole.
    message
        What is wrong, as a sentence that stands alone.
    expected, got
        What should be there and what is.
    suggestion
        What was probably meant, empty if nobody can tell.

    Examples
    --------
    >>> from rebalance.task import Problem
    >>> problem = Problem(
    ...     severity="error",
    ...     file="metadata/scenes.valid.json",
    ...     key="S50001.musik",
    ...     message="unknown key 'musik'",
    ...     expected="music",
    ...     got="musik",
    ...     suggestion="music",
    ... )
    >>> problem.line
    "metadata/scenes.valid.json: unknown key 'musik'; did you mean 'music'?"
    """

    severity: ProblemSeverity
    file: str
    key: str = ""
    message: str
    expected: str
    got: str
    suggestion: str = ""

    @property
    def has_own_words(self) -> bool:
        """Whether the message says more than key, expected and got."""
        return self.message != _plain_message(self.key, self.expected, self.got)

    @property
    def line(self) -> str:
        """The problem in one line."""
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        return f"{self.file}: {self.message}{hint}"


@dataclass(slots=True)
class Findings:
    """The problems found so far; files are named relative to the root where there is one.

    Parameters
    ----------
    root
        Folder that files are named relative to; None to name them in full.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.task import Findings
    >>> findings = Findings(root=Path("task"))
    >>> findings.error(Path("task/metadata/gains.json"), "gain_0001.source_1", expected="a number", got="'loud'")
    >>> len(findings.problems)
    1
    >>> findings.raise_errors()
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: metadata/gains.json: gain_0001.source_1: expected a number, got 'loud'
    """

    root: Path | None = None
    _problems: dict[Problem, None] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem once, in the order of discovery."""
        return tuple(self._problems)

    def error(
        self, file: StrPath, key: str, *, expected: str, got: str, message: str = "", suggestion: str = ""
    ) -> None:
        """Add a problem that makes the task unusable.

        Parameters
        ----------
        file
            Where the problem lies.
        key
            Path within the file, such as ``S50001.gain``; empty for the file as a whole.
        expected, got
            What would have been right, and what is there.
        message
            Said in place of both where it is plainer.
        suggestion
            What to do about it; may be empty.
        """
        file = expanded(file)
        self._add("error", file, key, expected, got, message, suggestion)

    def warning(
        self, file: StrPath, key: str, *, expected: str, got: str, message: str = "", suggestion: str = ""
    ) -> None:
        """Add a problem that one can live with.

        Parameters
        ----------
        file
            Where the problem lies.
        key
            Path within the file, such as ``S50001.gain``; empty for the file as a whole.
        expected, got
            What would have been right, and what is there.
        message
            Said in place of both where it is plainer.
        suggestion
            What to do about it; may be empty.
        """
        file = expanded(file)
        self._add("warning", file, key, expected, got, message, suggestion)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems found elsewhere."""
        self._problems.update(dict.fromkeys(problems))

    def raise_errors(self, advice: str = "") -> None:
        """Warn of the warnings in one line, then raise if there is an error.

        Raises
        ------
        MetadataError
            Naming the first error and how many more there are.
        """
        errors = [problem.line for problem in self.problems if problem.severity == "error"]
        cautions = [problem.line for problem in self.problems if problem.severity == "warning"]
        if errors:
            raise MetadataError(_first_of(errors, "problem", advice))
        if cautions:
            warnings.warn(_first_of(cautions, "warning", advice), MetadataWarning, stacklevel=3)

    def _add(
        self, severity: ProblemSeverity, file: Path, key: str, expected: str, got: str, message: str, suggestion: str
    ) -> None:
        sentence = message or _plain_message(key, expected, got)
        problem = Problem(
            severity=severity,
            file=self._name(file),
            key=key,
            message=sentence,
            expected=expected,
            got=got,
            suggestion=suggestion,
        )
        self._problems[problem] = None

    def _name(self, file: Path) -> str:
        if self.root is not None and file.is_relative_to(self.root):
            return file.relative_to(self.root).as_posix()
        return str(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check of a task found.

    Parameters
    ----------
    split
        Which split was checked.
    problems
        Every problem once: metadata first, then audio, in the order of the files.
    residuals_db
        By segment, the level of the mixture minus the sum of its sources, in dB re the mixture; minus
        infinity where they are equal. Segments without all their audio are left out.

    Examples
    --------
    >>> from rebalance.task import check_task
    >>> report = check_task("metadata/demo", "train", audio=False)
    >>> len(report.errors) > 0, report.errors[0].file, report.warnings
    (True, 'metadata/music.train.json', ())
    """

    split: Split
    problems: tuple[Problem, ...]
    residuals_db: Mapping[str, float]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that make the task unusable."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems one can live with."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")


def close_spelling(name: str, candidates: Iterable[str]) -> str:
    """Return the candidate a misspelt name probably means, or an empty text.

    Names that differ in nothing but a number (``gain_0007``, ``gain_0008``) are different things, not
    two spellings of one. Among very many candidates only another case or other leading zeros count.
    """
    known = [candidate for candidate in candidates if not _differ_in_a_number(name, candidate)]
    alike = {_LEADING_ZEROS.sub("", candidate.casefold()): candidate for candidate in known}
    if match := alike.get(_LEADING_ZEROS.sub("", name.strip().casefold())):
        return match
    return (closest(name.strip(), known) or "") if len(known) <= _MAX_CANDIDATES else ""


def likely_file(path: Path) -> str:
    """Return the name of a file beside a missing one that was probably meant, or an empty text."""
    try:
        beside = (
            {}
            if path.exists()
            else {file.stem: file.name for file in sorted(path.parent.iterdir()) if not is_hidden(file)}
        )
    except OSError:
        return ""
    candidates = (stem for stem in beside if Path(stem).suffix.lstrip(".") not in SPLITS or _same_split(stem, path))
    return beside.get(close_spelling(path.stem, candidates), "")


def _same_split(stem: str, path: Path) -> bool:
    return Path(stem).suffix == Path(path.stem).suffix


def described(value: object) -> str:
    """Describe a JSON value briefly, whatever its size."""
    if isinstance(value, dict):
        return f"an object with {counted(len(value), 'key')}"
    if isinstance(value, list):
        return f"a list of {counted(len(value), 'entry', 'entries')}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return shortened(repr(value))


def shortened(text: str) -> str:
    """Cut a long text, so that a message stays one line."""
    return text if len(text) <= _MAX_TEXT_BYTES else f"{text[: _MAX_TEXT_BYTES - 3]}..."


def listed(names: Sequence[str]) -> str:
    """Write names one after another, the first few of many."""
    return shortened(", ".join(names)) or "none"


def _plain_message(key: str, expected: str, got: str) -> str:
    return f"{key}: expected {expected}, got {got}"


def _differ_in_a_number(first: str, second: str) -> bool:
    return first != second and _DIGIT.sub("0", first) == _DIGIT.sub("0", second)


def _first_of(lines: Sequence[str], noun: str, advice: str) -> str:
    """Write the first line and how many more there are."""
    if len(lines) == 1:
        return lines[0]
    return f"{lines[0]} (and {counted(len(lines) - 1, f'more {noun}')}{advice})"
