"""Calls beside the one that holds the run: neither lost nor repeated."""

import random

import pytest
from tests.runtime.door.held.outage import (
    Outage,
    Planned,
    again,
    approve,
    raise_steps,
    states,
)

from interlock.runtime.policy.request import Amounts
from interlock.runtime.testing import Effects, World


@pytest.mark.parametrize("seed", range(6))
async def test_calls_beside_an_unanswered_one_are_neither_lost_nor_repeated(
    world: World, pdp: Outage, effects: Effects, seed: int
) -> None:
    """Of calls made at once, those under way end and are recorded, the others do not begin; each
    happens exactly once.
    """
    dice = random.Random(seed)  # noqa: S311 - a reproducible shuffle
    names = dice.sample(["note.slow"] * 4 + ["note.write"] * 2 + ["note.pure"] * 2, 8)
    agent, run = Planned(tuple(names)), await world.start()
    pdp.down = frozenset({dice.choice(["note.write", "note.pure"])})
    held = await world.driver.drive(run, agent)
    found = await states(world)
    before = list(effects.done)

    assert held.status == "held"
    assert {state for each in found.values() for state in each} <= {
        "done",
        "denied",
    }  # nothing open, nothing unknown
    assert sorted(before) == sorted(set(before))
    pdp.down = frozenset()
    ended = await again(world, run, agent)

    assert ended.status == "done"
    assert sorted(effects.done) == [f"0-{n}" for n in range(8)]
    assert (await states(world)) == {
        name: ["done"] * names.count(name) for name in set(names)
    }


@pytest.mark.parametrize("after_s", [0, 0.2])
async def test_a_wait_beside_an_unanswered_call_goes_on_waiting(
    world: World, pdp: Outage, effects: Effects, after_s: float
) -> None:
    """A held run in which another call waits for a person goes on as soon as it is resumed, and
    then waits.
    """
    agent, run = Planned(("note.wait", "note.write")), await world.start()
    pdp.down, pdp.after_s = frozenset({"note.write"}), after_s
    assert (await world.driver.drive(run, agent)).status == "held"
    pdp.down = frozenset()
    waits = await again(world, run, agent)

    assert waits.status == "waiting"
    assert effects.done == ["0-1"]
    (approval,) = waits.waiting
    await approve(world, approval)
    assert (await again(world, run, agent)).status == "done"
    assert effects.done == ["0-1", "0-0"]


async def test_a_step_that_cannot_be_paid_holds_the_run_and_its_result_is_not_kept(
    world: World,
) -> None:
    """Three looks at once with room for one: the run is held; once there is room the others are
    done anew and recorded.
    """
    agent, run = (
        Planned(("note.pure",) * 3),
        await world.start(limits=Amounts(steps=1, wall_ms=10**6)),
    )
    held = await world.driver.drive(run, agent)

    assert held.status == "held"
    assert "interlock budget raise" in str(held.outcome["error"])
    assert await states(world) == {"note.pure": ["done"]}
    assert (await world.budget(run)).spent.steps == 1
    await raise_steps(world, run, 2)
    ended = await again(world, run, agent)

    assert (ended.status, ended.outcome) == (
        "done",
        dict.fromkeys(("0-0", "0-1", "0-2"), "success"),
    )
    assert [each["event"] for each in await world.entries()].count("step") == 3
    assert (await world.budget(run)).spent.steps == 3


async def test_an_effect_under_way_is_recorded_though_its_run_is_held(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """When the run is held by a step beside it, an effect that is acting still gets its outcome,
    and is not repeated.
    """
    agent, pdp.behind = (
        Planned(("note.slow", "note.pure", "note.pure")),
        frozenset({"note.pure"}),
    )
    run = await world.start(limits=Amounts(steps=2, effects=1, wall_ms=10**6))
    held = await world.driver.drive(run, agent)

    assert held.status == "held"
    assert (await states(world))["note.slow"] == ["done"]
    await raise_steps(world, run, 1)
    ended = await again(world, run, agent)
    assert (ended.status, ended.outcome) == (
        "done",
        dict.fromkeys(("0-0", "0-1", "0-2"), "success"),
    )
    assert effects.done.count("0-0") == 1
