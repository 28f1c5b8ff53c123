"""What no route serves: a path that is none, or a method that a path does not take.

Pages may be mounted behind the API; what is asked of the API is answered by the API.
"""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PATHS: Final = (
    "/v1",
    "/v1/{rest:path}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
)


def router_behind(*routers: APIRouter) -> APIRouter:
    """Return the router for whatever of the API none of *routers* serves."""
    router = APIRouter()

    async def nowhere(request: Request) -> None:
        """Raise that there is no such path, or that the path takes other methods."""
        taken = sorted(_taken(request, routers))
        if "GET" in taken:
            taken.append("HEAD")
        if taken:
            raise HTTPException(405, headers={"Allow": ", ".join(taken)})
        raise HTTPException(404)

    for path in _PATHS:
        router.add_api_route(
            path, nowhere, methods=list(_METHODS), include_in_schema=False
        )
    return router


def _taken(request: Request, routers: tuple[APIRouter, ...]) -> set[str]:
    """Return the methods that the path takes."""
    return {
        method
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
