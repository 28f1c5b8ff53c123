"""What kill switches stop: everything new, and what was decided on just before."""

import asyncio
import threading
from typing import Final

from sqlalchemy import delete

from interlock.runtime.errors import NotAsRecorded
from interlock.runtime.policy.request import KillScope
from interlock.runtime.record.events import EVERY, HOME
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import kill_switch
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import Run
from interlock.runtime.storage import Storage
from interlock.runtime.testing import AGENT
from interlock.serving.verification.probe_tools import WRITE
from interlock.serving.verification.trial import Trial, WentThrough, refused

#: Long enough for an effect that does not wait for the switch to have happened
_MOMENT_S: Final = 0.1


async def killed_effect(trial: Trial) -> None:
    """Stops an effect under a switch that covers it, even when the policy permits the effect."""
    run = await trial.start()
    switches = KillSwitches(trial.world.store)
    for scope, name in _covering(run):
        await switches.engage(scope, name, by="probe")
        try:
            await trial.denied(run, WRITE, code="killed")
        finally:
            await switches.release(scope, name, by="probe")
        if not trial.pdp.asked[-1].context.kill_switches:
            raise WentThrough(f"the policy was not told of the switch for {scope}")
    await trial.permitted(run, WRITE)


async def killed_at_the_policy(trial: Trial) -> None:
    """Stops at the policy in force everything under a switch that covers it."""
    door = trial.installed
    run = await trial.under_installed()
    switches = KillSwitches(trial.world.store)
    await switches.engage("run", run.id, by="probe")
    try:
        await trial.denied(
            run,
            WRITE,
            code="killed",
            rule="kill_switch",
            door=door,
        )
    finally:
        await switches.release("run", run.id, by="probe")
    await trial.passes(run, WRITE, door=door)


async def switch_in_between(trial: Trial) -> None:
    """Stops an effect that was decided on just before its switch was engaged."""
    run = await trial.start()
    async with Storage.open(
        database=trial.database,
        keys=trial.folder / "keys",
        witness=trial.folder / "witness",
        origin="interlock/test",
    ) as operator:
        turning = _Turning(run)
        engaging = asyncio.create_task(
            operator.store.write(turning.engage, logs=(HOME, EVERY))
        )
        await asyncio.to_thread(turning.begun.wait, 10)
        acting = asyncio.create_task(trial.denied(run, WRITE, code="killed"))
        await asyncio.sleep(_MOMENT_S)
        turning.go.set()
        await engaging
        try:
            await acting
        finally:
            await KillSwitches(operator.store).release("run", run.id, by="probe")


async def lost_switch(trial: Trial) -> None:
    """Stops an effect under a switch that is engaged by the record, though its row is gone."""
    run = await trial.start()
    switches = KillSwitches(trial.world.store)
    await switches.engage("tool", WRITE, by="probe")
    await trial.sql(delete(tables.kill_switch))
    try:
        with trial.untouched(), refused("an effect", NotAsRecorded, code="killed"):
            await trial.act(run, WRITE)
    finally:
        await switches.release("tool", WRITE, by="probe")
    await trial.permitted(run, WRITE)


class _Turning:
    """A switch whose transaction has begun, and ends when it is told to."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.begun = threading.Event()
        self.go = threading.Event()

    def engage(self, tx: Tx) -> None:
        """Engage the switch, and keep the transaction open for a while."""
        kill_switch.engage(tx, "run", self._run.id, by="probe")
        self.begun.set()
        self.go.wait(10)


def _covering(run: Run) -> tuple[tuple[KillScope, str], ...]:
    return (
        ("all", ""),
        ("tenant", AGENT.tenant),
        ("tool", WRITE),
        ("run", run.id),
    )


SWITCHES: Final = {
    "killed-effect": killed_effect,
    "killed-at-the-policy": killed_at_the_policy,
    "switch-in-between": switch_in_between,
    "lost-switch": lost_switch,
}
