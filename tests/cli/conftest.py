"""Commands run in this process, as the command line runs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

import rebalance.cli as command_line

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process: its status, what it said on the error stream by line, and its output."""
    import warnings

    before = warnings.formatwarning

    def running(*arguments: object) -> tuple[int, list[str], str]:
        monkeypatch.setattr(sys, "argv", ["rebalance", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, told.err.splitlines(), told.out

    yield running
    warnings.formatwarning = before
