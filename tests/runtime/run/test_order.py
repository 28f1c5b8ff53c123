"""One order of commits and entries: whoever writes holds the head of the log before looking."""

import asyncio
import threading
from pathlib import Path

import pytest

from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.decision import Denied
from interlock.runtime.record.events import (
    HOME,
    Event,
    Intended,
    PolicyActivated,
    RunHeld,
    SwitchTurned,
)
from interlock.runtime.record.store import Tx
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import Run
from interlock.runtime.testing import Effects, World

#: Long enough for what does not wait for a lock to have happened
_MOMENT_S = 0.3


class Hold:
    """Stops a world's writer between the last look of a transaction and its commit."""

    def __init__(self, world: World, of: type[Event]) -> None:
        self._of = of
        self._flush = world.store._flush  # noqa: SLF001 - what it wraps
        self.reached = threading.Event()
        self.go = threading.Event()
        world.store.attach(flush=self._held)

    def _held(self, tx: Tx) -> None:
        if any(isinstance(event, self._of) for event in tx.events):
            self.reached.set()
            self.go.wait(10)
        self._flush(tx)

    async def until_reached(self) -> None:
        await asyncio.to_thread(self.reached.wait, 10)
        await asyncio.sleep(_MOMENT_S)


async def _propose(world: World, run: Run) -> object:
    return await world.pep.enforce(
        run, tool="pay", arguments={"text": "x"}, call_id="1"
    )


async def _order(world: World) -> list[str]:
    entries = [
        entry for entry in await world.entries() if entry["origin"].endswith("default")
    ]
    return [entry["event"] for entry in entries]


async def test_a_switch_waits_for_an_intent_that_is_being_recorded(
    tmp_path: Path, database_url: str
) -> None:
    """A switch is acknowledged only after the intent that came first; the entries say the same."""
    effects = Effects()
    pay = effects.tool("pay", "irreversible")
    async with (
        World(tmp_path, tools=[pay], url=database_url) as worker,
        World(tmp_path, tools=[pay], url=database_url) as operator,
    ):
        run = await worker.start()
        held = Hold(worker, Intended)
        acting = asyncio.create_task(_propose(worker, run))
        await held.until_reached()
        switches = KillSwitches(operator.store)
        engaging = asyncio.create_task(switches.engage("all", "", by="ada"))
        await asyncio.sleep(_MOMENT_S)
        acknowledged_too_early = engaging.done()
        held.go.set()
        outcome, _ = await asyncio.gather(acting, engaging)
        await worker.store.durable(run.claim)

        assert not acknowledged_too_early
        assert isinstance(outcome, Done)
        order = await _order(operator)
        assert order.index("intent") < order.index("kill_switch")
        assert (await operator.verify()).problems == []


async def test_an_intent_waits_for_a_switch_that_is_being_turned(
    tmp_path: Path, database_url: str
) -> None:
    """While a switch is being engaged no intent is recorded, and none of what it covers after."""
    effects = Effects()
    pay = effects.tool("pay", "irreversible")
    async with (
        World(tmp_path, tools=[pay], url=database_url) as worker,
        World(tmp_path, tools=[pay], url=database_url) as operator,
    ):
        run = await worker.start()
        held = Hold(operator, SwitchTurned)
        switches = KillSwitches(operator.store)
        engaging = asyncio.create_task(switches.engage("run", run.id, by="ada"))
        await held.until_reached()
        acting = asyncio.create_task(_propose(worker, run))
        await asyncio.sleep(_MOMENT_S)
        waits = not acting.done()
        held.go.set()
        outcome, _ = await asyncio.gather(acting, engaging)

        assert waits
        assert isinstance(outcome, Denied)
        assert outcome.codes == ("killed",)
        assert effects.done == []
        assert (await operator.verify()).problems == []


async def test_heads_are_locked_in_one_order(
    tmp_path: Path, fresh_postgres: str
) -> None:
    """Two processes that write into the same two logs at once never wait for each other."""
    async with (
        World(tmp_path, url=fresh_postgres) as one,
        World(tmp_path, url=fresh_postgres) as other,
    ):
        run = await one.start()

        def both(
            world: World, logs: tuple[str, ...], name: str
        ) -> "asyncio.Future[None]":
            def work(tx: Tx) -> None:
                tx.events.extend(_event(log, run, name) for log in logs)

            return asyncio.ensure_future(world.store.write(work, logs=logs))

        writes = [
            both(world, logs, f"{number}")
            for number in range(20)
            for world, logs in ((one, (HOME, "default")), (other, ("default", HOME)))
        ]
        await asyncio.gather(*writes)
        assert (await one.verify()).problems == []


async def test_nothing_is_written_to_a_log_that_was_not_named(tmp_path: Path) -> None:
    """An event of a log whose head the transaction does not hold is refused, and all with it."""
    async with World(tmp_path) as world:
        run = await world.start()
        before = await world.entries()
        with pytest.raises(GuardFailed) as refused:
            await world.store.write(
                lambda tx: tx.events.append(_event("default", run, "x")), logs=(HOME,)
            )

        assert refused.value.guard == "ledger"
        assert await world.entries() == before


def _event(log: str, run: Run, name: str) -> Event:
    if log == HOME:
        return PolicyActivated(log=HOME, revision=name, previous="")
    return RunHeld(log=log, run_id=run.id, fence=run.fence, because="away")
