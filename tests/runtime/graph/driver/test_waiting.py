"""Parallel tool calls that wait for people: each gets its own answer."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime.graph.driver.plans import NOTES, Planned, again, decide, told

from interlock.runtime.testing import Effects, FixedClock, StaticPoint, World

if TYPE_CHECKING:
    from interlock.runtime.policy.request import Verdict


@pytest.mark.parametrize("seed", range(20))
async def test_each_waiting_call_gets_its_own_answer(
    world: World, effects: Effects, seed: int
) -> None:
    """Two calls that wait side by side, answered yes or no in any order, together or apart: each
    gets its own answer.
    """
    dice = random.Random(seed)  # noqa: S311 - a reproducible shuffle
    agent, run = Planned(*NOTES), await world.start()
    ended = await world.driver.drive(run, agent)
    assert ended.status == "waiting"
    assert len(ended.waiting) == 2

    verdicts: dict[str, Verdict] = {}
    for approval in dice.sample(ended.waiting, 2):
        verdict: Verdict = dice.choice(("approved", "rejected"))
        text = await decide(world, approval, verdict)
        verdicts[text] = verdict
        if len(verdicts) == 1 and dice.random() < 0.5:
            ended = await again(world, run, agent)
            assert ended.status == "waiting"
            assert len(ended.waiting) == 1
    ended = await again(world, run, agent)

    assert ended.status == "done"
    assert sorted(effects.done) == sorted(
        text for text, verdict in verdicts.items() if verdict == "approved"
    )
    for call, text in (("call-0", "first"), ("call-1", "second")):
        status, said = told(ended, call)
        assert (status, text in said) == (
            ("success", True) if verdicts[text] == "approved" else ("error", False)
        )


async def test_a_resume_without_a_verdict_changes_nothing(
    world: World, effects: Effects
) -> None:
    """Waking a run whose approvals still wait leaves it waiting, for the same approvals."""
    agent, run = Planned(*NOTES), await world.start()
    first = await world.driver.drive(run, agent)
    second = await again(world, run, agent)

    assert second == first
    assert effects.done == []


async def test_a_verdict_that_came_and_went_is_asked_for_again(
    tmp_path: Path, effects: Effects
) -> None:
    """When an approval expires between the verdict and the resume, the run waits again instead of
    going on without.
    """

    class Expiring(StaticPoint):
        async def decide(self, request: Any) -> Any:
            live = tuple(
                each
                for each in request.context.approvals
                if each.expires > request.context.now
            )
            object.__setattr__(request.context, "approvals", live)
            return await super().decide(request)

    clock = FixedClock()
    pdp = Expiring(effects={"note.write": "permit"}, waiting=frozenset({"note.write"}))
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=pdp, clock=clock
    ) as world:
        agent, run = Planned(NOTES[0]), await world.start()
        (first,) = (await world.driver.drive(run, agent)).waiting
        await decide(world, first)
        clock.advance(3600)
        ended = await again(world, run, agent)
        assert ended.status == "waiting"
        (second,) = ended.waiting
        assert second != first
        await decide(world, second)
        ended = await again(world, run, agent)

    assert ended.status == "done"
    assert effects.done == ["first"]


async def test_a_refusal_is_told_to_the_planner(world: World, effects: Effects) -> None:
    """A denied call, an unknown tool and an invalid one become error messages; the other calls are
    done.
    """
    agent = Planned(
        ("note.never", {"text": "x"}),
        ("no.such.tool", {"text": "x"}),
        ("note.now", {"txt": 0.5}),
        ("note.now", {"text": "ok"}),
    )
    ended = await world.driver.drive(await world.start(), agent)

    assert ended.status == "done"
    assert [told(ended, f"call-{n}")[0] for n in range(4)] == [
        "error",
        "error",
        "error",
        "success",
    ]
    assert str(ended.outcome["call-0"]).count("not_granted") == 1
    assert effects.done == ["ok"]


async def test_an_expired_wait_is_told_to_the_planner(
    tmp_path: Path, effects: Effects
) -> None:
    """When nobody answers in time the run goes on with an error message."""
    clock = FixedClock()
    pdp = StaticPoint(
        effects={"note.write": "permit"}, waiting=frozenset({"note.write"})
    )
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=pdp, clock=clock
    ) as world:
        agent, run = Planned(NOTES[0]), await world.start()
        await world.driver.drive(run, agent)
        clock.advance(3600)
        ended = await again(world, run, agent)

    assert ended.status == "done"
    assert "approval_expired" in str(ended.outcome["call-0"])
    assert effects.done == []
