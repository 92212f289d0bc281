"""Who may ask a server for anything: this machine's browser, whoever was given the token, or anyone it is open to."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})

_COOKIE = "rebalance-token"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " worker-src 'self'; font-src 'self'; media-src 'self'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ASKING = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>{name}</title><h1>{name}</h1><form method=get action=/>"
    "<p>{message}</p><p><label>Token <input name=token autocomplete=off required></label>"
    "<button>Enter</button></p></form></html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Lets a request through to an application, or answers it; every answer carries the security headers.

    Parameters
    ----------
    app
        The guarded ASGI application.
    token
        Secret that a client has to present; None where none is asked for.
    name
        What is said to be closed, as in "the listening room".
    hosts
        Host names it may be asked under where no token is asked for, without their ports; None for any.
    """

    app: ASGIApp
    token: str | None
    name: str
    hosts: frozenset[str] | None = LOOPBACK_NAMES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ASGI request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        answer = self._refusal(Request(scope))
        await (answer or self.app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        """Return the answer to a request that may not pass."""
        host = request.headers.get("host", "")
        if self.token is None and self.hosts is not None and _host_name(host) not in self.hosts:
            return PlainTextResponse(f"{self.name} is open to {self._open_to()} only", status_code=421)
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return PlainTextResponse("requests of other pages are refused", status_code=403)
        return self._token_refusal(request)

    def _token_refusal(self, request: Request) -> Response | None:
        if self.token is None or self._knows(request.cookies.get(_COOKIE)):
            return None
        given = request.query_params.get("token")
        if request.url.path != "/":
            return PlainTextResponse("a token is needed: open the address the command printed", status_code=401)
        if not self._knows(given):
            message = "Please enter the token that the command printed." if given is None else "This is not the token."
            shown = escape(self.name.removeprefix("the ").capitalize())
            return HTMLResponse(_ASKING.format(name=shown, message=escape(message)), status_code=401)
        entered = RedirectResponse("/", status_code=303)
        entered.set_cookie(_COOKIE, self.token, httponly=True, samesite="strict")
        return entered

    def _open_to(self) -> str:
        hosts = self.hosts or LOOPBACK_NAMES
        return "this machine" if hosts <= LOOPBACK_NAMES else ", ".join(sorted(hosts - LOOPBACK_NAMES))

    def _knows(self, given: str | None) -> bool:
        return self.token is not None and given is not None and hmac.compare_digest(given.encode(), self.token.encode())


def _host_name(host: str) -> str:
    """Return a host without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
