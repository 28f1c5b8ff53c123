"""The kept client: each request goes where its own call says, and nowhere without one."""

import asyncio

import pytest

from interlock.testing import ModelServer
from interlock.tools.outbound.client import Bounds
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.transport import bound_for, kept_client


async def test_a_request_outside_of_a_call_goes_nowhere() -> None:
    """Whoever holds the client alone cannot send anything by it."""
    async with ModelServer() as server:
        with pytest.raises(TypeError, match="bound_for"):
            await kept_client().post(f"{server.url}/chat/completions", json={})

    assert server.asked == []


async def test_calls_at_the_same_time_do_not_cross() -> None:
    """One client serves many calls, each with its own place and its own head."""
    client = kept_client()

    async def ask(server: ModelServer, word: str) -> None:
        place = Destination.parse(server.url, reach="any")
        with bound_for(place, headers={"X-Word": word}, bounds=Bounds()):
            await asyncio.sleep(0)
            await client.post("http://model.invalid/chat/completions", json={"a": word})

    async with ModelServer() as one, ModelServer() as other:
        await asyncio.gather(
            *(ask(one, f"one-{number}") for number in range(10)),
            *(ask(other, f"other-{number}") for number in range(10)),
        )

    for server, name in ((one, "one"), (other, "other")):
        words = [(asked.headers["X-Word"], asked.body["a"]) for asked in server.asked]
        assert sorted(words) == sorted(
            (f"{name}-{number}", f"{name}-{number}") for number in range(10)
        )
