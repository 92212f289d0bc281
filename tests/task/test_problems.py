from __future__ import annotations

from pathlib import Path

import pytest

from rebalance._base.errors import MetadataError
from rebalance.task import Findings, MetadataWarning
from rebalance.task._problems import close_spelling, described


@pytest.mark.parametrize(
    ("name", "candidates", "meant"),
    [
        ("Voilin", ("Viola", "Violin"), "Violin"),
        ("VIOLA", ("Viola", "Violin"), "Viola"),
        ("L001", ("L0001", "L0010"), "L0001"),
        ("L00O1", ("L0001", "L0023"), "L0001"),
        ("gain_0007", ("gain_0008", "gain_0001"), ""),
        ("Kazoo", ("Viola", "Violin"), ""),
        ("Viola", (), ""),
    ],
)
def test_a_misspelling_is_recognised_and_another_number_is_none(
    name: str, candidates: tuple[str, ...], meant: str
) -> None:
    assert close_spelling(name, candidates) == meant


def test_among_very_many_names_leading_zeros_are_still_recognised() -> None:
    names = [f"gain_{number:05d}" for number in range(10_272)]
    assert close_spelling("gain_0645", names) == "gain_00645"
    assert close_spelling("gian_0645", names) == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.5, "1.5"),
        ("x", "'x'"),
        ([1], "a list of 1 entry"),
        ({"a": 1, "b": 2}, "an object with 2 keys"),
        ("y" * 200, "'" + "y" * 76 + "..."),
    ],
)
def test_values_are_described_briefly(value: object, words: str) -> None:
    assert described(value) == words


def test_the_same_problem_is_kept_once() -> None:
    findings = Findings(root=Path("/task"))
    for _ in range(2):
        findings.error(Path("/task/metadata/gains.json"), "a", expected="x", got="y")
    (problem,) = findings.problems
    assert problem.line == "metadata/gains.json: a: expected x, got y"


def test_errors_hide_warnings_and_warnings_are_one_line() -> None:
    findings = Findings()
    findings.warning(Path("f.json"), "a", expected="x", got="y")
    findings.warning(Path("f.json"), "b", expected="x", got="y")
    with pytest.warns(MetadataWarning, match=r"f\.json: a: expected x, got y \(and 1 more warning\)"):
        findings.raise_errors()
    findings.error(Path("f.json"), "c", expected="x", got="y", suggestion="z")
    with pytest.raises(MetadataError, match=r"f\.json: c: expected x, got y; did you mean 'z'\?$"):
        findings.raise_errors()
