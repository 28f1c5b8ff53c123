"""The scripted server behaves on the wire as its script says: tests of others stand on that."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from interlock.testing import (
    ModelServer,
    calls,
    cut_off,
    garbage,
    hangs,
    oversize,
    redirects,
    refuses,
    says,
    slow,
)

ASKED: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Which law governs? " * 40}],
}


async def post(server: ModelServer, **more: Any) -> httpx2.Response:
    """Ask as any client does."""
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        return await client.post(f"{server.url}/chat/completions", json=ASKED | more)


async def test_each_turn_is_answered_in_order_and_the_last_stands_for_the_rest() -> (
    None
):
    """A script is read from the top, and its last turn is repeated."""
    async with ModelServer([says("one"), calls("mail.send", {"to": []})]) as server:
        messages = [
            (await post(server)).json()["choices"][0]["message"] for _ in range(3)
        ]

    assert messages[0]["content"] == "one"
    names = [each["tool_calls"][0]["function"]["name"] for each in messages[1:]]
    assert names == ["mail__send", "mail__send"]
    assert len(server.asked) == 3


async def test_a_script_may_be_a_function_of_the_question() -> None:
    """What is asked may decide what is answered."""
    async with ModelServer(lambda asked: says(asked.body["model"])) as server:
        body = (await post(server, model="other")).json()

    assert body["choices"][0]["message"]["content"] == "other"


@pytest.mark.parametrize(
    ("turn", "status", "kind"),
    [
        (refuses(429, retry_after="7"), 429, "application/json"),
        (refuses(503), 503, "application/json"),
        (redirects("/elsewhere"), 307, "application/json"),
        (garbage(), 200, "text/html"),
        (oversize(100_000), 200, "application/json"),
    ],
)
async def test_a_turn_that_is_no_answer_goes_over_the_wire_as_it_is(
    turn: Any, status: int, kind: str
) -> None:
    """Errors, redirects, garbage and long answers come as a real server would send them."""
    async with ModelServer([turn]) as server:
        response = await post(server)

    assert response.status_code == status
    assert response.headers["Content-Type"].startswith(kind)
    assert response.headers.get("Retry-After", "") == turn.headers.get(
        "Retry-After", ""
    )


@pytest.mark.parametrize("after", [0, 20])
async def test_a_connection_breaks_where_the_script_says(after: int) -> None:
    """Before the first byte or in the middle: the client sees a broken connection."""
    async with ModelServer([cut_off(says("Hello"), after=after)]) as server:
        with pytest.raises(httpx2.TransportError):
            await post(server)


async def test_a_server_hangs_until_it_is_stopped() -> None:
    """A hung server takes the request, and answers to nobody."""
    async with ModelServer([hangs()]) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await post(server)
        assert len(server.asked) == 1


async def test_a_stopped_server_refuses_and_comes_back_at_the_same_place() -> None:
    """A killed server is one that nobody reaches; a restarted one has the same port."""
    async with ModelServer([says("back")]) as server:
        await server.stop()
        with pytest.raises(httpx2.ConnectError):
            await post(server)
        await server.start()
        assert (await post(server)).status_code == 200


async def test_a_stream_tells_its_usage_in_the_last_piece_and_only_when_asked() -> None:
    """Pieces come before the end, the usage after them where the client asked for the usage."""
    async with ModelServer([says("A sentence of some length.")]) as server:
        told = await post(server, stream=True, stream_options={"include_usage": True})
        untold = await post(server, stream=True)

    pieces = told.text.strip().split("\n\n")
    assert pieces[-1] == "data: [DONE]"
    assert json.loads(pieces[-2].removeprefix("data: "))["usage"]["prompt_tokens"] > 1
    assert "usage" not in untold.text


async def test_prefixes_are_known_under_their_own_salt_alone() -> None:
    """A second question over one text computes little of it; under another salt all of it."""
    async with ModelServer() as server:
        for salt in ("one", "one", "other"):
            await post(server, cache_salt=salt)
            computed = server.prefixes.computed

        first = server.prefixes.asked // 3
        assert 2 * first < computed < 2.3 * first


async def test_it_counts_how_many_are_answered_at_a_time() -> None:
    """The most requests at a time are known afterwards."""
    async with ModelServer([slow(says("x"), wait_s=0.1)]) as server:
        await asyncio.gather(*(post(server) for _ in range(4)))

    assert (server.busy, server.busiest) == (0, 4)


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    """What the how-to shows of the server is a program that ends well."""
    page = Path(__file__).parents[3] / "docs" / "howto" / "route-models.md"
    program = page.read_text("utf-8").rpartition("```python\n")[2].partition("```")[0]
    file = tmp_path / "example.py"
    file.write_text(program, "utf-8")

    ran = subprocess.run([sys.executable, file], capture_output=True, check=False)  # noqa: S603 - our own page

    assert (ran.returncode, ran.stderr) == (0, b"")
