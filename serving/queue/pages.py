"""The pages, assembled: one application of their own, which takes the session's cookie alone."""

from typing import Final

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from interlock.runtime.errors import (
    BadInput,
    GuardFailed,
    InterlockError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
)
from interlock.runtime.record.proofs import Proofs
from interlock.serving.home import Home
from interlock.serving.intray import routes as intray
from interlock.serving.queue import cookie
from interlock.serving.queue.doorkeeper import Doorkeeper
from interlock.serving.queue.frame import STATIC, bare, page
from interlock.serving.queue.guard import Guarded, NotOurForm, our_form
from interlock.serving.queue.live import Live
from interlock.serving.queue.routes import (
    approvals,
    books,
    handling,
    issuer,
    live,
    quality,
    releases,
    runs,
    sign_in,
)
from interlock.serving.queue.routes import home as home_routes
from interlock.serving.queue.visitor import visitor
from interlock.serving.reader.routes import contract, leaf

#: By kind of error the status of its page; the first that fits
_STATUSES: Final = (
    (NotOurForm, 403),
    (NotFound, 404),
    (BadInput, 400),
    (NotPermitted, 403),
    (GuardFailed, 503),
)
_TITLES: Final = {403: "You may not do that", 404: "That is not there"}
_MISREAD: Final = BadInput(
    what="the form",
    why="a field is not what the page asks for",
    next_step="Open the page again.",
)
ROUTERS: Final = (
    sign_in.router,
    issuer.router,
    home_routes.router,
    approvals.router,
    handling.router,
    runs.router,
    books.router,
    quality.router,
    releases.router,
    live.router,
    contract.router,
    leaf.router,
    intray.router,
)


def mount(app: FastAPI, home: Home, doorkeeper: Doorkeeper) -> None:
    """Serve the pages wherever *app* has no route of its own: mount them last.

    `app.state.live` is to be closed where the server drains, for its streams end with nothing else.
    """
    pages = application(home, doorkeeper)
    app.state.live = pages.state.live
    app.mount("/", pages)


def application(home: Home, doorkeeper: Doorkeeper) -> FastAPI:
    """Return the pages of *home* as an application; lives as long as the home."""
    app = FastAPI(
        openapi_url=None,
        redirect_slashes=False,
        telemetry=None,
        dependencies=[Depends(our_form)],
    )
    app.state.home = home
    app.state.doorkeeper = doorkeeper
    app.state.live = Live(home.store)
    app.state.proofs = Proofs(home.store)
    app.add_middleware(Guarded)
    app.add_exception_handler(NotAuthenticated, _to_sign_in)
    app.add_exception_handler(InterlockError, _told)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(404, _nowhere)
    app.add_exception_handler(405, _nowhere)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC))
    return app


async def _to_sign_in(request: Request, _: Exception) -> Response:
    """Send whoever is not signed in to the sign-in, and from there back to the page."""
    to = request.url.path if request.method == "GET" else "/"
    answer = RedirectResponse(f"/sign-in?to={to}", status_code=303)
    cookie.take(answer)
    return answer


async def _nowhere(request: Request, _: Exception) -> HTMLResponse:
    """Say that there is no such page."""
    nowhere = NotFound(
        kind="page",
        name=request.url.path,
        next_step="Begin at the home page.",
    )
    return await _told(request, nowhere)


async def _misread(request: Request, _: Exception) -> HTMLResponse:
    """Say that what was sent is not what the page asks for."""
    return await _told(request, _MISREAD)


async def _told(request: Request, error: Exception) -> HTMLResponse:
    """Tell an error that was raised on purpose: its words name the next step."""
    status = next(
        (status for kind, status in _STATUSES if isinstance(error, kind)), 500
    )
    code = getattr(error, "code", "error")
    words = str(error)
    title = _TITLES.get(status, "That was not done")
    try:
        who = await visitor(request)
    except InterlockError:
        return bare(
            "error.html",
            status=status,
            title=title,
            code=code,
            words=words,
        )
    return page(
        who,
        "error.html",
        here="",
        status=status,
        title=title,
        code=code,
        words=words,
    )
