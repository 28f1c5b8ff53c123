"""Shared looks: tasks that ask together get one look, and never one from before the question."""

import asyncio
from dataclasses import dataclass, field

from interlock.runtime.errors import Tampered
from interlock.runtime.record.store.shared import Shared


@dataclass(kw_only=True)
class Database:
    """What is looked at: a value that changes, and looks that last until they are let go."""

    value: str = "old"
    looks: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def look(self) -> str:
        self.looks += 1
        self.begun.set()
        seen = self.value
        await self.let_go.wait()
        if self.error is not None:
            raise self.error
        return seen


def _asked(shared: Shared[str], number: int) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(shared.look()) for _ in range(number)]


async def test_whoever_asks_together_shares_one_look() -> None:
    """One look serves all tasks that asked before it began; who goes away spoils it for none."""
    database = Database()
    shared = Shared(database.look)
    gone, *here = _asked(shared, 4)
    await asyncio.sleep(0)
    gone.cancel()
    database.let_go.set()

    assert await asyncio.gather(*here) == ["old"] * 3
    assert database.looks == 1


async def test_a_look_that_has_begun_is_too_old_for_a_new_question() -> None:
    """Who asks while a look is under way is told what was written before the question."""
    database = Database()
    shared = Shared(database.look)
    [early] = _asked(shared, 1)
    await database.begun.wait()
    database.value = "new"
    [late] = _asked(shared, 1)
    await asyncio.sleep(0)
    database.let_go.set()

    assert (await early, await late) == ("old", "new")


async def test_a_failure_is_raised_at_all_and_is_not_remembered() -> None:
    """Everybody who waited for the look is told; the next question is looked up anew."""
    database = Database(error=Tampered(what="entry", why="changed"))
    database.let_go.set()
    shared = Shared(database.look)
    told = await asyncio.gather(*_asked(shared, 2), return_exceptions=True)
    database.error = None

    assert [type(one) for one in told] == [Tampered, Tampered]
    assert await shared.look() == "old"


async def test_a_look_that_will_never_begin_is_waited_for_by_nobody() -> None:
    """A server that stops cancels looks; who asks after that gets a look of the own."""
    database = Database()
    database.let_go.set()
    shared = Shared(database.look)
    waiting = _asked(shared, 1)
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - {asyncio.current_task(), *waiting}:
        task.cancel()

    assert await shared.look() == "old"
    assert database.looks == 1
    assert isinstance(
        (await asyncio.gather(*waiting, return_exceptions=True))[0],
        asyncio.CancelledError,
    )
