"""One switch against one effect, again and again, with an operator and a worker on one database."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import KillScope, Resource
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import Run
from interlock.runtime.testing import Note, World

_TOOL: Final = "pay"
#: The switch comes so many steps after the proposal, at most; an effect takes half of them alone
_STEPS: Final = 40
#: Effects that nothing races with, to know how long one takes on this machine
_ALONE: Final = 5


@dataclass(kw_only=True)
class Report:
    """What came of a number of races."""

    races: int
    #: Effects that were begun, and those begun after the switch had been acknowledged
    effects: int = 0
    after_acknowledgement: int = 0
    #: Problems of the ledger by code
    problems: dict[str, int] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether no switch was passed."""
        return not self.after_acknowledgement and not self.problems


@dataclass(frozen=True, kw_only=True)
class _Race:
    """Two stores on one database, as two processes have them, and a run of the worker."""

    worker: World
    switches: KillSwitches
    run: Run
    #: When the effect of each call was begun, by the clock of this machine
    begun: dict[str, float]

    async def alone(self) -> float:
        """Return the seconds until an effect is begun when there is no switch."""
        seconds = []
        for index in range(_ALONE):
            began = time.monotonic()
            await self._acted(f"alone-{index}")
            seconds.append(self.begun.pop(f"alone-{index}") - began)
        return median(seconds)

    async def once(self, index: int, *, alone_s: float) -> bool | None:
        """Let one effect, which takes *alone_s* alone, and one switch race.

        Returns whether the effect was begun after the acknowledgement, or None when it was not
        begun.
        """
        scope, name = self._switch(index)
        call = f"call-{index}"
        delay = index % _STEPS / _STEPS * 2 * alone_s
        engaging = self._engaged(scope, name, delay)
        _, acknowledged = await asyncio.gather(self._acted(call), engaging)
        await self.switches.release(scope, name, by="operator")
        began = self.begun.get(call)
        return None if began is None else began > acknowledged

    def _switch(self, index: int) -> tuple[KillScope, str]:
        """Return a switch that covers the run; each kind in turn."""
        kinds: tuple[tuple[KillScope, str], ...] = (
            ("all", ""),
            ("tenant", self.run.tenant),
            ("tool", _TOOL),
            ("run", self.run.id),
        )
        return kinds[index % len(kinds)]

    async def _engaged(self, scope: KillScope, name: str, delay: float) -> float:
        await asyncio.sleep(delay)
        await self.switches.engage(scope, name, by="operator")
        return time.monotonic()

    async def _acted(self, call: str) -> None:
        await self.worker.pep.enforce(
            self.run,
            tool=_TOOL,
            arguments={"text": call},
            call_id=call,
        )


async def race(url: str, folder: Path, *, races: int) -> Report:
    """Return what came of so many races on the empty database at *url*; *folder* holds the keys."""
    begun: dict[str, float] = {}
    pay = _payment(begun)
    async with (
        World(folder, tools=[pay], url=url, clock=time.time) as worker,
        World(folder, tools=[pay], url=url, clock=time.time) as operator,
    ):
        course = _Race(
            worker=worker,
            switches=KillSwitches(operator.store),
            run=await worker.start(),
            begun=begun,
        )
        alone_s = await course.alone()
        late = [await course.once(index, alone_s=alone_s) for index in range(races)]
        await worker.store.durable(course.run.claim)
        problems = (await operator.verify()).problems
    return Report(
        races=races,
        effects=len(begun),
        after_acknowledgement=late.count(True),
        problems=dict(Counter(problem.code for problem in problems)),
    )


def _payment(begun: dict[str, float]) -> AnyTool:
    """Return a tool that only notes when its effect was begun."""

    @tool(
        _TOOL, action="irreversible", resource=lambda _: Resource(type="account", id="")
    )
    async def pay(permit: Permit, arguments: Note) -> Note:
        """Pay what the text names."""
        begun[arguments.text] = time.monotonic()
        return arguments

    return pay
