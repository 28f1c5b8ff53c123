"""The cookie of a session: sent to this server alone, on requests that its own pages begin."""

from typing import Final

from fastapi import Request
from fastapi.responses import Response

#: The prefix binds the cookie to this host, to every path and to a connection that is secure
NAME: Final = "__Host-interlock"


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
