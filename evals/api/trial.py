"""One trial: requests made from the document are sent to a served home, and every answer checked.

An answer fails the trial when it is a server error, or when the document does not say that there is
such a status, such a content type or such a body.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import booleans
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from interlock.evals.api.things import Things
from interlock.runtime.errors import NotAuthenticated
from interlock.runtime.policy.request import Principal
from interlock.serving.home import opened
from interlock.serving.http.application import application
from interlock.serving.identity.caller import Caller
from interlock.serving.workspace import open_workspace

BASE: Final = "http://127.0.0.1"
KEY: Final = "ilk_trial"
_EVERYBODY: Final = ("analyst", "reviewer", "administrator", "auditor")
_CHECKS: Final = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Streams do not end by themselves
_LEFT_OUT: Final = frozenset({"follow_run"})
PLENTY: Final = 10**6
_PATIENCE_S: Final = 30


class AlwaysKnown:
    """Knows one key, as somebody with every role."""

    async def of_session(self, cookie: str) -> Caller:
        """Know no session."""
        raise NotAuthenticated(what="The session")

    async def of_key(self, key: str) -> Caller:
        """Know the key of the trial."""
        if key != KEY:
            raise NotAuthenticated(what="The key")
        person = Principal(id="trial", tenant="default", roles=_EVERYBODY)
        return Caller(principal=person, method="key")

    async def of_token(self, token: str) -> Caller:
        """Know no token."""
        raise NotAuthenticated(what="The token")


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What came of a trial."""

    operations: int = 0
    requests: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether requests were sent and no answer was undocumented or a server error."""
        return self.requests > 0 and not self.failures


def attempt(folder: Path, *, examples: int, number: int = 7) -> Outcome:
    """Send *examples* requests to each operation of a home in *folder*; *number* seeds them."""
    outcome = Outcome()
    with asyncio.Runner() as runner:
        serving = _served(folder)
        things, written = runner.run(serving.__aenter__())
        try:
            schema: Any = schemathesis.openapi.from_dict(written)
            for result in schema.get_all_operations():
                operation = result.ok()
                if operation.definition.raw["operationId"] in _LEFT_OUT:
                    continue
                outcome.operations += 1
                there = runner.run(things.of(operation.path))
                trial = _trial(operation, runner, things.client, outcome, there)
                seed(number)(_bounded(examples)(trial))()
        finally:
            runner.run(serving.__aexit__(None, None, None))
    return outcome


def document(folder: Path) -> str:
    """Return the OpenAPI document of a home in *folder*, as it is committed."""

    async def made() -> dict[str, Any]:
        async with _served(folder) as (_, written):
            return written

    return json.dumps(asyncio.run(made()), indent=1, ensure_ascii=False) + "\n"


@asynccontextmanager
async def _served(
    folder: Path,
) -> AsyncIterator[tuple[Things, dict[str, Any]]]:
    chosen = {"home": str(folder)}
    async with opened(open_workspace({}, chosen=chosen).settings) as home:
        app = application(home, authenticator=AlwaysKnown(), rate=PLENTY, burst=PLENTY)
        headers = {"Authorization": f"Bearer {KEY}"}
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(
                transport=transport, base_url=BASE, headers=headers
            ) as client,
        ):
            yield Things(home=home, client=client), app.openapi()


def _bounded(examples: int) -> Callable[..., Any]:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def _trial(
    operation: Any,
    runner: asyncio.Runner,
    client: httpx2.AsyncClient,
    outcome: Outcome,
    there: dict[str, str],
) -> Callable[[], None]:
    """Return the trial of one operation, about things that are *there* as often as about others."""

    @given(case=operation.as_strategy(), is_there=booleans())
    def trial(case: Any, *, is_there: bool) -> None:
        if is_there:
            case.path_parameters |= {
                name: there[name] for name in case.path_parameters if name in there
            }
        answer = runner.run(_sent(client, case))
        if answer is None:
            return
        outcome.requests += 1
        status = str(answer.status_code)
        outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
        try:
            case.validate_response(answer, checks=_CHECKS)
        except FailureGroup as group:
            told = "; ".join(str(failure) for failure in group.exceptions)
            outcome.failures.append(f"{case.method} {case.formatted_path}: {told}")

    return trial


async def _sent(client: httpx2.AsyncClient, case: Any) -> httpx2.Response | None:
    """Return the answer to the case; None for a case that no client can send."""
    request = case.as_transport_kwargs(base_url=BASE)
    data = request.get("data")
    is_raw = isinstance(data, bytes | str)
    try:
        made = client.build_request(
            request["method"],
            request["url"],
            params=request.get("params"),
            headers=_headers(request),
            json=request.get("json"),
            data=None if is_raw else data,
            content=data if is_raw else None,
            files=request.get("files"),
        )
        await made.aread()
    except (ValueError, TypeError, AttributeError, httpx2.InvalidURL):
        return None
    async with asyncio.timeout(_PATIENCE_S):
        return await client.send(made)


def _headers(request: dict[str, Any]) -> dict[str, str]:
    """Return the headers without a credential that was made up, and without a length."""
    left_out = {"authorization", "content-length", "host"}
    return {
        name: value
        for name, value in (request.get("headers") or {}).items()
        if name.lower() not in left_out
    }
