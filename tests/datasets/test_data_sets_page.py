"""What docs/data-sets.md says is so."""

import re
from pathlib import Path

import pytest

from rebalance.datasets import LOADERS
from rebalance.taskmaking._gain_patterns import gain_patterns

PAGE = (Path(__file__).parents[2] / "docs" / "data-sets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(LOADERS))
def test_every_corpus_has_its_line(name):
    (line,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, flags=re.MULTILINE)
    assert line.endswith("| **yes** |") == LOADERS[name].info.evaluation_material


def test_the_numbers_of_patterns_are_right():
    rows = dict(re.findall(r"^\| ([2-5]) \| (\d+) \|", PAGE, flags=re.MULTILINE))
    assert {int(n): int(count) for n, count in rows.items()} == {n: len(gain_patterns(n)) for n in (2, 3, 4, 5)}


def test_the_example_of_listeners_prints_what_the_page_shows(capsys):
    section = PAGE.partition("## Listeners")[2]
    code, shown = re.findall(r"```(?:python)?\n(.*?)```", section, flags=re.DOTALL)
    exec(compile(code, "data-sets.md", "exec"), {})
    assert capsys.readouterr().out == shown
