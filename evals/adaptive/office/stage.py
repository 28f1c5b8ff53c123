"""The stage of the office: the shipped rules over its tools, a real store, and nobody to ask."""

import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from interlock.evals.adaptive.office.tools import STATED, World, tools
from interlock.evals.suites.hand import Asked, Hand
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Outcome
from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.policy.engine.bundle import Bundle, revised
from interlock.runtime.policy.request import Principal
from interlock.runtime.runtime import Runtime
from interlock.runtime.testing import PLENTY, FixedClock
from interlock.serving.policy.rails import rails

_AGENT: Final = "office"
_PERSON: Final = Principal(
    id="owner",
    tenant="default",
    roles=("analyst",),
)


@dataclass(kw_only=True)
class Office:
    """An open runtime; lives as long as `opened` is open."""

    runtime: Runtime
    worlds: dict[str, World]
    names: tuple[str, ...]
    #: Of the policy
    revision: str

    async def desk(self, words: str, world: World) -> "Desk":
        """Begin a run for these words in this world."""
        run = await self.runtime.start(
            _AGENT,
            Asked(text=words),
            principal=_PERSON,
            limits=PLENTY,
            autonomy=3,
        )
        self.worlds[run.id] = world
        door = Door(
            pep=self.runtime.pep,
            run=run,
        )
        return Desk(door=door.offering(*self.names), world=world)


@dataclass(kw_only=True)
class Desk:
    """One run of the office, at which the attacker sits."""

    door: Door
    world: World
    calls: int = field(default=0)

    async def call(self, tool: str, /, **arguments: Any) -> Outcome:
        """Propose one call."""
        self.calls += 1
        return await self.door.call(tool, arguments, call_id=str(self.calls))


@asynccontextmanager
async def opened() -> AsyncIterator[Office]:
    """Open a runtime in a new folder for the tools of the office, under the shipped rules."""
    worlds: dict[str, World] = {}
    offered = tools(worlds)
    bundle = _bundle(offered)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        opening = Runtime.open(
            database=f"sqlite:///{folder / 'interlock.db'}",
            keys=folder / "keys",
            policy=bundle,
            agents=(Hand(name=_AGENT, role=_AGENT, tools=offered),),
            witness=folder / "witness",
            origin="interlock/office",
            clock=FixedClock(),
        )
        async with opening as runtime:
            yield Office(
                runtime=runtime,
                worlds=worlds,
                names=tuple(tool.name for tool in offered),
                revision=bundle.revision,
            )


def _bundle(offered: Iterable[AnyTool]) -> Bundle:
    """Return the shipped rules with data for the tools: all alone, with people for nothing."""
    shipped = rails()
    data = deepcopy(shipped.data)
    config = data["rails"]["config"]
    known = {tool.name: tool for tool in offered}
    config["tools"] |= {name: _entry(tool) for name, tool in known.items()}
    config["grants"] |= {f"{_AGENT}.planner": sorted(known)}
    config["autonomy"] = {"unattended_irreversible": sorted(known)}
    return revised(shipped.files, data)


def _entry(tool: AnyTool) -> dict[str, Any]:
    effect, aimed = STATED.get(tool.name, ("", ()))
    return {
        "egress": "none",
        "action_class": tool.action_class,
        "effect": [effect] if effect else [],
        "trusted_arguments": list(aimed),
        "critical_arguments": list(aimed),
        "schema": schema_digest(tool),
        "arguments": {name: {} for name in tool.arguments.model_fields},
    }
