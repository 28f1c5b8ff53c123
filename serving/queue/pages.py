"""The pages, assembled: one application of their own, which takes the session's cookie alone."""

from typing import Final

from fastapi import Depends, FastAPI, Request
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
from interlock.serving.home import Home
from interlock.serving.queue import cookie
from interlock.serving.queue.doorkeeper import Doorkeeper
from interlock.serving.queue.frame import STATIC, bare
from interlock.serving.queue.guard import Guarded, NotOurForm, our_form
from interlock.serving.queue.routes import approvals, sign_in
from interlock.serving.reader.routes import contract, leaf

#: By kind of error the status of its page; the first that fits
_STATUSES: Final = (
    (NotOurForm, 403),
    (NotFound, 404),
    (BadInput, 400),
    (NotPermitted, 403),
    (GuardFailed, 503),
)
ROUTERS: Final = (
    sign_in.router,
    approvals.router,
    contract.router,
    leaf.router,
)


def mount(app: FastAPI, home: Home, doorkeeper: Doorkeeper) -> None:
    """Serve the pages wherever *app* has no route of its own: mount them last."""
    app.mount("/", application(home, doorkeeper))


def application(home: Home, doorkeeper: Doorkeeper) -> FastAPI:
    """Return the pages of *home* as an application; lives as long as the home."""
    app = FastAPI(
        openapi_url=None,
        dependencies=[Depends(our_form)],
    )
    app.state.home = home
    app.state.doorkeeper = doorkeeper
    app.add_middleware(Guarded)
    app.add_exception_handler(NotAuthenticated, _to_sign_in)
    app.add_exception_handler(InterlockError, _told)
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


async def _told(_: Request, error: Exception) -> HTMLResponse:
    """Tell an error that was raised on purpose: its words name the next step."""
    status = next(
        (status for kind, status in _STATUSES if isinstance(error, kind)), 500
    )
    return bare(
        "error.html",
        status=status,
        code=getattr(error, "code", "error"),
        words=str(error),
    )
