"""Signing in and out."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from interlock.runtime.errors import BadInput, NotAuthenticated, TooManyGuesses
from interlock.serving.queue import cookie
from interlock.serving.queue.frame import bare, page
from interlock.serving.queue.visitor import Visiting

if TYPE_CHECKING:
    from interlock.serving.queue.doorkeeper import Doorkeeper

router = APIRouter()


class SignIn(BaseModel):
    """What the form is sent with: a name and a password, or the code of a link."""

    name: str = ""
    password: str = ""
    code: str = ""
    to: str = "/"


class Renewed(BaseModel):
    """What the form of a new password is sent with."""

    current: str = ""
    new: str = ""


@router.get("/sign-in")
async def sign_in_page(request: Request, to: str = "/", code: str = "") -> Response:
    """Show the form; with the code of a link only a button, so that no preview uses the code up."""
    return bare(
        "sign_in.html",
        to=ours(to),
        code=code,
        failed=False,
        wait_s=0,
        name="",
        issuer=_issuer(request),
    )


@router.post("/sign-in")
async def sign_in(request: Request, form: Annotated[SignIn, Form()]) -> Response:
    """Begin a session; what was wrong is not told."""
    doorkeeper: Doorkeeper = request.app.state.doorkeeper
    try:
        if form.code:
            session, _ = await doorkeeper.sign_in_by_link(form.code)
        else:
            session, _ = await doorkeeper.sign_in(form.name, form.password)
    except TooManyGuesses as error:
        answer = _again(request, form, status=429, wait_s=error.wait_s)
        answer.headers["Retry-After"] = str(error.wait_s)
        return answer
    except NotAuthenticated:
        return _again(request, form, status=401, wait_s=0)
    answer = RedirectResponse(ours(form.to), status_code=303)
    cookie.give(answer, session)
    return answer


def _again(request: Request, form: SignIn, *, status: int, wait_s: int) -> Response:
    """Return the form once more; what was wrong is not told."""
    return bare(
        "sign_in.html",
        status=status,
        to=ours(form.to),
        code="",
        failed=True,
        wait_s=wait_s,
        name=form.name,
        issuer=_issuer(request),
    )


def _issuer(request: Request) -> str:
    """Return the issuer at which people may sign in as well, or an empty string."""
    doorkeeper: Doorkeeper = request.app.state.doorkeeper
    issuer = doorkeeper.issuer
    return issuer.url if issuer is not None and issuer.takes_people else ""


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session at once, and then lead on to where the issuer ends its own.

    The page leads on by itself: a form of ours may not end at another site.
    """
    doorkeeper: Doorkeeper = request.app.state.doorkeeper
    secret = cookie.session_cookie(request)
    elsewhere = await doorkeeper.sign_out(secret)
    answer: Response = RedirectResponse("/sign-in", status_code=303)
    if elsewhere:
        answer = bare("signed_out.html", to=elsewhere)
    cookie.take(answer)
    return answer


def ours(to: str) -> str:
    """Return *to* if it is a path of this server, else the home page."""
    is_path = to.startswith("/") and not to.startswith(("//", "/\\"))
    return to if is_path and to.isprintable() else "/"


@router.get("/password")
async def password_page(visitor: Visiting) -> Response:
    """Show the form; whoever signed in by a link leaves the current password empty."""
    return page(visitor, "password.html", here="", words="")


@router.post("/password")
async def set_password(visitor: Visiting, form: Annotated[Renewed, Form()]) -> Response:
    """Set the visitor's own password: every session ends, and a new one begins here."""
    try:
        session, _ = await visitor.doorkeeper.set_password(
            visitor.cookie, form.new, current=form.current
        )
    except (BadInput, NotAuthenticated) as error:
        return page(
            visitor,
            "password.html",
            here="",
            status=400,
            words=str(error),
        )
    answer = RedirectResponse("/", status_code=303)
    cookie.give(answer, session)
    return answer
