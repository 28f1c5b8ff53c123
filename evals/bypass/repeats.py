"""Effects that are asked for once and proposed again, under another name of the call."""

import asyncio
from collections.abc import Mapping
from typing import Final

from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import HONEST, Counter, Visit
from interlock.evals.bypass.tools import PAY, READ, WIRE
from interlock.evals.guarantees.patch import Break
from interlock.evals.guarantees.rules import without_rule

_UNCOUNTED: Final[Break] = without_rule("repeats")


async def _said_twice(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await visit.must(READ)
    for _ in range(3):
        await visit.pays()
    counter.demand_effect()
    return counter.beyond(50)


async def _by_another_tool(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await visit.must(READ)
    counter.outside.gate.set()
    await visit.pays()
    counter.demand_effect()
    await visit.tried(WIRE, **HONEST)
    paid = [*counter.outside.of(PAY), *counter.outside.of(WIRE)]
    return f"paid {len(paid)} times" if len(paid) > 1 else ""


async def _retried_as_new(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await visit.must(READ)
    return await _retried(counter, visit)


async def _retried_unread(counter: Counter) -> str:
    return await _retried(counter, await counter.begin(autonomy=3))


async def _retried(counter: Counter, visit: Visit) -> str:
    acting = asyncio.create_task(visit.call(WIRE, as_call="one", **HONEST))
    await asyncio.wait_for(counter.outside.entered.wait(), 10)
    acting.cancel()  # nobody knows what became of it
    await asyncio.gather(acting, return_exceptions=True)
    counter.outside.gate.set()
    again = await visit.again()
    for call in ("one", "two"):
        await again.tried(WIRE, as_call=call, **HONEST)
    wires = counter.outside.of(WIRE)
    return f"wired {len(wires)} times" if len(wires) > 1 else ""


REPEATS: Final[Mapping[str, Bypass]] = {
    "repeats.said-twice": Bypass(
        program=_said_twice,
        without=_UNCOUNTED,
    ),
    "repeats.by-another-tool": Bypass(
        program=_by_another_tool,
        without=_UNCOUNTED,
    ),
    "repeats.retried-unread": Bypass(
        program=_retried_unread,
        without=_UNCOUNTED,
    ),
    "repeats.retried-as-new": Bypass(
        program=_retried_as_new,
        without=_UNCOUNTED,
    ),
}
