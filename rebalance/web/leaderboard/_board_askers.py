"""Who asks: by the token of a header, or by the cookie of a page together with its hidden field."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from fastapi import HTTPException, Request

from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_queries import BoardQueries
from rebalance.web.leaderboard._board_values import Actor
from rebalance.web.leaderboard._form_tokens import COOKIE, FormTokens
from rebalance.web.leaderboard._rate_limits import RateLimit

LOG = logging.getLogger("rebalance.board")

FORM_HEADER = "X-Form-Token"
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_MAX_TOKEN_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Askers:
    """Tells who asks, and slows down who guesses.

    Parameters
    ----------
    board
        The board whose tokens are accepted.
    forms
        Hidden fields of pages.
    guesses
        How often an address may show a token that is none.
    """

    board: Board
    forms: FormTokens
    guesses: RateLimit

    def actor(self, request: Request) -> Actor:
        """Return who asks.

        Raises
        ------
        HTTPException
            401 without a valid token, 403 where a page's hidden field is missing, 429 after too many guesses.
        """
        token = self._bearer(request) or self._cookie(request)
        if not token:
            raise HTTPException(401, "a token is needed", headers={"WWW-Authenticate": "Bearer"})
        return self.actor_of(token, address_of(request))

    def organiser(self, request: Request) -> Actor:
        """Return the organiser who asks.

        Raises
        ------
        HTTPException
            403 where it is a team; see `actor` for the rest.
        """
        actor = self.actor(request)
        if actor.role != "organiser":
            raise HTTPException(403, "this is for organisers")
        return actor

    def actor_of(self, token: str, address: str) -> Actor:
        """Return whose token it is; see `actor`.

        Parameters
        ----------
        token
            As it was sent.
        address
            Of the client, whose wrong tokens are counted.
        """
        if self.guesses.is_spent(address):
            raise HTTPException(429, "too many wrong tokens; wait a minute", headers={"Retry-After": "60"})
        found = None
        if len(token) <= _MAX_TOKEN_LENGTH:
            with self.board.reading() as session:
                found = BoardQueries(session=session).actor(token)
        if found is None:
            self.guesses.allows(address)
            LOG.warning("a wrong token from %s", address)
            raise HTTPException(401, "this token is not valid", headers={"WWW-Authenticate": "Bearer"})
        return found

    def _bearer(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def _cookie(self, request: Request) -> str:
        """Return the token of a signed-in page; what changes something needs the hidden field of the page, too."""
        cookie = request.cookies.get(COOKIE, "")
        given = request.headers.get(FORM_HEADER, "")
        if cookie and request.method not in _SAFE_METHODS and not self.forms.accepts(cookie, given):
            raise HTTPException(403, "the page is out of date; open it again")
        return cookie


def address_of(request: Request) -> str:
    """Return the address a request comes from.

    Examples
    --------
    >>> from starlette.requests import Request
    >>> from rebalance.web.leaderboard import address_of
    >>> address_of(Request({"type": "http", "client": ("192.0.2.1", 50000)}))
    '192.0.2.1'
    """
    return request.client.host if request.client is not None else "unknown"
