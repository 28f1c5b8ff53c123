"""The stage: one suite's tools behind a real door, with a real store and ledger, for many runs."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from interlock.evals.agentdojo.catalogue import declared
from interlock.evals.agentdojo.foreign import Foreign, governed
from interlock.evals.agentdojo.package import SuiteName, suites
from interlock.evals.agentdojo.plan import Stated, stated
from interlock.evals.agentdojo.postures import ROLE, Posture
from interlock.evals.suites.hand import Asked, Hand
from interlock.runtime.door.door import Door
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.run import Run
from interlock.runtime.runtime import Runtime
from interlock.runtime.testing import PLENTY, FixedClock
from interlock.tools.planning import planning

AGENT: Final = "dojo"
REVIEWER: Final = Principal(
    id="rita",
    tenant="default",
    roles=("reviewer",),
)
#: Where files cost no disk
_FAST: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@dataclass(kw_only=True)
class Stage:
    """An open runtime for one suite under one posture; lives as long as `opened` is open."""

    suite: SuiteName
    posture: Posture
    runtime: Runtime
    foreign: Mapping[str, Foreign]
    #: Run -> its environment
    worlds: dict[str, Any] = field(default_factory=dict)

    async def begin(self, text: str, world: Any) -> Run:
        """Start a run for the request *text* in *world*, which its tools then change."""
        run = await self.runtime.start(
            AGENT,
            Asked(text=text),
            principal=_owner(world),
            limits=PLENTY,
            autonomy=self.posture.autonomy,
        )
        self.worlds[run.id] = world
        return run

    def plan(self, task: str) -> Stated:
        """Return what the planner states first for the user task; nothing where none plans."""
        known = stated(self.suite) if self.posture.plans else {}
        return known.get(task, Stated())

    def door(self, run: Run) -> Door:
        """Return the door as the planner holds it, which is shown every tool of the suite."""
        door = Door(
            pep=self.runtime.pep,
            run=run,
        )
        return door.offering(*self.foreign, planning.name)

    async def end(self, run: Run) -> None:
        """End the run; what it asked of people waits no more."""
        await self.runtime.runs.end(run, "done", {})
        self.runtime.runs.give_back(run)
        del self.worlds[run.id]


@asynccontextmanager
async def opened(suite: SuiteName, posture: Posture) -> AsyncIterator[Stage]:
    """Open a runtime in a new folder for the suite's tools under *posture*."""
    worlds: dict[str, Any] = {}
    foreign = {own.name: _foreign(own, worlds) for own in suites()[suite].tools}
    tools = [governed(one, declared()[name]) for name, one in foreign.items()]
    place = _FAST if _FAST.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as made:
        folder = Path(made)
        opening = Runtime.open(
            database=f"sqlite:///{folder / 'interlock.db'}",
            keys=folder / "keys",
            policy=_bundle(suite, posture),
            agents=(Hand(name=AGENT, role=ROLE, tools=[*tools, planning]),),
            witness=folder / "witness",
            origin="interlock/agentdojo",
            clock=FixedClock(),
        )
        async with opening as runtime:
            yield Stage(
                suite=suite,
                posture=posture,
                runtime=runtime,
                foreign=foreign,
                worlds=worlds,
            )


def _owner(world: Any) -> Principal:
    """Return whoever signed in: where the tools are those of an account, that account."""
    inbox = getattr(world, "inbox", None)
    return Principal(
        id="owner" if inbox is None else inbox.account_email,
        tenant="default",
        roles=("analyst",),
    )


@cache
def _bundle(suite: SuiteName, posture: Posture) -> Bundle:
    """Return the policy of a posture: it knows a tool by its schema, so all stages share it."""
    foreign = [_foreign(own, {}) for own in suites()[suite].tools]
    return posture.bundle([governed(one, declared()[one.name]) for one in foreign])


def _foreign(own: Any, worlds: Mapping[str, Any]) -> Foreign:
    """Return one of AgentDojo's functions; it acts on the environment of the run that calls it."""
    from agentdojo.functions_runtime import FunctionsRuntime  # noqa: PLC0415 - an optional package

    runtime = FunctionsRuntime([own])

    async def call(run_id: str, arguments: Mapping[str, Any]) -> Any:
        world = worlds.get(run_id)
        if world is None:  # a fault of the measuring, never a refusal
            raise RuntimeError(f"the world of the run {run_id} is gone")
        result, _ = runtime.run_function(
            world, own.name, arguments, raise_on_error=True
        )
        return result

    return Foreign(
        name=own.name, description=own.description, parameters=own.parameters, call=call
    )
