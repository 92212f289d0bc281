"""``rebalance serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from rebalance.cli._board import DEFAULT_DATA, BoardDataOption, DatabaseOption
from rebalance.cli._options import SchedulerOption


def serve(
    data: BoardDataOption = DEFAULT_DATA,
    database: DatabaseOption = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that score; 0 where workers run elsewhere.")] = 1,
    scheduler: SchedulerOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; put a proxy with https before any other.")] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 7372, or a free one.", show_default=False)
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = False,
) -> None:
    """Serve a leaderboard: teams upload submissions, which are checked, scored and ranked.

    Everything stays when the command ends (Ctrl+C); the same command goes on. 'rebalance board init' makes a board.

    Example: rebalance serve --data board --workers 2
    """
    import logging

    from rebalance.cli._reporting import say
    from rebalance.web import ServerOptions
    from rebalance.web.leaderboard import serve_board
    from rebalance.web.leaderboard_pages import add_pages

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    serve_board(
        data,
        ServerOptions(host=host, port=port, usual_port=7372, open_browser=browser),
        database=database,
        workers=workers,
        scheduler=scheduler,
        add_pages=add_pages,
        on_address=lambda address: say(f"The leaderboard is open at {address} (Ctrl+C closes it)"),
    )
