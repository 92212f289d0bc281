"""A board ranked by another metric, scored by a real worker, with sounds that the organisers made public."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
import soundfile
from scored_boards import START
from small_boards import write_run
from starlette.testclient import TestClient

from rebalance._base.errors import ConfigError
from rebalance.audio import loudness_lufs
from rebalance.pipeline import record_of_signals
from rebalance.submission import FolderFiles, SubmissionName, check_files, write_submission
from rebalance.task import load_task
from rebalance.web.leaderboard import (
    Actor,
    Board,
    BoardQueries,
    Organising,
    Phase,
    Submitting,
    create_board_app,
    opened_board,
    upgrade_board,
)
from rebalance.web.leaderboard._board_worker import Worker
from rebalance.web.leaderboard._kept_summaries import keep_summary
from rebalance.web.leaderboard._stored_files import describe_file
from rebalance.web.leaderboard_pages import add_pages
from rebalance.web.leaderboard_pages._kept_sounds import _place_to_wait


def write_packed(run: Path, root: Path) -> Path:
    """Pack a run with what is known of its system."""
    about = {"lookahead_ms": 4.5, "n_parameters": 6_595_000, "external_training_data": False}
    record = dataclasses.replace(record_of_signals(run, "valid"), **about)
    with ThreadPoolExecutor(1) as executor:
        verdict = check_files(FolderFiles(path=run), load_task(root, "valid"), executor=executor)
    (packed,) = write_submission(run, SubmissionName(team="T002", causality="causal"), record, verdict, folder=run)
    return packed.path


@pytest.fixture(scope="module")
def scored(tiny_task_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Board, str]]:
    """A board of the tiny task, ranked by SI-SDR, with one submission; and its identity."""
    folder = tmp_path_factory.mktemp("metric")
    root = Path(shutil.copytree(tiny_task_root, folder / "task"))
    (root / "metadata" / "public_examples.valid.json").write_text(json.dumps(["S50003_L0002"]), encoding="utf-8")
    write_run(root, folder / "run")
    archive = write_packed(folder / "run", root)
    with opened_board(folder / "board", check_revision=False) as board:
        upgrade_board(board)
        with board.transaction() as session:
            acts = Organising(session=session, now=START)
            acts.add_task("tiny", root, split="valid", metric="si_sdr")
            acts.add_phase(Phase(name="dev", title="Development", task="tiny", task_title="", is_live=True))
            acts.add_team("T002")
        sender = Submitting(board=board, actor=Actor(role="team", team="T002"))
        started = sender.start(phase="dev", file_name=archive.name, file=describe_file(archive), now=START)
        sender.append(started, 0, [archive.read_bytes()])
        identity = sender.finish(started.identity, START).identity
        assert Worker(board=board).run(threading.Event(), until_idle=True) == 2
        yield board, identity


def archive_of(board: Board) -> Path:
    """Return the archive of the only submission."""
    with board.reading() as session:
        (found,) = BoardQueries(session=session).submissions()
    return board.archives(found.team).path_of(found.file)


def client_of(board: Board) -> TestClient:
    return TestClient(create_board_app(board, add_pages=add_pages), base_url="http://localhost")


def test_a_worker_scores_by_the_metric_of_the_task_and_the_board_ranks_by_it(scored) -> None:
    board, identity = scored
    with board.reading() as session:
        (found,) = BoardQueries(session=session).standing("dev")
    table = pd.read_csv(board.files.path_of(found.result.table))
    assert found.identity == identity
    assert found.result.mean == pytest.approx(table["si_sdr"].mean())
    assert abs(found.result.mean - table["avg_haaqi"].mean()) > 1
    page = client_of(board).get("/board/dev").text
    assert "SI-SDR, dB" in page
    assert f"{table['si_sdr'].mean():.3f}" in page


def test_the_page_of_a_listener_shows_the_score_that_the_task_is_ranked_by(scored) -> None:
    board, _ = scored
    with board.reading() as session:
        (found,) = BoardQueries(session=session).standing("dev")
    table = pd.read_csv(board.files.path_of(found.result.table))
    page = client_of(board).get("/board/dev/listeners/L0001").text
    heard = table[table["listener"] == "L0001"]
    assert f"{heard['si_sdr'].mean():.3f}" in page
    assert f"{heard['avg_haaqi'].mean():.3f}" not in page


def test_look_ahead_and_size_are_those_of_the_manifest(scored) -> None:
    board, identity = scored
    client = client_of(board)
    assert "4.5 ms" in client.get("/board/dev").text
    page = client.get(f"/board/dev/systems/{identity}").text
    assert "<dt>Parameters</dt><dd>6.59 million</dd>" in page or "<dt>Parameters</dt><dd>6.6 million</dd>" in page
    speed = json.loads(zipfile.ZipFile(archive_of(board)).read("manifest.json"))["configuration"]["speed"]
    assert f"<dt>Speed</dt><dd>{speed:.2g} s for 1 s</dd>" in page
    assert page.count("this one") == 1


def test_a_summary_that_cannot_be_made_is_told_and_raises_nothing(
    scored, tiny_task_root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    board, identity = scored
    with board.reading() as session:
        (found,) = BoardQueries(session=session).standing("dev")
    without_files = dataclasses.replace(board, data=tmp_path)
    keep_summary(without_files, found.result, load_task(tiny_task_root, "valid"), name=identity, column="si_sdr")
    assert f"summary of submission {identity}: " in caplog.text
    assert not list(tmp_path.iterdir())


def test_a_task_is_not_ranked_by_a_metric_that_is_not_there(scored, tiny_task_root: Path) -> None:
    board, _ = scored
    with pytest.raises(ConfigError, match="metric"), board.transaction() as session:
        Organising(session=session, now=START).add_task("other", tiny_task_root, split="valid", metric="no_such")


def test_a_public_example_is_level_matched_and_the_reference_is_not_among_them(scored) -> None:
    board, identity = scored
    client = client_of(board)
    page = client.get(f"/board/dev/systems/{identity}").text
    addresses = re.findall(r'src="(/board/dev/systems/[^"]+\.ogg)"', page)
    assert [address.rpartition("/")[2] for address in addresses] == ["mixture.ogg", "system.ogg"]
    levels_lufs = []
    for address in addresses:
        answer = client.get(address)
        assert answer.headers["content-type"] == "audio/ogg"
        samples, rate = soundfile.read(io.BytesIO(answer.content))
        assert rate == 32_000
        assert abs(len(samples) - rate) < 5000
        levels_lufs.append(loudness_lufs(samples.T, rate))
    assert levels_lufs[0] == pytest.approx(levels_lufs[1], abs=0.3)
    for name in ("reference", "target", "..%2Fsystem"):
        assert client.get(addresses[0].replace("mixture", name)).status_code in (404, 422)


def test_a_sound_is_made_once_by_a_process_that_leaves_the_server_as_it_was(scored) -> None:
    board, identity = scored
    shutil.rmtree(board.data / "sounds", ignore_errors=True)
    code = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from starlette.testclient import TestClient
from rebalance.web.leaderboard import create_board_app, opened_board
from rebalance.web.leaderboard_pages import add_pages
from rebalance.web.leaderboard_pages._kept_sounds import _place_to_wait

if __name__ == "__main__":
    with opened_board({str(board.data)!r}) as board:
        client = TestClient(create_board_app(board, add_pages=add_pages), base_url="http://localhost")
        addresses = ["/board/dev/systems/{identity}/sounds/0/" + name + ".ogg" for name in ("mixture", "system")]
        with ThreadPoolExecutor(2) as both:
            print([answer.status_code for answer in both.map(client.get, addresses)])
        print(sorted({{"numba", "scipy.signal"}} & set(sys.modules)))
"""
    script = board.data / "ask.py"
    script.write_text(code)
    said = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout.split("\n")
    assert said[:2] == ["[200, 200]", "[]"]
    assert len(list((board.data / "sounds").rglob("*.ogg"))) == 2


def test_few_wait_for_sounds_at_a_time_so_that_pages_are_still_answered(scored) -> None:
    board, identity = scored
    shutil.rmtree(board.data / "sounds", ignore_errors=True)
    client, address = client_of(board), f"/board/dev/systems/{identity}/sounds/0/system.ogg"
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(_place_to_wait())
        refused = client.get(address)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert client.get("/board/dev").status_code == 200
    assert client.get(address).status_code == 200
