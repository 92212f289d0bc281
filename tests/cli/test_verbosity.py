"""What --verbose tells, and that nothing of it is told otherwise."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from rebalance._base.verbosity import DEBUG_VARIABLE

Run = Callable[..., tuple[int, list[str], str]]
CHECK = ("check", "metadata/demo", "--no-audio")


def test_the_log_is_told_to_a_developer_who_asks_for_more(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    status, told, _ = run(*CHECK, "--verbose")
    assert status == 0
    assert "metadata/demo/metadata/gains.json: reading" in told


@pytest.mark.parametrize("options", [(), ("-q",), ("-v",)])
def test_files_are_not_told_otherwise(run: Run, options: tuple[str, ...]) -> None:
    assert run(*CHECK, *options)[1] == []


def test_the_log_is_as_it_was_after_a_command(run: Run) -> None:
    log = logging.getLogger("rebalance")
    before = (log.level, list(log.handlers))
    run(*CHECK, "-v")
    assert (log.level, list(log.handlers)) == before


def test_loading_a_separator_is_told_where_more_is_asked_for(run: Run) -> None:
    loaded = "separator mixture: loaded, device auto"
    command = ("causality", "--separator", "mixture")
    assert loaded not in run(*command)[1]
    assert loaded in run(*command, "-v")[1]
