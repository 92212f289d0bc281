"""What came of the checks of a separator."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

import pandas as pd

Outcome: TypeAlias = Literal["passed", "failed", "does not apply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What came of one check.

    Parameters
    ----------
    name
        Of the check, see `CONTRACT`.
    promise
        What was tried, in words.
    outcome
        ``"passed"``, ``"failed"`` or ``"does not apply"``.
    detail
        What went wrong, or what was found.
    """

    name: str
    promise: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractReport:
    """What came of all checks of a separator.

    Parameters
    ----------
    separator
        Its name.
    results
        One for each check, in the order they ran.
    """

    separator: str
    results: tuple[CheckResult, ...]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(result for result in self.results if result.outcome == "failed")

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return not self.failed

    def table(self) -> pd.DataFrame:
        """Return a line for every check, indexed by its name: promise, outcome and detail."""
        lines = [(result.name, result.promise, result.outcome, result.detail) for result in self.results]
        return pd.DataFrame(lines, columns=["check", "promise", "outcome", "detail"]).set_index("check")

    def text(self) -> str:
        """Return the report as plain text, a line for every check."""
        width = max(len(result.name) for result in self.results)
        lines = (
            f"{result.name:{width}}  {result.outcome}{f': {result.detail}' if result.detail else ''}"
            for result in self.results
        )
        return "\n".join([f"{self.separator}: {self._verdict()}", *lines])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.separator!r}: {self._verdict()})"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.separator)}: {escape(self._verdict())}</p>{self.table().to_html(border=0)}"

    def _verdict(self) -> str:
        """Return how many checks passed."""
        n_tried = sum(result.outcome != "does not apply" for result in self.results)
        return f"{n_tried - len(self.failed)} of {n_tried} checks passed"
