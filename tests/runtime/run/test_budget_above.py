"""A used-up budget of a tenant or a job: its runs are held until somebody raises the budget."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Outcome
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.decision import Denied
from interlock.runtime.record import state
from interlock.runtime.record.spend import of_tenant
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import action, budget, limit
from interlock.runtime.run.claim_ends import claim_ends
from interlock.runtime.run.held import HeldAlready
from interlock.runtime.run.run import Run, check
from interlock.runtime.testing import PLENTY, Effects, StaticPoint, World

TENANT = of_tenant("default")
#: A tool that waits for a person
ASKED = "note.ask"
#: One without an effect
LOOK = "note.look"


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    tools = [Effects().tool(name) for name in ("note.write", ASKED)]
    tools.append(Effects().tool(LOOK, "pure"))
    pdp = StaticPoint(
        effects={tool.name: "permit" for tool in tools},
        waiting=frozenset({ASKED}),
    )
    async with World(tmp_path, tools=tools, pdp=pdp, url=database_url) as made:
        yield made
        assert (await made.verify()).problems == []
        assert await state.differences(made.store, made.vault) == []


async def set_effects(world: World, most: int) -> None:
    await set_most(world, "effects", most)


async def set_most(world: World, kind: str, most: int) -> None:
    changed = partial(
        limit.set_limit,
        budget_id=TENANT,
        kind=kind,
        limit=most,
        soft=False,
        by="ada",
    )
    await world.store.write(changed, logs=("default",))


async def act(world: World, run: Run, tool: str = "note.write") -> Outcome:
    outcome = await world.pep.enforce(
        run, tool=tool, arguments={"text": "x"}, call_id="1"
    )
    await world.store.durable(run.claim)
    return outcome


async def stands(world: World, run: Run) -> tuple[str, bool, int]:
    """Return the status of the run, whether any worker may ever claim it, and its refusals."""
    columns = tables.run.c
    query = select(columns.status, columns.ready_at, columns.refusals)
    row = await world.store.read(
        lambda connection: connection.execute(query.where(columns.id == run.id)).one()
    )
    return row.status, row.ready_at is not None, row.refusals


async def test_a_run_waits_for_the_budget_above_it(world: World) -> None:
    """It is held and not refused; once the budget is raised the same call is decided again."""
    await set_effects(world, 0)
    run = await world.start()
    denied = await act(world, run)
    held = await stands(world, run)
    await world.runs.end(run, "held", {})
    ended = await stands(world, run)
    await set_effects(world, 1)
    raised = await stands(world, run)
    done = await act(world, await world.runs.claim(run.id))

    assert isinstance(denied, Denied)
    assert denied.codes == ("budget_exceeded",)
    assert held == ended == ("held", False, 0)
    assert raised == ("held", True, 0)
    assert isinstance(done, Done)


async def test_an_agent_is_not_asked_to_plan_around_it(world: World) -> None:
    """The claim ends where the budget above is used up: the agent gets no answer."""
    await set_effects(world, 0)
    run = await world.start()
    with pytest.raises(GuardFailed) as refusal:
        await Door(pep=world.pep, run=run).call(
            "note.write", {"text": "x"}, call_id="1"
        )
    await world.store.durable(run.claim)

    assert f"interlock budget raise {TENANT} effects" in str(refusal.value)


async def test_its_own_budget_is_no_reason_to_hold_a_run(world: World) -> None:
    """What does not fit the run's own budget is denied and counted, and the run goes on."""
    run = await world.start(limits=replace(PLENTY, effects=0))
    denied = await act(world, run)

    assert isinstance(denied, Denied)
    assert await stands(world, run) == ("running", True, 1)


async def test_nothing_but_the_runs_that_lack_it_is_held(world: World) -> None:
    """A run of the same tenant that needs nothing of what lacks goes on."""
    other = await world.start()
    await act(world, other)
    await set_effects(world, 1)
    run = await world.start()
    await act(world, run)

    assert (await stands(world, run))[0] == "held"
    assert (await stands(world, other))[0] == "running"


