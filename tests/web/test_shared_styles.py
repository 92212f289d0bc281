"""What the listening room and the listening test look alike in is written once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "rebalance/web"
BASE = WEB / "assets/base.css"
OWN = (WEB / "frontend/src/style.css", WEB / "listening_test/assets/listening-test.css")


def rules(path: Path) -> set[str]:
    """Return the innermost rules of a style sheet, spaces aside."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {" ".join(rule.split()) for rule in re.findall(r"[^{}]+\{[^{}]*\}", text)}


def colours(path: Path) -> set[str]:
    return set(re.findall(r"^\s+(--[\w-]+):", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_the_sheets_have_no_rule_in_common() -> None:
    assert not rules(OWN[0]) & rules(OWN[1])


@pytest.mark.parametrize("sheet", OWN, ids=lambda sheet: sheet.name)
def test_a_sheet_repeats_nothing_of_the_shared_one(sheet: Path) -> None:
    assert not rules(BASE) & rules(sheet)
    assert not {name for name in colours(sheet) if f"  {name}:" in BASE.read_text(encoding="utf-8")}
