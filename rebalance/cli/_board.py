"""``rebalance board``: what organisers do, and the worker."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from rebalance.cli._completion import JOB_KINDS, SPLITS, among, offering
from rebalance.cli._options import ForceOption, SchedulerOption, expanding, telling_as_asked

if TYPE_CHECKING:
    from rebalance.web.leaderboard import Board, Organising

DATABASE_VARIABLE = "REBALANCE_DATABASE"

BoardDataOption: TypeAlias = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the board.")]
DatabaseOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar=DATABASE_VARIABLE,
        help="postgresql://USER@HOST/NAME; a file in DIR when left out.",
        show_default=False,
    ),
]
TitleOption: TypeAlias = Annotated[str, typer.Option(help="What is shown.", show_default=False)]
NameArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.", show_default=False)
]
MomentOption: TypeAlias = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d"], help="UTC.", show_default=False)
]
LimitPerTeam: TypeAlias = Annotated[int | None, typer.Option(min=1, metavar="N", show_default=False)]

DEFAULT_DATA = Path("board")

board = typer.Typer(name="board", help="Keep a leaderboard: its tasks, phases, teams and tokens.", no_args_is_help=True)
_task = typer.Typer(help="Tasks, whose references stay on the server.", no_args_is_help=True)
_phase = typer.Typer(help="Phases of tasks.", no_args_is_help=True)
_team = typer.Typer(help="Teams.", no_args_is_help=True)
_token = typer.Typer(help="Tokens of teams and organisers.", no_args_is_help=True)
for _group, _name in ((_task, "task"), (_phase, "phase"), (_team, "team"), (_token, "token")):
    board.add_typer(_group, name=_name)


def _added(group: typer.Typer, command: Callable[..., None], name: str) -> None:
    group.command(name)(telling_as_asked(expanding(command)))


@contextlib.contextmanager
def _acting(data: Path, database: str | None) -> Iterator[tuple[Board, Organising]]:
    """Give a board and what an organiser does to it, all or nothing."""
    from rebalance.web.leaderboard import Organising, opened_board

    with opened_board(data, database) as opened, opened.transaction() as session:
        yield opened, Organising(session=session, now=dt.datetime.now(dt.UTC))


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.replace(tzinfo=dt.UTC)


def init(data: BoardDataOption = DEFAULT_DATA, database: DatabaseOption = None) -> None:
    """Make a new board, and a token of an organiser, which is shown once.

    Example: rebalance board init --data board
    """
    from rebalance._base.errors import ConfigError
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import Organising, opened_board, upgrade_board

    with opened_board(data, database, check_revision=False) as opened:
        if not upgrade_board(opened).startswith("empty"):
            raise ConfigError(where=data, expected="no board yet, there is one")
        with opened.transaction() as session:
            made = Organising(session=session, now=dt.datetime.now(dt.UTC)).make_token(None, label="the first")
    say(f"a board in {data}; the token of its organiser, shown this once:")
    say(made.token)


def upgrade(data: BoardDataOption = DEFAULT_DATA, database: DatabaseOption = None) -> None:
    """Bring the database up to date with this version of the package; make a backup first.

    Example: rebalance board upgrade --data board
    """
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import opened_board, upgrade_board

    with opened_board(data, database, check_revision=False) as opened:
        say(f"revision {upgrade_board(opened)}")


def add_task(
    name: NameArgument,
    folder: Annotated[Path, typer.Argument(metavar="TASK", help="Folder in the challenge's format, with the sources.")],
    split: Annotated[
        str, typer.Option(metavar=among(SPLITS), autocompletion=offering(SPLITS), help="Which split is scored.")
    ],
    title: TitleOption = "",
    metric: Annotated[str, typer.Option(help="What ranks: haaqi, or one of a plug-in.")] = "haaqi",
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Add a task; its folder stays where it is, and no team sees its references.

    Example: rebalance board task add demo metadata/demo --split valid
    """
    from rebalance.cli._reporting import say

    with _acting(data, database) as (_, acts):
        added = acts.add_task(name, folder, title=title, split=split, metric=metric)
    say(f"task {added.name}: {added.folder}, {added.split}")


