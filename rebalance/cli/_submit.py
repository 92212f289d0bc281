"""``rebalance submit``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli._check_submission import print_verdict

if TYPE_CHECKING:
    from rebalance.web.leaderboard import BoardClient, SubmissionProgress

_ASK_EVERY_S = 1.0
_REFUSED = 1


def submit(
    archive: Annotated[
        list[Path],
        typer.Argument(metavar="ZIP...", help="From 'rebalance pack': one archive, or its parts.", show_default=False),
    ],
    to: Annotated[str, typer.Option(metavar="URL", help="Address of the leaderboard.", show_default=False)],
    phase: Annotated[
        str | None, typer.Option(metavar="NAME", help="May be left out where there is one.", show_default=False)
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File that holds the team's token.", show_default=False)
    ] = None,
    token_env: Annotated[str, typer.Option(metavar="NAME", help="Variable that holds it.")] = "REBALANCE_TOKEN",  # noqa: S107 - a name
    wait: Annotated[bool, typer.Option(help="Follow the scoring to its end.")] = True,
    insecure: Annotated[bool, typer.Option("--insecure", help="Send the token without encryption.")] = False,
) -> None:
    """Send a submission to a leaderboard, and follow it until it has its score and rank.

    Of an archive in parts one will do if the others lie beside it. An upload that was interrupted goes on where it was:
    give the same command again. Exit status 1: refused or failed.

    Example: rebalance submit submission_T002_causal.zip --to https://board.example.org --token-file token
    """
    from rebalance.cli._reporting import say
    from rebalance.web.leaderboard import BoardClient

    client = BoardClient(address=to.rstrip("/"), token=_token(token_file, token_env), insecure=insecure)
    identity = _send(client, archive, phase or _only_phase(client))
    say(f"received as submission {identity}")
    if not wait:
        return
    _show_verdict(client, identity)
    _tell(_followed(client, identity))


def _token(file: Path | None, variable: str) -> str:
    import os

    from rebalance._base.errors import ConfigError
    from rebalance.web.leaderboard import read_token

    token = os.environ.get(variable, "") if file is None else read_token(file)
    if not token:
        raise ConfigError(where="token", expected=f"--token-file, or one in {variable}")
    return token


def _only_phase(client: BoardClient) -> str:
    from rebalance._base.errors import ConfigError

    phases = client.open_phases()
    if len(phases) != 1:
        raise ConfigError(where="--phase", expected="one of " + (", ".join(phases) or "none: the board has no phase"))
    return phases[0]


def _send(client: BoardClient, archive: list[Path], phase: str) -> str:
    from rebalance._base.progress import share_bar
    from rebalance.submission import whole_archive

    with share_bar(f"send {whole_archive(archive).name}") as reach:
        return client.send(archive, phase, on_bytes=lambda done, total: reach(done / total))


def _show_verdict(client: BoardClient, identity: str) -> None:
    """Print the verdict once the check has ended; a check that failed or was called off leaves none."""
    from rebalance.submission import verdict_from_json

    while (found := client.progress(identity)).state == "checking":
        time.sleep(_ASK_EVERY_S)
    if found.has_verdict:
        print_verdict(verdict_from_json(client.verdict(identity)), n_shown=None)


def _followed(client: BoardClient, identity: str) -> SubmissionProgress:
    """Show how far the scoring is until it has ended."""
    from rebalance._base.progress import progress_bar

    with progress_bar("score (scenes)", 1) as bar:
        while not (found := client.progress(identity)).has_ended:
            bar.progress.update(bar.task, total=max(found.n_all, 1), completed=found.n_done)
            time.sleep(_ASK_EVERY_S)
        bar.progress.update(bar.task, total=max(found.n_all, 1), completed=found.n_done)
    return found


def _tell(found: SubmissionProgress) -> None:
    """Print what became of a submission."""
    from rebalance.cli._reporting import say

    if found.mean_haaqi is not None and found.state == "scored":
        rank = "" if found.rank is None else f", rank {found.rank}"
        say(f"mean HAAQI {found.mean_haaqi:.4f}{rank}", style="bold")
        return
    say(f"{found.state}{': ' if found.reason else ''}{found.reason}", style="red")
    raise typer.Exit(_REFUSED)
