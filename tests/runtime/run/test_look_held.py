"""The time of people while a run is held: its open question stays, and so does what it costs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from interlock.runtime.door.outcome import Done, Waiting
from interlock.runtime.policy.decision import ENGINE, Decision, Denied, Reason
from interlock.runtime.policy.obligation import ORDINARY_LOOK_S
from interlock.runtime.policy.request import AccessRequest, Principal, Verdict
from interlock.runtime.record import state
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, Effects, StaticPoint, World

TOOL = "note.write"
LOOK_MS = ORDINARY_LOOK_S * 1000
RUTH = replace(REVIEWER, id="ruth")
#: What holds a run: an engine that is away, and a used-up budget above
AWAY = Reason(code="pdp_unavailable", rule=ENGINE)
SHORT = Reason(
    code="budget_exceeded",
    rule="budget",
    parameters={"level": "tenant", "kind": "steps", "limit": 1},
)


@dataclass(kw_only=True)
class Point(StaticPoint):
    """A decision point that denies everything with a reason, as soon as there is one."""

    reason: Reason | None = None

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer, or the denial."""
        decision = await super().decide(request)
        if self.reason is None:
            return decision
        return replace(decision, effect="deny", obligations=(), reasons=(self.reason,))


@dataclass(kw_only=True)
class Desk:
    """A run whose question was open when the run was held."""

    world: World
    pdp: Point
    run: Run
    approval: str

    async def ask(self) -> Any:
        outcome = await self.world.pep.enforce(
            self.run, tool=TOOL, arguments={"text": "x"}, call_id="1"
        )
        await self.world.store.durable(self.run.claim)
        return outcome

    async def decide(
        self, person: Principal = REVIEWER, verdict: Verdict = "approved"
    ) -> None:
        seen = (await self.world.approvals.read(self.approval)).evidence_digest
        await self.world.approvals.decide(
            self.approval,
            reviewer=person,
            verdict=verdict,
            shown=seen,
            note="looked at it",
        )

    async def spent(self) -> tuple[int, int, int]:
        """Return what of people's time is spent and set aside, and the effects set aside."""
        budget = await self.world.budget(self.run)
        return (
            budget.spent.reviewer_ms,
            budget.reserved.reviewer_ms,
            budget.reserved.effects,
        )

    async def state(self) -> str:
        """Return the state of the action."""
        query = select(tables.action.c.state)
        return str(
            await self.world.store.read(
                lambda connection: connection.execute(query).scalar_one()
            )
        )


@pytest.fixture(params=[AWAY, SHORT], ids=["engine", "budget_above"])
async def desk(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str
) -> AsyncIterator[Desk]:
    pdp = Point(effects={TOOL: "permit"}, waiting=frozenset({TOOL}))
    tools = [Effects().tool(TOOL)]
    async with World(tmp_path, tools=tools, pdp=pdp, url=database_url) as world:
        desk = Desk(world=world, pdp=pdp, run=await world.start(), approval="")
        asked = await desk.ask()
        assert isinstance(asked, Waiting)
        desk.approval = asked.approval_id
        desk.run = await world.reclaim(desk.run)
        pdp.reason = request.param
        assert isinstance(await desk.ask(), Denied)
        await world.runs.end(desk.run, "held", {})
        pdp.reason = None
        yield desk
        assert (await world.verify()).problems == []
        assert await state.differences(world.store, world.vault) == []


async def test_a_verdict_while_the_run_is_held_is_charged(desk: Desk) -> None:
    """The look is spent as if the run had waited, and the action is then done under the verdict."""
    before = await desk.spent()
    await desk.decide()
    decided = await desk.spent()
    desk.run = await desk.world.reclaim(desk.run)
    done = await desk.ask()

    assert before == (0, LOOK_MS, 1)
    assert decided == (LOOK_MS, 0, 1)
    assert isinstance(done, Done)
    assert await desk.spent() == (LOOK_MS, 0, 0)


async def test_a_no_while_the_run_is_held_gives_the_rest_back(desk: Desk) -> None:
    """The look is spent and nothing stays set aside."""
    await desk.decide(verdict="rejected")

    assert await desk.spent() == (LOOK_MS, 0, 0)


async def test_the_question_waits_on_while_the_run_is_held(desk: Desk) -> None:
    """Nobody is asked again: the same question is open in the next claim, at no further cost."""
    held = await desk.state()
    desk.run = await desk.world.reclaim(desk.run)
    asked = await desk.ask()

    assert held == "waiting"
    assert isinstance(asked, Waiting)
    assert asked.approval_id == desk.approval
    assert await desk.spent() == (0, LOOK_MS, 1)


async def test_a_held_run_that_is_cancelled_sets_nothing_aside(desk: Desk) -> None:
    """What was set aside for its open question is given back with the end of the run."""
    await desk.world.runs.cancel(desk.run.id, by="ada")

    assert await desk.spent() == (0, 0, 0)
