"""A real Dask scheduler with two real workers: the same scores, deaths survived, the lost scheduler named."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dask_clusters import Cluster, dask_cluster, kill

from rebalance import load_task
from rebalance._base.errors import SchedulerError
from rebalance._base.running import executor_for, run_items
from rebalance.pipeline import EnhanceOptions, enhance_task, score_task, system_of_run
from rebalance.task import Task

pytest.importorskip("distributed")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with dask_cluster(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def task(tiny_task_root: Path) -> Task:
    return load_task(tiny_task_root, "valid", require_sources=True)


def files(run: Path) -> dict[str, bytes]:
    found = [*run.rglob("*.flac"), *run.rglob("scores.csv")]
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in found}


def slow_square(number: int) -> int:
    time.sleep(0.2)
    return number * number


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_bits_as_local_processes(cluster: Cluster, task: Task, tmp_path: Path) -> None:
    options = EnhanceOptions(separator="mixture")
    with executor_for(cluster.address) as executor:
        assert enhance_task(task, tmp_path / "cluster", options, executor=executor) == ()
        assert score_task(task, [system_of_run(tmp_path / "cluster", "valid")], executor=executor) == ()
    enhance_task(task, tmp_path / "local", options, jobs=2)
    score_task(task, [system_of_run(tmp_path / "local", "valid")], jobs=2)
    assert files(tmp_path / "cluster") == files(tmp_path / "local")


@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_costs_only_what_it_had_not_finished(cluster: Cluster) -> None:
    results: dict[int, int] = {}

    def on_result(item: int, result: int) -> None:
        results[item] = result
        if len(results) == 4:
            kill(cluster.workers[0])

    with executor_for(cluster.address) as executor:
        failures = run_items(range(20), slow_square, title="test", executor=executor, on_result=on_result)
    assert failures == ()
    assert results == {number: number * number for number in range(20)}


@pytest.mark.filterwarnings("ignore")
def test_a_lost_scheduler_ends_the_command_with_one_line_and_a_run_to_go_on_with(
    cluster: Cluster, tiny_task_root: Path, task: Task, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    enhance_task(task, run, EnhanceOptions(separator="mixture"), jobs=1)
    command = [sys.executable, "-m", "rebalance", "score", str(tiny_task_root), str(run)]
    process = subprocess.Popen(
        [*command, "--scheduler", cluster.address],
        env=os.environ | {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(run.glob("scores/*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    kill(cluster.scheduler)
    _, errors = process.communicate(timeout=120)
    told = [line for line in errors.splitlines() if line.startswith("rebalance:")]
    assert process.returncode == 2, errors
    assert len(told) == 1
    assert "scheduler was lost" in told[0]
    assert "Traceback" not in errors
    kept = {path: path.stat().st_mtime_ns for path in run.glob("scores/*.json")}
    assert score_task(task, [system_of_run(run, "valid")], jobs=1) == ()
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in kept.items())


def test_an_address_without_a_scheduler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebalance._base.running._CONNECT_TIMEOUT_S", 1)
    with pytest.raises(SchedulerError, match="cannot connect"), executor_for("tcp://127.0.0.1:1"):
        pass


def test_without_an_address_there_is_no_executor() -> None:
    with executor_for(None) as executor:
        assert executor is None
