"""The routes of AuthZEN: a to-do application before a served home, from a denial to the act."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from interlock.errors import NotAuthenticated
from interlock.runtime.policy.request import Principal
from interlock.serving.http.application import application
from interlock.serving.identity.caller import Caller

#: The application of this folder's conftest
App = Any
DELETE = {
    "subject": {"type": "user", "id": "rick"},
    "action": {"name": "todo.delete"},
    "resource": {"type": "todo", "id": "1"},
}
ROOT = "/access/v1"


class OneKey:
    """Knows the application by its key, and nobody else."""

    def __init__(self, asker: Principal) -> None:
        self.asker = asker

    async def of_session(self, cookie: str) -> Caller:
        raise NotAuthenticated(what="The session")

    async def of_key(self, key: str) -> Caller:
        if key != "ilk_app":
            raise NotAuthenticated(what="The key")
        return Caller(principal=self.asker, method="key")

    async def of_token(self, token: str) -> Caller:
        raise NotAuthenticated(what="The token")


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the key of the application."""
    served = application(app.home, authenticator=OneKey(app.asker))
    transport = httpx2.ASGITransport(app=served)
    async with (
        served.router.lifespan_context(served),
        httpx2.AsyncClient(
            transport=transport,
            base_url="http://127.0.0.1",
            headers={"Authorization": "Bearer ilk_app"},
        ) as client,
    ):
        yield client


async def test_from_a_denial_to_the_act(app: App, client: httpx2.AsyncClient) -> None:
    """Denied, requested, approved in our queue, evaluated again, permitted once."""
    about = (await client.get("/.well-known/authzen-configuration")).json()
    denied = (
        await client.post(about["access_evaluation_endpoint"], json=DELETE)
    ).json()
    context = denied["context"]
    denial = {
        "evaluation_id": context["evaluation_id"],
        "expires_at": context["access_request"]["expires_at"],
        "binding_token": context["access_request"]["binding_token"],
    }
    sent = await client.post(
        about["access_request_endpoint"], json=DELETE | {"denial": denial}
    )
    place = sent.json()["task"]["status_endpoint"]
    pending = (await client.get(place)).json()
    await app.decide(sent.json()["task"]["id"])
    task = (await client.get(place)).json()
    again = DELETE | {"context": {"approval": task["result"]["approval"]}}
    answers = [
        (await client.post(f"{ROOT}/evaluation", json=again)).json() for _ in range(2)
    ]

    assert denied["decision"] is False
    assert (sent.status_code, sent.headers["location"]) == (202, place)
    assert pending["task"]["status"] == "pending"
    assert (task["task"]["status"], task["result"]["mode"]) == (
        "approved",
        "reevaluate",
    )
    assert [one["decision"] for one in answers] == [True, False]
    assert (await client.post(f"{place}/cancel")).json()["code"] == "invalid_task_state"
    assert len((await client.get(about["jwks_uri"])).json()["keys"]) == 1


async def test_a_key_stands_for_one_request(client: httpx2.AsyncClient) -> None:
    """The same request under the same key gives the same task; another one under it is refused."""
    bodies = []
    for number in ("1", "2"):
        about = DELETE | {"resource": {"type": "todo", "id": number}}
        denied = (await client.post(f"{ROOT}/evaluation", json=about)).json()
        context = denied["context"]
        denial = {"evaluation_id": context["evaluation_id"]} | {
            name: context["access_request"][name]
            for name in ("expires_at", "binding_token")
        }
        bodies.append(about | {"denial": denial})
    key = {"Idempotency-Key": "k1"}
    first, again, other = [
        await client.post(f"{ROOT}/requests", json=body, headers=key)
        for body in (bodies[0], *bodies)
    ]

    assert (first.status_code, other.status_code) == (202, 422)
    assert first.json()["task"]["id"] == again.json()["task"]["id"]
    assert other.json()["code"] == "key_reused"


async def test_what_is_not_taken_is_a_problem_of_the_draft(
    client: httpx2.AsyncClient,
) -> None:
    """Errors have the draft's type and our code; without a credential nothing is answered."""
    unbound = await client.post(f"{ROOT}/requests", json=DELETE | {"denial": {}})
    unknown = await client.get(f"{ROOT}/requests/run-0")
    nobody = await client.post(
        f"{ROOT}/evaluation", json=DELETE, headers={"Authorization": "Bearer ilk_x"}
    )
    places = [f"{ROOT}/evaluation", f"{ROOT}/evaluations", f"{ROOT}/requests"]
    malformed = [
        await client.post(place, content=body, headers={"Content-Type": kind})
        for place in places
        for body, kind in (
            (b'{"subject": 1}', "application/json"),
            (b"{", "application/json"),
            (b"[]", "application/json"),
        )
    ]

    assert (unbound.status_code, unbound.json()["type"]) == (
        400,
        "urn:openid:authzen:access-request:error:invalid_denial_binding",
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_task")
    assert nobody.status_code == 401
    assert {(one.status_code, one.json()["code"]) for one in malformed} == {
        (400, "invalid")
    }
