"""Opening the room on this machine."""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import uvicorn

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.listening._guards import LOOPBACK_NAMES
from rebalance.listening._library import Library
from rebalance.listening._server import create_app

USUAL_PORT = 7370

_MAX_GOODBYE_S = 2


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
        Where and how.
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
    >>> from rebalance.listening import RoomOptions, serve_room
    >>> def look_in(address):
    ...     print(address.startswith("http://127.0.0.1:"))
    ...     signal.raise_signal(signal.SIGINT)  # as Ctrl+C does
    >>> serve_room(RoomOptions(port=0, open_browser=False), on_address=look_in)
    True
    """
    file = None if file is None else expanded(file)
    token = None if options.host in LOOPBACK_NAMES else secrets.token_urlsafe(18)
    with _closing_in_order(), _listening(options) as bound, Library(device=options.device) as library:
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
        address = f"http://{_shown_host(options.host)}:{bound.getsockname()[1]}/"
        if token is not None:
            address += f"?token={token}"
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=_MAX_GOODBYE_S, lifespan="off"
        )
        server = _Announcing(config, lambda: _announce(address, options, on_address))
        server.run(sockets=[bound])


@contextlib.contextmanager
def _closing_in_order() -> Iterator[None]:
    """Let a signal that ends the command end the block: the server hands on what it was told once it has stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(*_: object) -> None:
        raise _Closed

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.suppress(_Closed):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Closed(Exception):  # noqa: N818 - no error: the room is closed as asked
    """Somebody closed the room."""


class _Announcing(uvicorn.Server):
    """A server that says when it can be asked."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets=sockets)
        self._on_ready()


def _announce(address: str, options: RoomOptions, on_address: Callable[[str], None]) -> None:
    on_address(address)
    if options.open_browser:
        webbrowser.open(address)


def _listening(options: RoomOptions) -> socket.socket:
    """Return a socket on the port asked for, on the usual one, or on any that is free."""
    ports = (USUAL_PORT, 0) if options.port is None else (options.port,)
    for port in ports:
        try:
            return socket.create_server((options.host.strip("[]"), port), family=_family(options.host))
        except OSError as error:
            reason = error.strerror or str(error)
        except OverflowError:
            reason = "ports go from 0 to 65535"
    raise ConfigError(f"cannot listen there: {reason}", where=f"{options.host}:{options.port}")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _shown_host(host: str) -> str:
    """Return a host as a browser takes it; the address of every interface stands for this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - shown, not bound
        return socket.gethostname()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
