"""Looks: a question sets the time of people aside, and a verdict charges what was taken."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.obligation import ORDINARY_LOOK_S
from interlock.runtime.policy.request import Principal, Verdict
from interlock.runtime.record import state
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import limit, opening
from interlock.runtime.run.run import Run
from interlock.runtime.run.verdict import Shown
from interlock.runtime.testing import (
    PLENTY,
    REVIEWER,
    Effects,
    StaticPoint,
    World,
    tampering,
)

TOOL = "note.write"
LOOK_MS = ORDINARY_LOOK_S * 1000
#: The test's own time is counted too
ROUGHLY_MS = 9_000
RUTH = replace(REVIEWER, id="ruth")


def roughly(*amounts: int) -> Any:
    return pytest.approx(amounts, abs=ROUGHLY_MS)


@dataclass(kw_only=True)
class Room:
    """A run whose actions wait for people, and what these do."""

    world: World
    asked: list[str] = field(default_factory=list)

    async def ask(self, run: Run) -> str | tuple[str, ...]:
        call = str(len(self.asked))
        outcome = await self.world.pep.enforce(
            run, tool=TOOL, arguments={"text": f"note {call}"}, call_id=call
        )
        if isinstance(outcome, Waiting):
            self.asked.append(outcome.approval_id)
            return outcome.approval_id
        assert isinstance(outcome, Denied)
        return outcome.codes

    async def show(self, approval: str, person: Principal = REVIEWER) -> None:
        def work(tx: Tx) -> None:
            opening.note(
                tx, self.world.vault, approval, tenant="default", person=person.id
            )

        await self.world.store.write(work, logs=("default",))

    async def decide(
        self,
        *approvals: str,
        person: Principal = REVIEWER,
        verdict: Verdict = "approved",
    ) -> None:
        shown = [
            Shown(
                approval=approval,
                evidence=(await self.world.approvals.read(approval)).evidence_digest,
            )
            for approval in approvals
        ]
        await self.world.approvals.decide_together(
            shown, reviewer=person, verdict=verdict, note="looked at it"
        )

    async def go_by(self, seconds: int) -> None:
        """Let every look have begun so much earlier: the clock of a server cannot be moved."""
        openings = tables.approval_opening
        earlier = {name: openings.c[name] - seconds for name in ("at", "free_from")}
        with tampering(self.world.store) as connection:
            connection.execute(update(openings).values(earlier))

    async def spent(self, run: Run) -> tuple[int, int]:
        """Return what of people's time is spent and what is set aside."""
        budget = await self.world.budget(run)
        return budget.spent.reviewer_ms, budget.reserved.reviewer_ms

    async def entered(self) -> list[tuple[int, int, int]]:
        """Return what the verdicts in the ledger spent, gave back and took beyond."""
        return [
            tuple(
                entry[name].get("reviewer_ms", 0)
                for name in ("spent", "freed", "overrun")
            )
            for entry in await self.world.entries()
            if entry["event"] == "approval"
        ]


@pytest.fixture
async def room(tmp_path: Path, database_url: str) -> AsyncIterator[Room]:
    pdp = StaticPoint(effects={TOOL: "permit"}, waiting=frozenset({TOOL}))
    tools = [Effects().tool(TOOL)]
    async with World(tmp_path, tools=tools, pdp=pdp, url=database_url) as world:
        yield Room(world=world)
        assert (await world.verify()).problems == []
        assert await state.differences(world.store, world.vault) == []


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
async def test_a_verdict_charges_the_time_that_was_taken(
    room: Room, verdict: Verdict
) -> None:
    """What a person took since he or she was shown it is spent, and the rest is given back."""
    run = await room.world.start()
    approval = await room.ask(run)
    assert isinstance(approval, str)
    assert await room.spent(run) == (0, LOOK_MS)
    await room.show(approval)
    await room.go_by(50)
    await room.decide(approval, verdict=verdict)

    assert await room.spent(run) == roughly(50_000, 0)
    assert await room.entered() == [roughly(50_000, LOOK_MS - 50_000, 0)]


async def test_no_more_is_charged_than_was_set_aside(room: Room) -> None:
    """A look that takes longer is charged its share, and the entry says how much longer."""
    run = await room.world.start()
    approval = await room.ask(run)
    assert isinstance(approval, str)
    await room.show(approval)
    await room.go_by(ORDINARY_LOOK_S + 30)
    await room.decide(approval)

    assert await room.spent(run) == (LOOK_MS, 0)
    assert await room.entered() == [roughly(LOOK_MS, 0, 30_000)]


