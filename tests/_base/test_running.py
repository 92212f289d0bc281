"""Many items on an executor: nothing lost, failures apart, a dead worker survived."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.running import run_items


def square(number: int) -> int:
    return number * number


def square_but_for_three(number: int) -> int:
    if number == 3:
        raise AudioError("three is\nsilent")
    if number == 4:
        raise KeyError("four")
    return number * number


def square_unless_it_kills(number: int) -> int:
    if number == 2:
        os._exit(9)
    time.sleep(0.02)
    return number * number


def thread_limits(_: int) -> tuple[str | None, ...]:
    return os.environ.get("OMP_NUM_THREADS"), os.environ.get("NUMBA_NUM_THREADS")


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_item_is_done_once(jobs: int) -> None:
    results: list[tuple[int, int]] = []
    failures = run_items(range(9), square, title="test", jobs=jobs, on_result=lambda *done: results.append(done))
    assert failures == ()
    assert sorted(results) == [(number, number * number) for number in range(9)]


def test_a_failed_item_is_reported_in_one_line_and_stops_no_other() -> None:
    results: dict[int, int] = {}
    failures = run_items(
        range(6),
        square_but_for_three,
        title="test",
        jobs=2,
        describe=lambda item: f"number {item}",
        on_result=results.__setitem__,
    )
    assert {failure.item: failure.reason.partition(" (")[0] for failure in failures} == {
        "number 3": "three is silent",
        "number 4": "KeyError: 'four'",
    }
    assert re.search(r"\(test_running\.py:\d+ in square_but_for_three\)", failures[-1].reason + failures[0].reason)
    assert sorted(results) == [0, 1, 2, 5]


def test_a_worker_that_dies_costs_only_its_item() -> None:
    results: dict[int, int] = {}
    failures = run_items(range(8), square_unless_it_kills, title="test", jobs=2, on_result=results.__setitem__)
    assert [failure.item for failure in failures] == ["2"]
    assert sorted(results) == [0, 1, 3, 4, 5, 6, 7]


def test_workers_compute_on_one_thread_and_the_caller_is_left_alone(monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    limits: list[tuple[str | None, ...]] = []
    run_items([0], thread_limits, title="test", jobs=1, on_result=lambda _, found: limits.append(found))
    assert limits == [("1", "1")]
    assert thread_limits(0) == ("7", None)


def test_no_jobs_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        run_items([1], square, title="test", jobs=0)


def test_a_script_without_a_guard_is_told_so_and_does_not_hang(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from rebalance._base.running import run_items\nrun_items(range(50), abs, title='test', jobs=2)\n"
    )
    command = [sys.executable, script]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 1
    assert "put its work under if __name__ == '__main__'" in result.stderr
    assert result.stderr.splitlines()[-1].startswith(
        "rebalance._base.errors.RebalanceError: no worker process can start"
    )
