"""The application: every route of the API over one home, in one envelope."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from interlock.runtime.errors import InterlockError
from interlock.runtime.record.proofs import Proofs
from interlock.serving.access.handle import ROOT
from interlock.serving.home import Home
from interlock.serving.http.cursor import Cursors
from interlock.serving.http.envelope import Envelope
from interlock.serving.http.measures import Measures
from interlock.serving.http.openapi import documented
from interlock.serving.http.problem import (
    MEDIA,
    Problem,
    described,
    headers_of,
    problem_of,
)
from interlock.serving.http.rate import Rates
from interlock.serving.http.routes import (
    access,
    approvals,
    audit,
    budgets,
    decisions,
    documents,
    events,
    handling,
    health,
    jobs,
    metrics,
    nowhere,
    policies,
    quality,
    releases,
    rollouts,
    runs,
    webhooks,
)
from interlock.serving.http.service import Service
from interlock.serving.http.tail import Tails
from interlock.serving.identity.caller import Authenticator

#: The names of this machine
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
#: What one caller may ask for a second, and at once
RATE: Final = 50
BURST: Final = 200
ROUTERS: Final[Sequence[APIRouter]] = (
    health.router,
    events.router,
    runs.router,
    jobs.router,
    documents.router,
    approvals.router,
    handling.router,
    decisions.router,
    audit.router,
    policies.router,
    releases.router,
    rollouts.router,
    budgets.router,
    quality.router,
    metrics.router,
    access.router,
    webhooks.router,
)


def application(
    home: Home,
    *,
    authenticator: Authenticator,
    hosts: Collection[str] = LOOPBACK,
    rate: int = RATE,
    burst: int = BURST,
) -> FastAPI:
    """Return the application that serves *home* to whoever *authenticator* knows.

    *hosts* are the names that it may be asked by, without ports. *rate* and *burst* are what one
    caller may ask a second and at once. The application is used within its lifespan, which ends
    before the home is closed.
    """
    measures = Measures()
    app = FastAPI(
        title="Interlock",
        version=version("interlock"),
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(
            home,
            authenticator=authenticator,
            rates=Rates(rate=rate, burst=burst),
            measures=measures,
        ),
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry=None,
    )
    app.state.measures = measures
    for router in (*ROUTERS, nowhere.router_behind(*ROUTERS)):
        app.include_router(router)
    app.add_exception_handler(InterlockError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_middleware(Envelope, hosts=hosts, told=measures.request)
    documented(app)
    return app


def _lifespan(
    home: Home, *, authenticator: Authenticator, rates: Rates, measures: Measures
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tails = Tails(home.store)
        app.state.service = Service(
            home=home,
            authenticator=authenticator,
            cursors=await Cursors.of(home),
            rates=rates,
            tails=tails,
            measures=measures,
            proofs=Proofs(home.store),
        )
        try:
            yield
        finally:
            tails.close()

    return lifespan


async def _refused(request: Request, error: Exception) -> JSONResponse:
    """Answer with the problem that tells an error of ours; a defect goes on to the envelope."""
    if not isinstance(error, InterlockError):
        raise error
    problem = problem_of(error, request_id=request.state.request_id)
    if problem.status == 500:  # noqa: PLR2004 - the status says it
        raise RuntimeError("no request can bring this about") from error
    return _answer(problem, headers_of(error))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Answer with the first thing that is wrong in a request."""
    if not isinstance(error, RequestValidationError):
        raise error
    first: dict[str, Any] = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    field = ".".join(place) or "body"
    problem = described(
        400 if request.url.path.startswith(ROOT) else 422,
        "invalid",
        detail=f"{field}: {first['msg']}.",
        next_step="Correct the field; the OpenAPI document says what it takes.",
        request_id=request.state.request_id,
        field=field,
    )
    return _answer(problem, {})


async def _plain(request: Request, error: Exception) -> JSONResponse:
    """Answer for what the framework refuses: a path that is none, a method that is not taken."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "no_such_path", 405: "method_not_allowed"}.get(
        error.status_code, "invalid"
    )
    problem = described(
        error.status_code if code != "invalid" else 422,
        code,
        detail="The request is not one of this API.",
        next_step="Read the OpenAPI document at /openapi.json.",
        request_id=request.state.request_id,
    )
    return _answer(problem, dict(error.headers or {}))


def _answer(problem: Problem, headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=headers,
        media_type=MEDIA,
    )
