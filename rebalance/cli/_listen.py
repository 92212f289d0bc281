"""``rebalance listen``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance.cli._options import DeviceOption, SeparatorOption


def listen(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Music to begin with; without it the page asks.", show_default=False),
    ] = None,
    instruments: Annotated[
        str | None,
        typer.Option(
            metavar="violin,violin,viola,cello",
            help="Who plays in FILE, separated by commas; without it the page asks.",
            show_default=False,
        ),
    ] = None,
    separator: SeparatorOption = "default",
    device: DeviceOption = "auto",
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own makes the page ask for a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 7370, or a free one.", show_default=False)
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open the listening room: a page where you move the sliders and hear the music fitted for your ears.

    Nothing leaves this machine, and nothing is kept when the command ends (Ctrl+C).

    Example: rebalance listen quartet.flac --instruments violin,violin,viola,cello
    """
    from rebalance._base.errors import ConfigError
    from rebalance.cli._reporting import say
    from rebalance.web.listening_room import RoomOptions, serve_room

    if instruments is not None and file is None:
        raise ConfigError(where="--instruments", expected="FILE, too; without it the page asks who plays")
    options = RoomOptions(host=host, port=port, separator=separator, device=device, open_browser=browser)
    players = [name.strip() for name in (instruments or "").split(",") if name.strip()]
    serve_room(
        options,
        file=file,
        instruments=players,
        on_address=lambda address: say(f"The listening room is open at {address} (Ctrl+C closes it)"),
    )