async def test_a_look_of_which_nobody_knows_is_charged_whole(room: Room) -> None:
    """Who decides without having been shown it is charged the whole share."""
    run = await room.world.start()
    approval = await room.ask(run)
    assert isinstance(approval, str)
    await room.decide(approval)

    assert await room.spent(run) == (LOOK_MS, 0)


async def test_no_minute_is_charged_twice(room: Room) -> None:
    """Of one who has two open the time until the first verdict counts for the first alone."""
    run = await room.world.start()
    first, second = await room.ask(run), await room.ask(run)
    assert isinstance(first, str)
    assert isinstance(second, str)
    await room.show(first)
    await room.show(second)
    await room.show(second, RUTH)
    await room.go_by(40)
    await room.decide(first)
    await room.go_by(5)
    await room.decide(second)

    assert await room.spent(run) == roughly(45_000, 0)


async def test_what_is_decided_together_is_one_look(room: Room) -> None:
    """One verdict on several takes the time of one look, also where nobody knows when it began."""
    run = await room.world.start()
    asked = [await room.ask(run) for _ in range(3)]
    await room.decide(*(approval for approval in asked if isinstance(approval, str)))

    assert await room.spent(run) == (LOOK_MS, 0)
    assert [spent for spent, _, _ in await room.entered()] == [LOOK_MS, 0, 0]


async def test_who_has_no_time_left_is_not_asked(room: Room) -> None:
    """A question whose look does not fit is refused at once; a verdict makes room for one."""
    limits = replace(PLENTY, reviewer_ms=LOOK_MS + 60_000)
    run = await room.world.start(limits=limits)
    first = await room.ask(run)
    assert isinstance(first, str)
    refused = await room.ask(run)
    await room.show(first)
    await room.go_by(60)
    await room.decide(first)
    room.asked.append("refused")
    asked_again = await room.ask(run)

    assert refused == ("budget_exceeded",)
    assert isinstance(asked_again, str)


async def test_a_soft_limit_is_said_and_stops_nobody(room: Room) -> None:
    """A soft limit on people's time that a verdict passes is a fact, and the next one is asked."""
    run = await room.world.start()

    def soft(tx: Tx) -> None:
        limit.set_limit(
            tx, budget_id=run.id, kind="reviewer_ms", limit=1_000, soft=True, by="ana"
        )

    await room.world.store.write(soft, logs=("default",))
    approval = await room.ask(run)
    assert isinstance(approval, str)
    await room.decide(approval)

    assert (await room.world.budget(run)).passed == ("reviewer_ms",)
    assert isinstance(await room.ask(run), str)


@pytest.mark.parametrize("seed", range(3))
async def test_the_looks_of_people_add_up(room: Room, seed: int) -> None:
    """Whoever looks at what in whatever order: what is spent is what the verdicts say.

    Nothing passes the limit or falls below 0, what is set aside is one look for each that waits,
    and nobody is charged more time than went by.
    """
    random = Random(seed)  # noqa: S311 - a sequence that can be repeated, no secret
    most_ms = 6 * LOOK_MS
    run = await room.world.start(limits=replace(PLENTY, reviewer_ms=most_ms))
    waiting: list[str] = []
    gone_by = 0
    for _ in range(30):
        person = random.choice([REVIEWER, RUTH])
        deed = random.choice(["ask", "show", "show", "wait", "decide"])
        if deed == "ask":
            approval = await room.ask(run)
            waiting += [approval] if isinstance(approval, str) else []
            room.asked.append("next")
        elif deed == "wait":
            seconds = random.randrange(90)
            gone_by += seconds
            await room.go_by(seconds)
        elif waiting and deed == "show":
            await room.show(random.choice(waiting), person)
        elif waiting:
            approval = waiting.pop(random.randrange(len(waiting)))
            await room.show(approval, person)
            verdict: Verdict = random.choice(["approved", "rejected"])
            await room.decide(approval, person=person, verdict=verdict)
        spent, reserved = await room.spent(run)
        assert reserved == LOOK_MS * len(waiting)
        assert 0 <= spent <= most_ms - reserved
        assert spent == sum(taken for taken, _, _ in await room.entered())
        assert spent <= 2 * 1000 * (gone_by + ROUGHLY_MS // 1000)