def add_phase(
    name: NameArgument,
    task: Annotated[str, typer.Option(metavar="NAME", help="Of which task.")],
    title: TitleOption = "",
    opens: MomentOption = None,
    closes: MomentOption = None,
    per_day: LimitPerTeam = None,
    in_all: LimitPerTeam = None,
    live: Annotated[bool, typer.Option("--live", help="Show the public the board as it is now.")] = False,
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Add a phase: when teams may submit, and how often.

    Example: rebalance board phase add final --task demo --closes 2026-12-01T12:00 --per-day 3
    """
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import Phase

    phase = Phase(
        name=name,
        title=title or name,
        task=task,
        task_title="",
        opens_at=_utc(opens),
        closes_at=_utc(closes),
        max_per_day=per_day,
        max_total=in_all,
        is_live=live,
    )
    with _acting(data, database) as (_, acts):
        acts.add_phase(phase)
    say(f"phase {name} of task {task}")


def add_team(
    name: Annotated[str, typer.Argument(metavar="TEAM", help="As in the name of its archives.", show_default=False)],
    title: TitleOption = "",
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Add a team.

    Example: rebalance board team add T002 --title "A team"
    """
    from rebalance.cli._reporting import say

    with _acting(data, database) as (_, acts):
        acts.add_team(name, title=title)
    say(f"team {name}")


def new_token(
    team: Annotated[
        str | None, typer.Argument(metavar="[TEAM]", help="Whose; an organiser's without it.", show_default=False)
    ] = None,
    organiser: Annotated[bool, typer.Option("--organiser", help="Make an organiser's token.")] = False,
    label: Annotated[str, typer.Option(help="What it is for.", show_default=False)] = "",
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Make a token and show it this once; only its hash is kept.

    Example: rebalance board token new T002
    """
    from rebalance._base.errors import ConfigError
    from rebalance.cli._reporting import note, say

    if (team is None) != organiser:
        raise ConfigError(where="token", expected="a TEAM, or --organiser")
    with _acting(data, database) as (_, acts):
        made = acts.make_token(team, label=label)
    note(f"token {made.kept.identity} of {team or 'an organiser'}, shown this once:")
    say(made.token)


def revoke_token(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `token list` says.", show_default=False)],
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Make a token worthless.

    Example: rebalance board token revoke 3
    """
    from rebalance.cli._reporting import say

    with _acting(data, database) as (_, acts):
        acts.revoke_token(number)
    say(f"token {number} is revoked")


def list_tokens(data: BoardDataOption = DEFAULT_DATA, database: DatabaseOption = None) -> None:
    """List tokens: number, whose, what for, and whether they are revoked; never the tokens themselves.

    Example: rebalance board token list
    """
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import BoardQueries, opened_board

    with opened_board(data, database) as opened, opened.reading() as session:
        for kept in BoardQueries(session=session).tokens():
            state = "" if kept.revoked_at is None else f", revoked {kept.revoked_at:%Y-%m-%d}"
            say(
                f"{kept.identity}: {kept.team or 'organiser'}, made {kept.made_at:%Y-%m-%d} {kept.label}{state}".strip()
            )


def freeze(
    phase: NameArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Let all submissions move the board again.")] = False,
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Let later submissions move the board of a phase no more.

    Example: rebalance board freeze final
    """
    from rebalance.cli._reporting import say

    with _acting(data, database) as (_, acts):
        (acts.unfreeze if undo else acts.freeze)(phase)
    say(f"the board of phase {phase} is {'free' if undo else 'frozen'}")


def publish(phase: NameArgument, data: BoardDataOption = DEFAULT_DATA, database: DatabaseOption = None) -> None:
    """Show the public the board of a phase as it is now.

    Example: rebalance board publish final
    """
    from rebalance.cli._reporting import say

    with _acting(data, database) as (opened, acts):
        published = acts.publish(phase, opened.files)
    say(f"the board of phase {phase} is published: {published.file.digest}")


def withdraw(
    submission: Annotated[str, typer.Argument(metavar="SUBMISSION", help="Its 32 digits.", show_default=False)],
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Take a submission off the board.

    Example: rebalance board withdraw 0123456789abcdef0123456789abcdef
    """
    from rebalance.cli._reporting import say

    with _acting(data, database) as (_, acts):
        acts.withdraw(submission)
    say(f"submission {submission} is withdrawn")


def score_again(
    submission: Annotated[str, typer.Argument(metavar="SUBMISSION", help="Its 32 digits.", show_default=False)],
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Put a failed submission back into the queue.

    Example: rebalance board score-again 0123456789abcdef0123456789abcdef
    """
    from rebalance.cli._reporting import say

    with _acting(data, database) as (_, acts):
        acts.score_again(submission)
    say(f"submission {submission} waits again")


def backup(
    out: Annotated[Path, typer.Argument(metavar="FILE.tar", help="What is written.", show_default=False)],
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
    force: ForceOption = False,
) -> None:
    """Write the whole board into one file, while it goes on.

    Example: rebalance board backup board.tar
    """
    from rebalance._base.errors import ConfigError
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import back_up_board, opened_board

    if out.exists() and not force:
        raise ConfigError(where=out, expected="a new file, or --force")
    with opened_board(data, database) as opened:
        say(f"{back_up_board(opened, out)} files and all rows in {out}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE.tar", help="From `board backup`.", show_default=False)],
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Put a backup into an empty board, on this or another machine or kind of database.

    Example: rebalance board restore board.tar --data new-board
    """
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import opened_board, restore_board

    with opened_board(data, database, check_revision=False) as opened:
        say(f"{restore_board(opened, file)} files and all rows in {data}")


def prune(
    older_than: Annotated[int, typer.Option(min=1, metavar="DAYS", help="What is younger stays.")] = 30,
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Remove unfinished uploads and the archives of withdrawn, refused and failed submissions.

    Example: rebalance board prune --older-than 30
    """
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import opened_board, prune_board

    with opened_board(data, database) as opened:
        pruned = prune_board(opened, before=dt.datetime.now(dt.UTC) - dt.timedelta(days=older_than))
    say(f"{pruned.n_files} files, {pruned.n_bytes / 1e6:.1f} MB removed")


def worker(
    kind: Annotated[
        str | None,
        typer.Option(
            metavar=among(JOB_KINDS), autocompletion=offering(JOB_KINDS), help="Only such jobs.", show_default=False
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes of one scoring.")] = 1,
    scheduler: SchedulerOption = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when no job waits.")] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
    lease_s: Annotated[float, typer.Option(min=1, hidden=True)] = 60,
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
) -> None:
    """Check and score submissions until interrupted; as many workers as you like, on this or other machines.

    Example: rebalance board worker --data board
    """
    import logging

    from rebalance._base.errors import ConfigError
    from rebalance._base.verbosity import Verbosity, telling
    from rebalance.web.leaderboard import WorkerOptions, work_for_board

    if kind not in (None, "check", "score"):
        raise ConfigError(where="--kind", expected="check or score", got=repr(kind))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    options = WorkerOptions(
        kinds=("check", "score") if kind is None else ("check",) if kind == "check" else ("score",),
        jobs=jobs,
        scheduler=scheduler,
        lease=dt.timedelta(seconds=lease_s),
    )
    with telling(Verbosity.QUIET):
        work_for_board(data, database=database, options=options, until_idle=until_idle, with_parent=with_parent)
    leave_at_once()


def demo(data: BoardDataOption = Path("demo-board"), database: DatabaseOption = None) -> None:
    """Make a board of the embedded task with three scored systems, and a fourth team that has yet to submit.

    Its archive and its token lie in DIR/fourth: 'rebalance serve' opens the board, 'rebalance submit' sends it.

    Example: rebalance board demo --data demo-board
    """
    from rebalance.cli._demo_board import fill_demo_board

    init(data, database)
    fill_demo_board(data, database)


def leave_at_once() -> None:
    """End the process without waiting for the scene that a thread still scores: it is scored again."""
    import os
    import sys
    import threading

    if any(thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


for _group, _command, _name in (
    (board, init, "init"),
    (board, demo, "demo"),
    (board, upgrade, "upgrade"),
    (board, freeze, "freeze"),
    (board, publish, "publish"),
    (board, withdraw, "withdraw"),
    (board, score_again, "score-again"),
    (board, backup, "backup"),
    (board, restore, "restore"),
    (board, prune, "prune"),
    (board, worker, "worker"),
    (_task, add_task, "add"),
    (_phase, add_phase, "add"),
    (_team, add_team, "add"),
    (_token, new_token, "new"),
    (_token, revoke_token, "revoke"),
    (_token, list_tokens, "list"),
):
    _added(_group, _command, _name)
