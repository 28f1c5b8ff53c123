"""The server: where it may listen, what it ends with, and that it drains."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from interlock.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.serving.http.server import Place, Server
from interlock.serving.identity.identity import Identity
from interlock.serving.queue.pages import mount
from interlock.serving.worker import Worker

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
PEM: Final = Path("some.pem")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com"])  # noqa: S104 - what is refused
def test_credentials_do_not_travel_in_the_clear(host: str) -> None:
    """What other machines reach is reached over TLS, or through a proxy that is."""
    with pytest.raises(BadInput):
        Place(host=host)

    assert host in "".join(Place(host=host, behind_proxy=True).hosts)
    assert Place(host=host, certificate=PEM, key=PEM).url.startswith("https:")
    with pytest.raises(BadInput):
        Place(host=host, certificate=PEM)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_needs_no_tls(host: str) -> None:
    """On loopback nobody is on the way."""
    assert Place(host=host).url.startswith("http:")


async def test_a_server_carries_on_what_it_takes_and_drains(
    served: Any, contract: Path
) -> None:
    """A run that comes in is worked on; at the end every stream and the worker end as well."""
    listening: asyncio.Queue[Place] = asyncio.Queue()
    worker = Worker(
        served.home.runtime,
        pace=served.home.settings.worker,
        shares={},
        told=lambda turn: None,
    )
    server = Server(served.app, Place(port=0), worker=worker)
    serving = asyncio.create_task(server.serve(told=listening.put_nowait))
    place = await listening.get()
    async with httpx2.AsyncClient(
        base_url=place.url, headers=served.keys.headers(ANALYST)
    ) as client:
        order = {"agent": "contract_review", "request": {"path": "a.pdf"}}
        run_id = (await client.post("/v1/runs", json=order)).json()["run_id"]
        text = (await client.get(f"/v1/runs/{run_id}/events")).text
        last = text.strip().split("\n\n")[-1].splitlines()[-1]
        assert json.loads(last.removeprefix("data: "))["status"] == "failed"
        server.drain()
        async with asyncio.timeout(20):
            await serving


async def test_a_port_that_is_taken_is_told(served: Any) -> None:
    """Nothing is served half: the error names the place and what to do."""
    with Place(port=0).bound() as taken, pytest.raises(BadInput):
        Place(port=taken.getsockname()[1]).bound()


async def test_pages_stand_behind_the_api(served: Any) -> None:
    """What is asked of the API is answered by the API, whatever is mounted behind it."""
    mount(served.app, served.home, Identity.over(served.home))
    page = await served.ask(None, "GET", "/")
    answers = [
        await served.ask(ANALYST, "GET", "/v1/nothing"),
        await served.ask(ANALYST, "DELETE", "/v1/runs"),
        await served.ask(ANALYST, "POST", "/healthz"),
    ]

    assert page.headers["location"].startswith("/sign-in")
    assert [a.json()["code"] for a in answers] == [
        "no_such_path",
        "method_not_allowed",
        "method_not_allowed",
    ]
    assert answers[1].headers["allow"] == "GET, POST, HEAD"
