"""Signing in at the issuer: the way there and the way back."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from interlock.runtime.errors import NotAuthenticated, NotFound
from interlock.serving.queue import cookie
from interlock.serving.queue.frame import bare
from interlock.serving.queue.routes.sign_in import ours

if TYPE_CHECKING:
    from interlock.serving.identity.by_issuer import ByIssuer
    from interlock.serving.queue.doorkeeper import Doorkeeper

router = APIRouter()


class Brought(BaseModel):
    """What the browser brings back from the issuer."""

    code: str = ""
    state: str = ""
    iss: str | None = None
    error: str = ""


@router.get("/sign-in/issuer")
async def go(request: Request, to: str = "/", *, again: bool = False) -> Response:
    """Send the browser to the issuer; *again* is for somebody who is signed in that way already."""
    doorkeeper: Doorkeeper = request.app.state.doorkeeper
    caller = None
    if again:
        caller = await doorkeeper.of_session(cookie.session_cookie(request))
    url, waiting = await _issuer(request).begin(ours(to), again=caller)
    answer = RedirectResponse(url, status_code=303)
    cookie.give_flow(answer, waiting)
    return answer


@router.get("/sign-in/issuer/back")
async def back(request: Request, brought: Annotated[Brought, Query()]) -> Response:
    """Begin the session of whoever comes back; what was wrong is not told.

    The page leads on by itself: a redirect would come from the issuer's site still, on which the
    browser does not send the session's cookie.
    """
    from interlock.serving.identity.flow import Answer  # noqa: PLC0415 - slow to import, and only for who has an issuer

    issuer = _issuer(request)
    said = Answer(
        code=brought.code,
        state=brought.state,
        iss=brought.iss,
        error=brought.error,
    )
    try:
        entered = await issuer.enter(cookie.flow_cookie(request), said)
    except NotAuthenticated:
        answer = bare(
            "sign_in.html",
            status=401,
            to="/",
            code="",
            failed=True,
            wait_s=0,
            name="",
            issuer=issuer.url,
        )
        cookie.take_flow(answer)
        return answer
    answer = bare("signed_in.html", to=entered.to)
    cookie.take_flow(answer)
    cookie.give(answer, entered.cookie)
    return answer


def _issuer(request: Request) -> "ByIssuer":
    """Return the issuer where people sign in; raises `NotFound` where there is none."""
    doorkeeper: Doorkeeper = request.app.state.doorkeeper
    issuer = doorkeeper.issuer
    if issuer is None or not issuer.takes_people:
        raise NotFound(
            kind="issuer",
            name="at which people sign in",
            next_step="Sign in with a name and a password.",
        )
    return issuer
