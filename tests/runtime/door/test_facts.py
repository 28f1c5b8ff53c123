"""The information point: what the policy is told."""

from pathlib import Path

import pytest

from interlock.runtime.door.proposal import UNKNOWN
from interlock.runtime.policy.request import KillFact, KillScope
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.testing import StaticPoint, World


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
