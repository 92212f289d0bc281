"""What ``rebalance board demo`` puts on a new board."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from rebalance._base.challenge import Split

if TYPE_CHECKING:
    from rebalance.web.leaderboard import Board

_SPLIT: Split = "valid"
_PHASE = "demo"
_SYSTEMS = {"T001": "mixture", "T002": "fast", "T003": "default"}
_FOURTH_TEAM, _FOURTH_SYSTEM = "T004", "oracle"


def fill_demo_board(data: Path, database: str | None) -> None:
    """Score three systems on a new board, and leave a fourth to be sent."""
    from rebalance._base.files import write_text
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import opened_board, work_for_board

    with opened_board(data, database) as board:
        token = _fill(board)
        for team, separator in _SYSTEMS.items():
            _send(board, team, _packed(separator, team, data / "systems"))
    say("scoring three systems", style="bold")
    work_for_board(data, database=database, until_idle=True)
    archive = _packed(_FOURTH_SYSTEM, _FOURTH_TEAM, data / "fourth")
    token_file = data / "fourth" / "token"
    write_text(token_file, f"{token}\n")
    token_file.chmod(0o600)
    say(f"Now 'rebalance serve --data {data}', and in another terminal", style="bold")
    say(f"rebalance submit {archive} --to http://127.0.0.1:7372 --token-file {token_file}")


def _fill(board: Board) -> str:
    """Add task, phase and teams, and return the token of the fourth team."""
    from rebalance.assets import demo_folder
    from rebalance.web.leaderboard import Organising, Phase

    with board.transaction() as session:
        acts = Organising(session=session, now=dt.datetime.now(dt.UTC))
        acts.add_task(_PHASE, demo_folder(), title="The embedded task", split=_SPLIT)
        acts.add_phase(Phase(name=_PHASE, title="Demonstration", task=_PHASE, task_title="", is_live=True))
        for team in (*_SYSTEMS, _FOURTH_TEAM):
            acts.add_team(team)
        return acts.make_token(_FOURTH_TEAM, label="demonstration").token


def _packed(separator: str, team: str, folder: Path) -> Path:
    """Enhance the embedded task with a separator and pack the run."""
    from rebalance.assets import demo_folder
    from rebalance.cli._pack import pack
    from rebalance.pipeline import EnhanceOptions, enhance_task
    from rebalance.task import load_task

    run = folder / f"{separator}-run"
    enhance_task(load_task(demo_folder(), _SPLIT), run, EnhanceOptions(separator=separator))
    pack(run, team=team, causality="noncausal", out=folder)
    return next(folder.glob(f"submission_{team}_*.zip"))


def _send(board: Board, team: str, archive: Path) -> None:
    """Submit an archive without a server."""
    from rebalance.web.leaderboard import Actor, Submitting, describe_file

    now = dt.datetime.now(dt.UTC)
    submitting = Submitting(board=board, actor=Actor(role="team", team=team))
    started = submitting.start(phase=_PHASE, file_name=archive.name, file=describe_file(archive), now=now)
    with archive.open("rb") as opened:
        submitting.append(started, started.offset, iter(lambda: opened.read(1 << 20), b""))
    submitting.finish(started.identity, now)
