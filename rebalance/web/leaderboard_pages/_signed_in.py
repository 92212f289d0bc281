"""Who is signed in on the pages: a cookie that holds the token, and a hidden field against forged forms."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from rebalance._base.errors import RebalanceError
from rebalance.web.leaderboard import COOKIE, FIELD, Actor, Askers, NotAllowedError, address_of

NOT_STORED = {"Cache-Control": "no-store"}

_MAX_AGE_S = 14 * 24 * 3600
_MAX_FORM_BYTES = 64_000
_MAX_FIELDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whoever asks for a page: who they are, and the hidden field of the forms they are shown."""

    actor: Actor
    form_token: str


class SignInNeededError(RebalanceError):
    """A page is for those who have signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Lets visitors in by their cookie.

    Parameters
    ----------
    askers
        Tells whose token it is, and slows down who guesses.
    """

    askers: Askers

    def visitor(self, request: Request) -> Visitor:
        """Return who is signed in.

        Raises
        ------
        SignInNeededError
            If nobody is.
        """
        token = request.cookies.get(COOKIE, "")
        if not token:
            raise SignInNeededError("please sign in first")
        try:
            actor = self.actor(token, request)
        except HTTPException as error:
            raise SignInNeededError(str(error.detail)) from error
        return Visitor(actor=actor, form_token=self.askers.forms.token_for(token))

    def team(self, request: Request) -> Visitor:
        """Return the team that is signed in."""
        return self._of_role(request, "team", "this page is for teams")

    def organiser(self, request: Request) -> Visitor:
        """Return the organiser who is signed in."""
        return self._of_role(request, "organiser", "this page is for organisers")

    def actor(self, token: str, request: Request) -> Actor:
        """Return whose token it is.

        Raises
        ------
        HTTPException
            If it is nobody's, or the address guesses too often.
        """
        return self.askers.actor_of(token, address_of(request))

    async def form(self, request: Request) -> None:
        """Read a form that a page of this server sent; `fields_of` returns it.

        Raises
        ------
        HTTPException
            If it is too long or no form.
        NotAllowedError
            If the hidden field is not that of the visitor.
        """
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MAX_FORM_BYTES:
                raise HTTPException(413, "the form is too long")
        try:
            fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
        except ValueError as error:
            raise HTTPException(400, "this is no form") from error
        if not self.askers.forms.accepts(request.cookies.get(COOKIE, ""), fields.get(FIELD, "")):
            raise NotAllowedError("the page was too old; please go back, load it again and repeat")
        request.state.fields = fields

    def _of_role(self, request: Request, role: str, refusal: str) -> Visitor:
        visitor = self.visitor(request)
        if visitor.actor.role != role:
            raise NotAllowedError(refusal)
        return visitor


def fields_of(request: Request) -> Mapping[str, str]:
    """Return the fields of the form that `Door.form` read."""
    fields: Mapping[str, str] = request.state.fields
    return fields


class PageRoute(APIRoute):
    """A route that sends whoever has to sign in to the page for that."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the missing sign-in caught."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInNeededError:
                return RedirectResponse("/enter", status_code=303)

        return answer


def sign_in(token: str, *, is_secure: bool, to: str) -> Response:
    """Return the answer that signs somebody in."""
    answer = RedirectResponse(to, status_code=303)
    answer.set_cookie(COOKIE, token, max_age=_MAX_AGE_S, httponly=True, samesite="strict", secure=is_secure)
    return answer


def sign_out() -> Response:
    """Return the answer that signs somebody out."""
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
