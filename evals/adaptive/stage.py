"""The stage of one set of tools: some policy over them, a real store, and a run for each scene."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from interlock.evals.adaptive.calls import Call
from interlock.evals.adaptive.toolset import Stated, Toolset
from interlock.evals.suites.hand import Asked, Hand
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Outcome, Waiting
from interlock.runtime.door.proposal import propose
from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.bundle import Bundle, revised
from interlock.runtime.policy.request import Autonomy, Principal, Verdict
from interlock.runtime.runtime import Runtime
from interlock.runtime.testing import PLENTY, REVIEWER, FixedClock

_AGENT: Final = "planner"
_PERSON: Final = Principal(
    id="owner",
    tenant="default",
    roles=("analyst",),
)
#: Where files cost no disk
_FAST: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@dataclass(kw_only=True)
class Stage:
    """An open runtime; lives as long as `opened` is open."""

    toolset: Toolset
    runtime: Runtime
    worlds: dict[str, Any]
    #: What the planner is shown
    names: tuple[str, ...]
    #: Of the policy
    revision: str

    async def desk(self, words: str, *, level: Autonomy = 3) -> "Desk":
        """Begin a run for these words, in a new world."""
        run = await self.runtime.start(
            _AGENT,
            Asked(text=words),
            principal=_PERSON,
            limits=PLENTY,
            autonomy=level,
        )
        world = self.toolset.world()
        self.worlds[run.id] = world
        door = Door(
            pep=self.runtime.pep,
            run=run,
        )
        return Desk(
            stage=self,
            door=door.offering(*self.names),
            world=world,
        )


@dataclass(kw_only=True)
class Desk:
    """One run, at which the attacker sits."""

    stage: Stage
    door: Door
    world: Any
    calls: int = field(default=0)

    def named(self, call: Call) -> str:
        """Return the name under which the call goes: its own, or the next one."""
        if call.call_id:
            return call.call_id
        self.calls += 1
        return str(self.calls)

    async def call(self, tool: str, /, **arguments: Any) -> Outcome:
        """Propose one call, and have it done where it may be."""
        call = Call(tool=tool, arguments=arguments)
        return await self.do(call, self.named(call))

    async def do(self, call: Call, name: str) -> Outcome:
        """Carry the call through the door under this name."""
        return await self.door.call(call.tool, call.arguments, call_id=name)

    async def decision(self, call: Call, name: str) -> Decision:
        """Return what the policy says of the call now; nothing is recorded, and nothing done.

        Raises `NotCanonical` for arguments that are no JSON.
        """
        run, pep = self.door.run, self.door.pep
        proposal = propose(
            run,
            pep.by_agent[run.agent].get(call.tool),
            name=call.tool,
            arguments=call.arguments,
            call_id=name,
            offered=self.door.offered,
        )
        attempt = await pep.gathered(run, proposal)
        return await self.stage.runtime.pdp.decide(attempt.request)

    async def answer(self, asked: Waiting, verdict: Verdict) -> None:
        """Give a person's verdict on a question."""
        runtime = self.stage.runtime
        question = await runtime.approvals.read(asked.approval_id)
        await runtime.decide(
            asked.approval_id,
            person=REVIEWER,
            verdict=verdict,
            shown=question.evidence_digest,
            note="looked at",
        )

    async def end(self, status: Literal["done", "held"] = "done") -> None:
        """End the run, so that nothing it asked waits any more, or leave it held."""
        runs = self.stage.runtime.runs
        await runs.end(self.door.run, status, {})
        runs.give_back(self.door.run)
        del self.stage.worlds[self.door.run.id]


@asynccontextmanager
async def opened(
    toolset: Toolset,
    rules: Bundle,
    *,
    database: str = "",
) -> AsyncIterator[Stage]:
    """Open a runtime for the tools, under *rules* with data for them.

    Without a *database* its own is in a new folder, which is gone at the end.
    """
    worlds: dict[str, Any] = {}
    tools = toolset.tools(worlds)
    bundle = _bundle(toolset, tools, rules)
    with tempfile.TemporaryDirectory(dir=_FAST if _FAST.is_dir() else None) as made:
        folder = Path(made)
        opening = Runtime.open(
            database=database or f"sqlite:///{folder / 'interlock.db'}",
            keys=folder / "keys",
            policy=bundle,
            agents=(Hand(name=_AGENT, role=_AGENT, tools=tools),),
            witness=folder / "witness",
            origin="interlock/adaptive",
            clock=FixedClock(),
        )
        async with opening as runtime:
            yield Stage(
                toolset=toolset,
                runtime=runtime,
                worlds=worlds,
                names=_granted(toolset, tools),
                revision=bundle.revision,
            )


def _granted(toolset: Toolset, tools: Sequence[AnyTool]) -> tuple[str, ...]:
    return tuple(tool.name for tool in tools if tool.name not in toolset.ungranted)


def _bundle(toolset: Toolset, tools: Sequence[AnyTool], rules: Bundle) -> Bundle:
    """Return the rules with data for the tools: alone, at level 3, with people for nothing."""
    data = deepcopy(rules.data)
    config = data["rails"].get("config")
    if config is None:  # rules that look at no data
        return rules
    granted = sorted(_granted(toolset, tools))
    config["tools"] |= {
        tool.name: _entry(toolset.stated.get(tool.name, Stated()), tool)
        for tool in tools
    }
    config["grants"] |= {f"{_AGENT}.planner": granted}
    config["autonomy"] = {
        "unattended_irreversible": sorted(tool.name for tool in tools)
    }
    return revised(rules.files, data)


def _entry(stated: Stated, tool: AnyTool) -> Mapping[str, Any]:
    return {
        "egress": "none",
        "action_class": tool.action_class,
        "effect": list(stated.effect),
        "trusted_arguments": list(stated.trusted),
        "critical_arguments": stated.turning,
        "schema": schema_digest(tool),
        "arguments": {name: {} for name in tool.arguments.model_fields},
    }
