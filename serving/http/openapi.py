"""The OpenAPI document: made from the routes, with what no route says by itself."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from interlock.serving.http.problem import Problem
from interlock.serving.http.values.run import NewRun

_ABOUT: Final = """\
Agents that do real work under policy rails. Every change is an act of yours: the policy decides
about it, the decision is recorded, and only then is it done. Everything you see and change is of
your tenant; what is of another tenant is not there.

Errors are RFC 9457 problems: `code` is for programs and never changes, `next_step` says what to do.
Lists are pages: hand `next` on as `cursor`. Numbers that are times are Unix seconds.
"""
_REF: Final = "#/components/schemas/{model}"


def documented(app: FastAPI) -> None:
    """Let *app* answer with the whole document, and name each operation by its function."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # as FastAPI documents it


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document; made once for an application."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=_ABOUT,
            routes=app.routes,
        )
        schemas = made["components"]["schemas"]
        for model in (Problem, NewRun):
            schema = model.model_json_schema(ref_template=_REF)
            schemas |= schema.pop("$defs", {})
            schemas[model.__name__] = schema
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = made
    return app.openapi_schema
