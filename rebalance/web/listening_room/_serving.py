"""Opening the room on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rebalance._base.files import StrPath, expanded
from rebalance.web import ServerOptions, bound_socket, closing_in_order, run_server
from rebalance.web.listening_room._library import Library
from rebalance.web.listening_room._server import create_app

USUAL_PORT = 7370


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOptions:
    """Where the room is and how it is opened.

    Parameters
    ----------
    host
        Address to listen on; any but the loopback address makes the room ask for a token.
    port
        None for the usual one, or any free one where that is taken.
    separator
        What separates the file the room is opened with.
    device
        Where networks run.
    open_browser
        Whether the page is shown at once.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    separator: str = "default"
    device: str = "auto"
    open_browser: bool = True

    @property
    def server(self) -> ServerOptions:
        """Where the server listens."""
        return ServerOptions(host=self.host, port=self.port, usual_port=USUAL_PORT, open_browser=self.open_browser)


def serve_room(
    options: RoomOptions,
    *,
    file: StrPath | None = None,
    instruments: Sequence[str] = (),
    on_address: Callable[[str], None],
) -> None:
    """Keep the room open until the command is interrupted; then nothing of it is left.

    Parameters
    ----------
    options
        Host, port, separator and device.
    file
        Music to begin with.
    instruments
        Who plays in it; with both, separation begins at once.
    on_address
        Told the address of the page.

    Raises
    ------
    AudioError
        If the file cannot be used.
    ConfigError
        If an instrument is unknown or the port is taken.

    Examples
    --------
    >>> import signal
    >>> from rebalance.web.listening_room import RoomOptions, serve_room
    >>> def look_in(address):
    ...     print(address.startswith("http://127.0.0.1:"))
    ...     signal.raise_signal(signal.SIGINT)  # as Ctrl+C does
    >>> serve_room(RoomOptions(port=0, open_browser=False), on_address=look_in)
    True
    """
    file = None if file is None else expanded(file)
    server = options.server
    token = server.new_token()
    with closing_in_order(), bound_socket(server) as bound, Library(device=options.device) as library:
        opened = library.add_recording(file, file.name, instruments=instruments) if file else None
        separation = (
            library.separate(opened.identity, instruments, options.separator) if opened and instruments else None
        )
        app = create_app(
            library,
            token=token,
            opened=opened.identity if opened else None,
            separation=separation.identity if separation else None,
        )
        run_server(app, bound, server, token=token, on_address=on_address)
