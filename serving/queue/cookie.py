"""The cookie of a session: sent to this server alone, on requests that its own pages begin."""

from typing import Final

from fastapi import Request
from fastapi.responses import Response

from interlock.serving.openid import GOOD_FOR_S

#: The prefix binds the cookie to this host, to every path and to a connection that is secure
NAME: Final = "__Host-interlock"
#: What waits for somebody who signs in at an issuer
FLOW: Final = "__Host-interlock-flow"


def session_cookie(request: Request) -> str:
    """Return the value of the session's cookie, or an empty string where there is none."""
    return request.cookies.get(NAME, "")


def give(response: Response, cookie: str) -> None:
    """Let the browser keep the session until it is closed; scripts never see the cookie."""
    response.set_cookie(
        NAME,
        cookie,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )


def take(response: Response) -> None:
    """Let the browser forget the session."""
    response.delete_cookie(
        NAME,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )


def flow_cookie(request: Request) -> str:
    """Return what waits for whoever comes back from the issuer, or an empty string."""
    return request.cookies.get(FLOW, "")


def give_flow(response: Response, waiting: str) -> None:
    """Let the browser keep what waits; it comes back on a link from the issuer's site (lax)."""
    response.set_cookie(
        FLOW,
        waiting,
        max_age=GOOD_FOR_S,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def take_flow(response: Response) -> None:
    """Let the browser forget what waited: it serves once."""
    response.delete_cookie(
        FLOW,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
