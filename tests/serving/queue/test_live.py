"""Live pages: who listens learns what changed, of the own tenant alone, while the session lasts."""

import asyncio
from typing import Any

import pytest

from interlock.runtime.errors import NotAuthenticated
from interlock.runtime.record.events import ActFailed
from interlock.serving.home import Home
from interlock.serving.queue import live
from interlock.serving.queue.live import Live


async def allowed() -> None:
    """Let everybody go on."""


async def test_a_change_is_told_to_the_pages_of_its_tenant(
    home: Home, browser: Any, waiting: str
) -> None:
    """A verdict is told as a change of approvals to who listens in its tenant, and to nobody
    else, without a word of what it was about.
    """
    told = Live(home.store)
    size = (await home.ledger.head("default")).size
    ours, theirs = (
        told.changes(log, after=size, allowed=allowed) for log in ("default", "other")
    )
    begun = [await anext(stream) for stream in (ours, theirs)]
    shown = (await home.approvals.read(waiting)).evidence_digest
    form = {"csrf": "token-of-rhea-1", "evidence_digest": shown, "note": "agreed"}

    await browser("rhea").post(
        f"/approvals/{waiting}/verdict", data=form | {"verdict": "approved"}
    )

    assert begun == [b": still here\n\n"] * 2
    assert await anext(ours) == b"event: approvals\ndata: approvals\n\n"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(theirs), 0.2)
    told.close()


async def test_a_stream_ends_with_its_session(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next sign of life after a session has ended its stream ends."""
    monkeypatch.setattr(live, "_BEAT_S", 0.01)

    async def ended() -> None:
        raise NotAuthenticated(what="the session")

    stream = Live(home.store).changes("default", after=2**40, allowed=ended)

    assert [part async for part in stream] == [b": still here\n\n"]


async def test_a_busy_stream_ends_with_its_session_too(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes meanwhile keeps no page listening whose session has ended."""
    monkeypatch.setattr(live, "_BEAT_S", 0.05)

    async def ended() -> None:
        raise NotAuthenticated(what="the session")

    stream = Live(home.store).changes("default", after=2**40, allowed=ended)
    happened = ActFailed(log="default", run_id="", act="a", tool="t", code="c")

    async with asyncio.timeout(5):
        async for _ in stream:
            await home.store.write(
                lambda tx: tx.events.append(happened), logs=("default",)
            )


async def test_what_changed_before_the_page_listened_is_told_too(home: Home) -> None:
    """What came into the log between a page and its stream is told when the stream begins."""
    stream = Live(home.store).changes("default", after=0, allowed=allowed)

    parts = [await anext(stream) for _ in range(3)]

    assert b"".join(parts[1:]).count(b"event: ") == 2


async def test_closing_ends_every_stream(home: Home) -> None:
    """Once the pages close, no stream goes on."""
    told = Live(home.store)
    stream = told.changes("default", after=2**40, allowed=allowed)
    await anext(stream)

    told.close()

    assert [part async for part in stream] == []


async def test_an_open_page_learns_that_it_was_decided(
    home: Home, browser: Any, waiting: str
) -> None:
    """Where an approval stands is a piece of its page that says so once somebody decided."""
    rolf = browser("rolf")
    before = (await rolf.get(f"/approvals/{waiting}/standing")).text
    shown = (await home.approvals.read(waiting)).evidence_digest
    form = {"csrf": "token-of-rhea-1", "evidence_digest": shown, "note": "no, thanks"}
    await browser("rhea").post(
        f"/approvals/{waiting}/verdict", data=form | {"verdict": "rejected"}
    )
    after = (await rolf.get(f"/approvals/{waiting}/standing")).text

    assert "rejected" not in before
    assert "rejected" in after
