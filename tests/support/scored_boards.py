"""Leaderboards with scored submissions, made through the service, their scores made up; and a server of one."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import uvicorn

from rebalance.submission import Verdict
from rebalance.task import Task, load_task
from rebalance.web import ServerOptions, bound_socket
from rebalance.web.leaderboard import (
    Actor,
    Board,
    BoardOptions,
    Organising,
    Phase,
    Result,
    StoredFile,
    Submitting,
    create_board_app,
    upgrade_board,
)
from rebalance.web.leaderboard._board_queue import JobQueue
from rebalance.web.leaderboard_pages import add_pages

START = dt.datetime(2026, 11, 2, 9, 0, tzinfo=dt.UTC)
INSTRUMENTS = (("Violin_1", "Violin_2", "Viola", "Cello"), ("Flute", "Oboe", "Clarinet", "Bassoon"), ("Flute", "Viola"))
COMPONENTS = ("nonlinear", "linear", "cepstral_correlation", "membrane_covariance", "loudness", "spectrum")
_MAX_BYTES = 1 << 26


def write_large_task(root: Path, *, n_pieces: int) -> None:
    """Write a task whose audio files are empty: two scenes of every piece, each for three listeners."""
    music, scenes, scene_listeners = {}, {}, {}
    listeners = {
        f"L{number:04}": {
            "name": f"L{number:04}",
            "audiogram_cfs": [250, 500, 1000, 2000, 3000, 4000, 6000, 8000],
            "audiogram_levels_l": [10 + 8 * number + 3 * place for place in range(8)],
            "audiogram_levels_r": [5 + 8 * number + 3 * place for place in range(8)],
        }
        for number in range(6)
    }
    gains = {}
    for piece in range(n_pieces):
        players = INSTRUMENTS[piece % len(INSTRUMENTS)]
        labels = {f"source_{number}": name for number, name in enumerate(players, 1)}
        segment = f"piece-{piece:02}_000"
        for label in (*players, "Mixture"):
            track = root / "audio" / "valid" / segment / f"{label}.flac"
            track.parent.mkdir(parents=True, exist_ok=True)
            track.touch()
        music[segment] = {
            source: {
                "source_dataset": "made up",
                "instrument": label,
                "track": f"valid/{segment}/{label}.flac",
                "start": 0,
                "duration": 15,
            }
            for source, label in {**labels, "mixture": "Mixture"}.items()
        }
        for place, gain_db in enumerate((6, -10)):
            scene, gain = f"S5{piece:03}{place}", f"gain_{piece:02}{place}"
            gains[gain] = {source: gain_db if source == "source_1" else 0 for source in labels}
            scenes[scene] = {"music": segment, "gain": gain}
            scene_listeners[scene] = [f"L{(piece + number) % 6:04}" for number in range(3)]
    ears = {"cr_l": [1.0] * 6, "gain_l": [0.0] * 6, "cr_r": [1.0] * 6, "gain_r": [0.0] * 6}
    files: Mapping[str, object] = {
        "gains": gains,
        "music.valid": music,
        "scenes.valid": scenes,
        "scene_listeners.valid": scene_listeners,
        "listeners.valid": listeners,
        "compressor_params.valid": {
            name: {"frequencies": [250, 500, 1000, 2000, 4000, 8000], **ears} for name in listeners
        },
    }
    (root / "metadata").mkdir(parents=True)
    for name, content in files.items():
        (root / "metadata" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBoard:
    """A board that is served, and the tokens of those who may do something."""

    address: str
    board: Board
    organiser: str
    teams: Mapping[str, str]


def set_up(board: Board, task_root: Path, *, teams: Sequence[str], phase: str = "validation") -> Mapping[str, str]:
    """Upgrade a board, add a task, a live phase and teams; return a token of each team and of an organiser ("")."""
    upgrade_board(board)
    with board.transaction() as session:
        acts = Organising(session=session, now=START)
        acts.add_task("cad2", task_root, title="Rebalancing classical music", split="valid")
        acts.add_phase(
            Phase(
                name=phase, title="Validation", task="cad2", task_title="", is_live=True, max_per_day=5, max_total=100
            )
        )
        for team in teams:
            acts.add_team(team, title=f"Team {team}")
        tokens = {team: acts.make_token(team).token for team in teams}
        return {**tokens, "": acts.make_token(None, label="the first").token}


def add_scored(
    board: Board, task: Task, team: str, *, level: float, seed: int, causality: str = "causal", flags: str = ""
) -> str:
    """Add a submission with made-up scores, through upload, check and scoring; return its identity."""
    now = START + dt.timedelta(hours=25 * seed)
    content = f"an archive of {team}, {seed}".encode()
    file = StoredFile(digest=hashlib.sha256(content).hexdigest(), n_bytes=len(content))
    sender = Submitting(board=board, actor=Actor(role="team", team=team))
    name = f"submission_{team}_{causality}{flags}.zip"
    started = sender.start(phase="validation", file_name=name, file=file, now=now)
    sender.append(started, 0, [content])
    identity = sender.finish(started.identity, now).identity
    verdict = Verdict(
        submission=name,
        n_expected=len(task.pairs),
        n_found=len(task.pairs),
        n_clipped_samples=0,
        n_clipped_files=0,
        problems=(),
        sha256={},
    )
    kept = board.files.add([json.dumps(verdict.as_json()).encode()], max_bytes=_MAX_BYTES)
    with board.transaction() as session:
        queue = JobQueue(session=session)
        claimed = queue.claim("test", now, ["check"])
        assert claimed is not None
        assert queue.keep_verdict(claimed, kept, now, accepted=True)
    with board.transaction() as session:
        queue = JobQueue(session=session)
        claimed = queue.claim("test", now, ["score"])
        assert claimed is not None
        assert queue.keep_result(claimed, result_of(board, task, level=level, seed=seed, now=now), now)
    return identity


def result_of(board: Board, task: Task, *, level: float, seed: int, now: dt.datetime) -> Result:
    """Keep made-up scores: what is hard for one system is hard for all."""
    draw = np.random.default_rng(seed)
    hardness = np.random.default_rng(99).normal(0, 0.05, len(task.pairs))
    scores = level + hardness + draw.normal(0, 0.02, len(task.pairs))
    columns = [f"{ear}_{name}" for ear in ("left", "right") for name in COMPONENTS]
    lines = [",".join(["scene,song,listener,left_haaqi,right_haaqi,avg_haaqi", *columns, "clipped_samples,peak"])]
    for pair, score in zip(task.pairs, scores.tolist(), strict=True):
        song = task.scenes[pair.scene].segment.name
        values = [score - 0.01, score + 0.01, score, *([score] * len(columns)), 0, 0.4]
        lines.append(",".join([pair.scene, song, pair.listener, *(f"{value:.6f}" for value in values)]))
    summary = {"version": "0", "semantics": "made up", "haaqi": "exact", "split": "valid", "separator": "made up"}
    return Result(
        mean=float(scores.mean()),
        n_pairs=len(task.pairs),
        table=board.files.add(["\n".join(lines).encode()], max_bytes=_MAX_BYTES),
        summary=board.files.add([json.dumps(summary).encode()], max_bytes=_MAX_BYTES),
        scored_at=now,
    )


def add_field(board: Board, task_root: Path, levels: Mapping[str, float]) -> None:
    """Add a scored submission for each team, by causality in turn and some with flags."""
    task = load_task(task_root, "valid")
    for place, (team, level) in enumerate(levels.items()):
        add_scored(board, task, team, level=level, seed=place, flags="_sup" if place == 3 else "")
        if place % 2 == 0:
            add_scored(board, task, team, level=level + 0.03, seed=place + 100, causality="noncausal")


@contextlib.contextmanager
def served(board: Board, limits: BoardOptions | None = None) -> Iterator[str]:
    """Serve a board on a free port of this machine for the time of the block; yield its address."""
    with bound_socket(ServerOptions(port=0)) as bound:
        app = create_board_app(board, limits, add_pages=add_pages)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)
