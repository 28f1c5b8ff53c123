"""The information point: what the policy is told."""

import asyncio
from pathlib import Path

import pytest

from interlock.runtime.door.door import Door
from interlock.runtime.door.proposal import UNKNOWN
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import KillFact, KillScope
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.testing import Effects, StaticPoint, World


@pytest.mark.parametrize(
    ("scope", "name", "told"),
    [
        ("all", "", True),
        ("tenant", "default", True),
        ("tool", UNKNOWN, True),
        ("tenant", "other", False),
        ("tool", "another", False),
        ("run", "run-0", False),
    ],
)
async def test_the_policy_is_told_of_every_switch_that_covers_the_request(
    tmp_path: Path, scope: KillScope, name: str, *, told: bool
) -> None:
    """An engaged switch reaches the policy with the request it covers, and with no other."""
    point = StaticPoint()
    async with World(tmp_path, pdp=point) as world:
        run = await world.start()
        await KillSwitches(world.store).engage(scope, name, by="ada")
        await world.pep.enforce(run, tool="no.such", arguments={}, call_id="1")
        await world.store.durable(run.claim)

    expected = (KillFact(scope=scope, id=name),) if told else ()
    assert point.asked[-1].context.kill_switches == expected


async def test_a_switch_for_the_run_reaches_its_policy(tmp_path: Path) -> None:
    """A switch that names the run covers what the run proposes."""
    point = StaticPoint()
    async with World(tmp_path, pdp=point) as world:
        run = await world.start()
        await KillSwitches(world.store).engage("run", run.id, by="ada")
        await world.pep.enforce(run, tool="no.such", arguments={}, call_id="1")
        await world.store.durable(run.claim)

    assert point.asked[-1].context.kill_switches == (KillFact(scope="run", id=run.id),)


async def test_what_the_request_does_not_name_is_nobodys_word_but_the_agents(
    tmp_path: Path,
) -> None:
    """Before the first read, and in any number of calls at once, only what stands in the request is
    trusted.
    """
    read = Effects().tool("web.read", "read")
    point = StaticPoint(effects={"web.read": "permit"})
    async with World(tmp_path, tools=[read], pdp=point) as world:
        run = await world.start(request={"to": "ann"})
        await asyncio.gather(
            *(
                world.pep.enforce(
                    run,
                    tool="web.read",
                    arguments={"text": f"page {number}", "to": "ann"},
                    call_id=str(number),
                )
                for number in range(8)
            )
        )

    stated = [request.context.labels for request in point.asked]
    assert [labels["text"].integrity for labels in stated] == ["unvouched"] * 8
    assert [labels["to"] for labels in stated] == [TRUSTED] * 8


async def test_the_policy_is_told_who_proposes_and_what_was_offered(
    tmp_path: Path,
) -> None:
    """A planner's calls carry the tools that it was shown; a step of the workflow carries none."""
    point = StaticPoint()
    async with World(tmp_path, pdp=point) as world:
        run = await world.start()
        door = Door(pep=world.pep, run=run)
        await door.call("no.such", {}, call_id="1")
        await door.offering("web.read", "mail.send", "web.read").call(
            "no.such", {}, call_id="2"
        )

    stated = [request.context for request in point.asked]
    assert [(context.proposer, context.offered) for context in stated] == [
        ("steps", None),
        ("planner", ("mail.send", "web.read")),
    ]


async def test_a_planner_is_not_told_what_a_step_was_told(tmp_path: Path) -> None:
    """A planner that repeats the call of a step, name and all, makes a proposal of its own."""
    read = Effects().tool("web.read", "read")
    point = StaticPoint(effects={"web.read": "permit"})
    async with World(tmp_path, tools=[read], pdp=point) as world:
        door = Door(pep=world.pep, run=await world.start())
        first = await door.call("web.read", {"text": "a"}, call_id="read")
        second = await door.offering().call("web.read", {"text": "a"}, call_id="read")

    assert len(point.asked) == 2
    assert first.action_id != second.action_id
