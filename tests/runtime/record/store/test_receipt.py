"""Receipts: whoever waits for handed-in work is told what became of it, whenever it is told."""

import asyncio
import threading

import pytest

from interlock.runtime.errors import NotRecorded
from interlock.runtime.record.store.receipt import Receipt


async def test_whoever_waits_is_told_by_another_thread() -> None:
    """Every task that waits gets the result, and so does one that comes later."""
    receipt = Receipt()
    waiting = [asyncio.create_task(receipt.outcome()) for _ in range(3)]
    await asyncio.sleep(0)
    teller = threading.Thread(target=receipt.set_result, args=("kept",))
    teller.start()

    assert await asyncio.wait_for(asyncio.gather(*waiting), 5) == ["kept"] * 3
    assert await receipt.outcome() == receipt.told() == "kept"
    teller.join()


async def test_a_result_between_the_look_and_the_wait_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is told just before a task begins to wait wakes that task all the same."""
    receipt = Receipt()
    loop = asyncio.get_running_loop()
    made = loop.create_future()

    def create_future() -> asyncio.Future[None]:
        receipt.set_result("kept")
        return made

    monkeypatch.setattr(loop, "create_future", create_future)
    async with asyncio.timeout(5):
        assert await receipt.outcome() == "kept"


async def test_a_failure_is_raised_at_everyone() -> None:
    """A waiter that went away spoils nothing for the others, and each is told the failure."""
    receipt = Receipt()
    gone, here = (asyncio.create_task(receipt.outcome()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    receipt.set_exception(NotRecorded(why="the disk is full"))

    with pytest.raises(NotRecorded):
        await here
    with pytest.raises(NotRecorded):
        receipt.told()


def test_a_loop_that_is_closed_is_told_nothing() -> None:
    """The writer outlives a loop that was closed while a task of the loop waited."""
    receipt = Receipt()

    async def wait() -> None:
        task = asyncio.create_task(receipt.outcome())
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(wait())
    receipt.set_result("kept")

    assert receipt.told() == "kept"