async def test_a_raise_in_between_loses_no_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the budget was raised before the hold is written, the run is tried again by itself."""
    await set_effects(world, 0)
    run = await world.start()
    deny = action.deny

    def late(tx: Tx, step: Any) -> None:
        limit.set_limit(
            tx, budget_id=TENANT, kind="effects", limit=1, soft=False, by="ada"
        )
        deny(tx, step)

    monkeypatch.setattr(action, "deny", late)
    await act(world, run)
    monkeypatch.undo()
    await world.runs.end(run, "held", {})

    assert await stands(world, run) == ("held", True, 0)
    assert isinstance(await act(world, await world.runs.claim(run.id)), Done)


async def test_what_others_only_set_aside_stops_no_run_for_good(world: World) -> None:
    """Where it would fit once they give it back, the run is tried again by itself."""
    await set_effects(world, 1)
    first, second = await world.start(), await world.start()
    await act(world, first, ASKED)
    await act(world, second)
    await world.runs.end(second, "held", {})

    assert await stands(world, second) == ("held", True, 0)


async def test_to_wait_for_the_budget_above_is_no_try_of_the_run(world: World) -> None:
    """However often the budget is raised by too little, the run does not die of it."""
    await set_effects(world, 0)
    run = await world.start()
    with pytest.raises(GuardFailed) as refusal:
        await Door(pep=world.pep, run=run).call(
            "note.write", {"text": "x"}, call_id="1"
        )

    assert refusal.value.is_outage


async def test_a_look_waits_for_what_others_only_set_aside(world: World) -> None:
    """A look that fits no more when it is recorded: its run is tried again by itself."""
    other, run = await world.start(), await world.start()
    await set_most(world, "steps", 1)
    take = partial(
        budget.reserve,
        action_id="of another",
        budget_id=other.budget_id,
        tenant="default",
        cost=budget.ONE_STEP,
    )
    assert await world.store.write(take, logs=("default",)) is None
    await act(world, run, LOOK)
    await world.runs.end(run, "held", {})
    held = await stands(world, run)
    give_back = partial(budget.release, action_id="of another")
    await world.store.write(give_back, logs=("default",))

    assert held == ("held", True, 0)
    assert isinstance(await act(world, await world.runs.claim(run.id), LOOK), Done)


async def test_a_look_that_lacks_what_is_spent_waits_for_a_person(world: World) -> None:
    """Nobody gives back what is spent, so no worker tries the run until the budget is raised."""
    other, run = await world.start(), await world.start()
    await act(world, other)
    await set_most(world, "steps", 1)
    await act(world, run, LOOK)
    await world.runs.end(run, "held", {})
    held = await stands(world, run)
    await set_most(world, "steps", 2)

    assert held == ("held", False, 0)
    assert await stands(world, run) == ("held", True, 0)
    assert isinstance(await act(world, await world.runs.claim(run.id), LOOK), Done)


async def test_to_be_held_for_a_look_is_no_try_of_the_run(world: World) -> None:
    """Whatever is recorded after the hold is refused as an outage is: the run is not at fault."""
    run = await world.start(limits=replace(PLENTY, steps=0))
    await act(world, run, LOOK)

    def late(tx: Tx) -> None:
        check(tx, run)

    with pytest.raises(HeldAlready) as refusal:
        await world.store.write(late, logs=("default",))

    assert refusal.value.is_outage


@pytest.mark.parametrize(
    ("because", "is_outside"),
    [("engine", True), ("budget_above", True), ("budget", False), ("away", False)],
)
def test_no_release_is_excused_for_its_own_budget(
    because: str, is_outside: bool
) -> None:
    """What holds a run counts for its release where the release may be the cause of that."""
    entries: list[tuple[int, dict[str, Any]]] = [
        (1, {"event": "run_held", "because": because}),
        (2, {"event": "run_ended", "status": "held", "outage": True}),
    ]
    (end,) = claim_ends(entries)

    assert end.is_outside == is_outside
