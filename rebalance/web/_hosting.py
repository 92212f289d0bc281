"""How a server is started on this machine, says where it is, and is closed in order."""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from rebalance._base.errors import ConfigError
from rebalance.web._guards import LOOPBACK_NAMES

_MAX_GOODBYE_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Where a server listens and how it is opened.

    Parameters
    ----------
    host
        Address to listen on.
    port
        None for the usual one, or any free one where that is taken.
    usual_port
        Tried first where no port is asked for.
    open_browser
        Whether the page is shown at once.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    usual_port: int = 7370
    open_browser: bool = True

    @property
    def is_local(self) -> bool:
        """Whether only this machine can ask."""
        return self.host in LOOPBACK_NAMES

    def new_token(self) -> str | None:
        """Return the secret that a client has to present, new for every start; None where only this machine can ask.

        Examples
        --------
        >>> from rebalance.web import ServerOptions
        >>> ServerOptions().new_token() is None, len(ServerOptions(host="192.0.2.1").new_token())
        (True, 24)
        """
        return None if self.is_local else secrets.token_urlsafe(18)


def bound_socket(options: ServerOptions) -> socket.socket:
    """Return a socket on the port asked for, on the usual one, or on any that is free.

    Parameters
    ----------
    options
        Host and port.

    Raises
    ------
    ConfigError
        If none can be listened on.

    Examples
    --------
    >>> from rebalance.web import ServerOptions, bound_socket
    >>> with bound_socket(ServerOptions(port=0)) as bound:
    ...     bound.getsockname()[0]
    '127.0.0.1'
    """
    ports = (options.usual_port, 0) if options.port is None else (options.port,)
    for port in ports:
        try:
            return socket.create_server((options.host.strip("[]"), port), family=_family(options.host))
        except OSError as error:
            reason = error.strerror or str(error)
        except OverflowError:
            reason = "ports go from 0 to 65535"
    raise ConfigError(f"cannot listen there: {reason}", where=f"{options.host}:{options.port}")


@contextlib.contextmanager
def closing_in_order() -> Iterator[None]:
    """Let a signal that ends the command end the block: the server hands on what it was told once it has stopped.

    Examples
    --------
    >>> import signal
    >>> from rebalance.web import closing_in_order
    >>> with closing_in_order():
    ...     signal.raise_signal(signal.SIGTERM)
    >>> print("closed")
    closed
    """
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


def run_server(
    app: ASGIApp,
    bound: socket.socket,
    options: ServerOptions,
    *,
    token: str | None = None,
    on_address: Callable[[str], None],
) -> None:
    """Answer until the command is interrupted.

    Parameters
    ----------
    app
        The ASGI application that answers.
    bound
        From `bound_socket`.
    options
        Of the same socket.
    token
        Becomes part of the address.
    on_address
        Told the address of the page, once it can be asked.

    Examples
    --------
    >>> import signal
    >>> from fastapi import FastAPI
    >>> from rebalance.web import ServerOptions, bound_socket, closing_in_order, run_server
    >>> def look_in(address):
    ...     print(address.startswith("http://127.0.0.1:"))
    ...     signal.raise_signal(signal.SIGINT)  # as Ctrl+C does
    >>> options = ServerOptions(port=0, open_browser=False)
    >>> with closing_in_order(), bound_socket(options) as bound:
    ...     run_server(FastAPI(), bound, options, on_address=look_in)
    True
    """
    address = f"http://{_shown_host(options.host)}:{bound.getsockname()[1]}/"
    if token is not None:
        address += f"?token={token}"
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=_MAX_GOODBYE_S, lifespan="off"
    )
    _Announcing(config, lambda: _announce(address, options, on_address)).run(sockets=[bound])


class _Closed(Exception):  # noqa: N818 - no error: the server is closed as asked
    """Somebody closed the server."""


class _Announcing(uvicorn.Server):
    """A server that says when it can be asked."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets=sockets)
        self._on_ready()


def _announce(address: str, options: ServerOptions, on_address: Callable[[str], None]) -> None:
    on_address(address)
    if options.open_browser:
        webbrowser.open(address)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _shown_host(host: str) -> str:
    """Return a host as a browser takes it; the address of every interface stands for this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - shown, not bound
        return socket.gethostname()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
