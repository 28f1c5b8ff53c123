"""A run as a stream of events: whole, resumable exactly, one look at the log for all listeners."""

import asyncio
import json
from contextlib import suppress
from typing import Any, Final

import pytest

from interlock.errors import NotRecorded
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import ActFailed
from interlock.runtime.record.store import Store
from interlock.serving.http import tail
from interlock.serving.http.tail import Tails
from interlock.serving.queue.live import Live

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
ORDER: Final = {"agent": "contract_review", "request": {"path": "a.pdf"}}


async def _start(served: Any) -> str:
    answer = await served.ask(ANALYST, "POST", "/v1/runs", json=ORDER)
    run_id: str = answer.json()["run_id"]
    return run_id


def _events(text: str) -> list[tuple[int, str]]:
    events = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        assert json.loads(lines["data"])["seq"] == int(lines["id"])
        events.append((int(lines["id"]), lines["event"]))
    return events


async def _follow(served: Any, run_id: str, after: int | None = None) -> Any:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    return await served.ask(
        ANALYST, "GET", f"/v1/runs/{run_id}/events", headers=headers
    )


async def test_a_stream_ends_with_its_run_and_goes_on_where_it_was(
    served_twice: Any,
) -> None:
    """Whoever comes back gets exactly what follows the last event, and 204 when nothing does."""
    run_id = await _start(served_twice)
    other = await _start(served_twice)
    following = asyncio.create_task(_follow(served_twice, run_id))
    await asyncio.sleep(0.1)
    for ended in (other, run_id):
        await served_twice.ask(ANALYST, "POST", f"/v1/runs/{ended}/cancel")
    whole = _events((await following).text)
    rest = _events((await _follow(served_twice, run_id, whole[0][0])).text)
    nothing = await _follow(served_twice, run_id, whole[-1][0])
    going_on = await _start(served_twice)
    head = await served_twice.ask(ANALYST, "HEAD", f"/v1/runs/{going_on}/events")

    assert [event for _, event in whole][:1] == ["run_started"]
    assert whole[-1][1] == "run_ended"
    assert rest == whole[1:]
    assert (nothing.status_code, nothing.content) == (204, b"")
    assert (head.status_code, head.content) == (200, b"")


async def test_a_key_that_is_taken_away_ends_the_stream(
    served: Any, monkeypatch: Any
) -> None:
    """At each heartbeat it is asked again whether the listener may look."""
    monkeypatch.setattr(tail, "HEARTBEAT_S", 0.05)
    run_id = await _start(served)
    following = asyncio.create_task(_follow(served, run_id))
    await asyncio.sleep(0.2)
    assert not following.done()
    served.keys.people.clear()

    async with asyncio.timeout(5):
        assert tail.BEAT.decode() in (await following).text


async def test_a_busy_stream_ends_with_its_key_too(
    served: Any, monkeypatch: Any
) -> None:
    """What happens in the run meanwhile keeps nobody listening who may listen no more."""
    monkeypatch.setattr(tail, "HEARTBEAT_S", 0.5)
    run_id = await _start(served)
    following = asyncio.create_task(_follow(served, run_id))
    await asyncio.sleep(0.1)
    served.keys.people.clear()
    happened = ActFailed(log="default", run_id=run_id, act="a", tool="t", code="c")

    async with asyncio.timeout(5):
        while not following.done():
            await served.home.store.write(
                lambda tx: tx.events.append(happened), logs=("default",)
            )


async def test_the_log_is_read_once_for_all_who_listen(
    served: Any, monkeypatch: Any
) -> None:
    """What a commit costs does not grow with the number of listeners."""
    run_id = await _start(served)
    looks = []
    page = tail._page  # noqa: SLF001 - what is counted is the look itself

    def counted(*arguments: Any, **named: Any) -> Any:
        looks.append(1)
        return page(*arguments, **named)

    monkeypatch.setattr(tail, "_page", counted)
    following = [asyncio.create_task(_follow(served, run_id)) for _ in range(50)]
    await asyncio.sleep(0.3)
    looks.clear()
    await served.ask(ANALYST, "POST", f"/v1/runs/{run_id}/cancel")
    texts = {(await one).text for one in following}

    assert len(texts) == 1
    assert _events(texts.pop())[-1][1] == "run_ended"
    assert len(looks) <= 6


async def test_a_server_that_drains_ends_its_streams(served: Any) -> None:
    """A stream keeps no server from ending."""
    run_id = await _start(served)
    following = asyncio.create_task(_follow(served, run_id))
    await asyncio.sleep(0.1)
    served.app.state.service.tails.close()

    async with asyncio.timeout(5):
        assert _events((await following).text)[0][1] == "run_started"


async def _allowed() -> None:
    """Let everybody go on."""


async def _away(*_: object) -> None:
    raise NotRecorded(why="the database is away")


@pytest.mark.parametrize("kind", ["run", "pages"])
async def test_who_could_not_join_is_not_listened_for(
    served: Any, monkeypatch: Any, kind: str
) -> None:
    """Where the log could not be looked at as somebody joined, the last who leaves ends it all."""
    monkeypatch.setattr(tail, "HEARTBEAT_S", 0.01)
    tails = Tails(served.home.store)
    pages = Live(served.home.store)

    def stream() -> Any:
        if kind == "run":
            return tails.frames("default", "run-1", after=-1, allowed=_allowed)
        return pages.changes("default", after=-1, allowed=_allowed)

    with monkeypatch.context() as broken, suppress(NotRecorded):
        broken.setattr(Store, "read", _away)
        assert [part async for part in stream()] == []
    listening = stream()
    assert await anext(listening) == tail.BEAT
    await listening.aclose()
    await asyncio.sleep(0.01)
    tails.close()

    at_work = str([task.get_coro() for task in asyncio.all_tasks()])
    assert "_follow" not in at_work
