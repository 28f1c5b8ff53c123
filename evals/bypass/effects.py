"""Effects that happen twice: after a crash, a resume, a late word, or a second worker."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from langgraph.checkpoint.base import empty_checkpoint
from sqlalchemy import select, update

from interlock.evals.bypass import lax
from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import HONEST, Counter, Visit
from interlock.evals.bypass.tools import PAY, WIRE
from interlock.evals.guarantees.door import DOOR, UNWATCHED
from interlock.evals.guarantees.record import CLAIMS
from interlock.runtime.errors import InterlockError
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER

_STATE: Final = tables.action.c.state


async def _replayed(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await visit.must(
        PAY,
        as_call="one",
        **HONEST,
    )
    for _ in range(3):  # each resume runs the step from its beginning
        visit = await visit.again()
        await visit.pays(as_call="one")
    return counter.beyond(50)


async def _crashed(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    acting = await _under_way(visit)
    acting.cancel()  # after the effect, before its record
    await asyncio.gather(acting, return_exceptions=True)
    counter.outside.gate.set()
    await (await visit.again()).tried(
        WIRE,
        as_call="slow",
        **HONEST,
    )
    return _wired_twice(counter)


async def _two_workers(counter: Counter) -> str:
    lost = await counter.begin(autonomy=3)
    visit = await lost.again()
    await visit.must(
        PAY,
        as_call="one",
        **HONEST,
    )
    await lost.pays(as_call="two")
    return counter.beyond(50)


async def _finished_late(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    acting = await _under_way(visit)
    await counter.runtime.runs.cancel(visit.run.id, by="probe")
    counter.outside.gate.set()
    await asyncio.gather(acting, return_exceptions=True)
    state = await _state(counter, visit.run)
    return "" if state == "unknown" else f"a worker that lost its run wrote {state}"


async def _settled_early(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    acting = await _under_way(visit)
    runs = counter.runtime.runs
    await runs.cancel(visit.run.id, by="probe")
    here = select(tables.action.c.id).where(tables.action.c.run_id == visit.run.id)
    (row,) = await counter.rows(here)
    with suppress(InterlockError):
        await runs.resolve(
            visit.run.id, row["id"], person=REVIEWER, happened=False, note="gone"
        )
    state = await _state(counter, visit.run)
    counter.outside.gate.set()
    await asyncio.gather(acting, return_exceptions=True)
    return f"it is recorded as {state} and happens" if state == "failed" else ""


async def _forked(counter: Counter) -> str:
    lost = await counter.begin(autonomy=3)
    await lost.again()
    key = counter.runtime.vault.known(lost.run.id)
    saver = Checkpoints(
        store=counter.runtime.store,
        key=key,
        run=lost.run,
    )
    place: Any = {"configurable": {"thread_id": lost.run.id, "checkpoint_ns": ""}}
    with suppress(InterlockError):
        await saver.aput(place, empty_checkpoint(), {}, {})
    written = await counter.rows(select(tables.checkpoint.c.fence))
    return (
        f"{len(written)} checkpoints by a worker that lost its run" if written else ""
    )


async def _turned_back(counter: Counter) -> str:
    visit = await counter.begin()
    await counter.judge(await counter.question(await visit.asked(as_call="one")))
    await visit.must(
        PAY,
        as_call="one",
        **HONEST,
    )
    counter.sql(
        update(tables.action).values(
            state="waiting",
            result=None,
        ),
        update(tables.approval).values(state="approved"),
    )
    await visit.pays(as_call="one")
    return counter.beyond(50)


async def _clicked_twice(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await asyncio.gather(*(visit.pays(as_call="one") for _ in range(8)))
    counter.demand_effect()
    return counter.beyond(50)


async def _under_way(visit: Visit) -> "asyncio.Task[Any]":
    """Return an effect that has happened and whose tool has not come back."""
    acting = asyncio.create_task(
        visit.call(
            WIRE,
            as_call="slow",
            **HONEST,
        )
    )
    await asyncio.wait_for(visit.counter.outside.entered.wait(), 10)
    return acting


def _wired_twice(counter: Counter) -> str:
    wires = counter.outside.of(WIRE)
    return f"wired {len(wires)} times" if len(wires) > 1 else ""


async def _state(counter: Counter, run: Run) -> str:
    (row,) = await counter.rows(select(_STATE).where(tables.action.c.run_id == run.id))
    return str(row["state"])


EFFECTS: Final[Mapping[str, Bypass]] = {
    "effects.replayed": Bypass(
        program=_replayed,
        without=lax.FORGOTTEN,
    ),
    "effects.crashed": Bypass(
        program=_crashed,
        without=DOOR["interrupted-effect"],
    ),
    "effects.two-workers": Bypass(
        program=_two_workers,
        without=CLAIMS["lost-claim"],
    ),
    "effects.finished-late": Bypass(
        program=_finished_late,
        without=lax.UNFENCED,
    ),
    "effects.settled-early": Bypass(
        program=_settled_early, without=CLAIMS["early-settlement"]
    ),
    "effects.forked": Bypass(
        program=_forked,
        without=CLAIMS["stale-checkpoint"],
    ),
    "effects.turned-back": Bypass(
        program=_turned_back,
        without=UNWATCHED,
    ),
    "effects.clicked-twice": Bypass(
        program=_clicked_twice,
        without=lax.FORGOTTEN,
    ),
}
