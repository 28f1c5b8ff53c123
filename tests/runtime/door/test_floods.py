"""Floods: asking people and being refused cost the run, and neither goes on without end."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.evals.floods.flood import MOST_REFUSALS, Limited
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Outcome, Waiting
from interlock.runtime.errors import RefusedTooOften
from interlock.runtime.policy.bounds import ORDINARY
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.obligation import ORDINARY_LOOK_S
from interlock.runtime.policy.request import Amounts, Verdict
from interlock.runtime.record import audit, state
from interlock.runtime.run.run import Run
from interlock.runtime.testing import (
    PLENTY,
    REVIEWER,
    Effects,
    FixedClock,
    StaticPoint,
    World,
)

MOST = ORDINARY.open_of_run
#: What one question sets aside
ASKED = Amounts(effects=1, reviewer_ms=ORDINARY_LOOK_S * 1000)


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    pdp = StaticPoint(
        effects={"note.write": "permit"}, waiting=frozenset({"note.write"})
    )
    tools = [Effects().tool("note.write"), Effects().tool("note.never")]
    async with World(tmp_path, tools=tools, pdp=pdp, url=database_url) as made:
        yield made
        assert (await made.verify()).problems == []
        assert await state.differences(made.store, made.vault) == []


async def ask(world: World, run: Run, number: int = 0) -> Outcome:
    return await world.pep.enforce(
        run,
        tool="note.write",
        arguments={"text": f"note {number}"},
        call_id=str(number),
    )


async def decide(world: World, outcome: Outcome, verdict: Verdict) -> None:
    assert isinstance(outcome, Waiting)
    approval = await world.approvals.read(outcome.approval_id)
    await world.approvals.decide(
        approval.id,
        reviewer=REVIEWER,
        verdict=verdict,
        shown=approval.evidence_digest,
        note="looked at it",
    )


async def test_a_question_costs_a_step_and_sets_its_effect_aside(world: World) -> None:
    """A waiting action has spent a step; its effect is set aside until it happens, and a look."""
    run = await world.start()
    outcome = await ask(world, run)
    waiting = await world.budget(run)
    await decide(world, outcome, "approved")
    done = await ask(world, run)
    ended = await world.budget(run)

    assert (waiting.spent, waiting.reserved) == (Amounts(steps=1), ASKED)
    assert isinstance(done, Done)
    assert (ended.spent.steps, ended.spent.effects) == (2, 1)
    assert ended.reserved == Amounts()


@pytest.mark.parametrize("kind", ["steps", "effects"])
async def test_no_more_is_asked_than_the_budget_pays_for(
    world: World, kind: str
) -> None:
    """Questions end where steps or effects do."""
    run = await world.start(limits=replace(PLENTY, **{kind: 3}))
    outcomes = [await ask(world, run, number) for number in range(5)]

    assert [type(outcome) for outcome in outcomes] == [Waiting] * 3 + [Denied] * 2
    refused = outcomes[-1]
    assert isinstance(refused, Denied)
    assert refused.codes == ("budget_exceeded",)


async def test_what_was_set_aside_does_not_stand_in_its_own_way(world: World) -> None:
    """An action whose effect is the last that fits is done once a person has agreed."""
    run = await world.start(limits=replace(PLENTY, effects=1))
    await decide(world, await ask(world, run), "approved")

    assert isinstance(await ask(world, run), Done)
    asked = world.pdp.asked[-1].context.budget  # type: ignore[attr-defined]  # a StaticPoint
    assert asked.reserved == Amounts()


@pytest.mark.parametrize("way", ["rejected", "ended", "cancelled"])
async def test_an_effect_that_will_not_be_is_given_back(world: World, way: str) -> None:
    """A no and the end of the run give the effect back; the step stays spent."""
    run = await world.start()
    outcome = await ask(world, run)
    match way:
        case "rejected":
            await decide(world, outcome, "rejected")
        case "ended":
            await world.runs.end(run, "done", {})
        case _:
            await world.runs.cancel(run.id, by="ana")
    budget = await world.budget(run)

    assert budget.reserved == Amounts()
    assert (budget.spent.effects, budget.spent.steps >= 1) == (0, True)


async def test_only_so_many_questions_of_a_run_wait(world: World) -> None:
    """One question more than may wait is refused, and an answer makes room for it."""
    run = await world.start()
    outcomes = [await ask(world, run, number) for number in range(MOST + 1)]
    await decide(world, outcomes[0], "rejected")
    after_an_answer = await ask(world, run, MOST + 1)

    assert [type(outcome) for outcome in outcomes] == [Waiting] * MOST + [Denied]
    refused = outcomes[-1]
    assert isinstance(refused, Denied)
    assert refused.codes == ("too_many_questions",)
    assert isinstance(after_an_answer, Waiting)
    assert len(await world.approvals.list(state="waiting")) == MOST


async def test_a_question_whose_time_is_up_waits_no_more(tmp_path: Path) -> None:
    """The end of its time makes room for another question, and gives back what was set aside."""
    clock = FixedClock()
    pdp = StaticPoint(
        effects={"note.write": "permit"}, waiting=frozenset({"note.write"})
    )
    tools = [Effects().tool("note.write")]
    async with World(tmp_path, tools=tools, pdp=pdp, clock=clock) as world:
        run = await world.start()
        for number in range(MOST):
            await ask(world, run, number)
        clock.advance(3600)
        outcome = await ask(world, run, MOST)
        for number in range(MOST):
            await ask(world, run, number)  # told that nobody answered

        assert isinstance(outcome, Waiting)
        assert (await world.budget(run)).reserved == ASKED
        assert await state.differences(world.store, world.vault) == []


async def test_only_so_many_questions_of_a_tenant_wait(world: World) -> None:
    """The runs of one tenant share one number of questions that may wait."""
    runs = [await world.start() for _ in range(ORDINARY.open_of_tenant // MOST + 1)]
    outcomes = [await ask(world, run, number) for run in runs for number in range(MOST)]

    asked = [outcome for outcome in outcomes if isinstance(outcome, Waiting)]
    assert len(asked) == ORDINARY.open_of_tenant


@pytest.mark.parametrize("by", ["policy", "runtime"])
async def test_refusals_of_one_answer_end_the_run(tmp_path: Path, by: str) -> None:
    """Of calls that are proposed at once, no more are refused than the policy bears."""
    tools = [Effects().tool("note.write"), Effects().tool("note.never")]
    pdp = Limited(effects={"note.write": "permit"})
    name = "note.never" if by == "policy" else "note.write"
    async with World(tmp_path, tools=tools, pdp=pdp) as world:
        run = await world.start(limits=replace(PLENTY, effects=0))
        door = Door(pep=world.pep, run=run)
        calls = [
            door.call(name, {"text": "x"}, call_id=str(number))
            for number in range(ORDINARY.calls)
        ]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        await world.store.durable(run.claim)
        entries = [entry for entry in await world.entries() if "counted" in entry]

    assert len(entries) == MOST_REFUSALS + 1
    refused = [outcome for outcome in outcomes if isinstance(outcome, Denied)]
    ended = [outcome for outcome in outcomes if isinstance(outcome, RefusedTooOften)]
    assert (len(refused), len(refused) + len(ended)) == (MOST_REFUSALS, len(outcomes))


LONG = "x" * 50_000
#: What is proposed, none of which is carried out
UNDONE: dict[str, tuple[str, dict[str, object]]] = {
    "denied": ("note.never", {"text": LONG}),
    "waiting": ("note.write", {"text": LONG}),
    "no such tool": ("no.such.tool", {"text": LONG}),
    "a long name": (LONG, {}),
    "arguments that do not fit": ("note.write", {"other": LONG}),
    "many arguments": (
        "note.write",
        {f"a{number}": 1 for number in range(100)},
    ),
    "no canonical form": ("note.write", {"text": [LONG, 0.5]}),
}


@pytest.mark.parametrize("what", UNDONE)
async def test_what_is_not_carried_out_is_recorded_in_short(
    world: World, what: str
) -> None:
    """The entry on what is denied or waits has the digest of a long argument, not the argument."""
    tool, arguments = UNDONE[what]
    run = await world.start()
    await world.pep.enforce(run, tool=tool, arguments=arguments, call_id="1")
    await world.store.durable(run.claim)
    entries = await audit.entries(world.store, world.vault)
    (payload,) = [
        entry["payload"] for entry in entries if entry["body"]["event"] == "decision"
    ]

    assert '"sha256"' in json.dumps(payload["arguments"])
    assert len(json.dumps(payload)) < 4_000


async def test_a_refusal_costs_a_step(world: World) -> None:
    """Each refusal spends a step as long as there is one, and is recorded with what it cost."""
    run = await world.start(limits=replace(PLENTY, steps=2))
    for number in range(3):
        await world.pep.enforce(
            run, tool="note.never", arguments={"text": "x"}, call_id=str(number)
        )
    spent = (await world.budget(run)).spent
    costs = [entry["spent"] for entry in await world.entries() if "counted" in entry]

    assert spent == Amounts(steps=2)
    assert [cost.get("steps", 0) for cost in costs] == [1, 1, 0]
