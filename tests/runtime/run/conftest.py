"""What tests of approvals share: one action that waits, and who may say something about it."""

import copy
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.door.tool import schema_digest
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.bundle import load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.state import differences
from interlock.runtime.run.question import Approval
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.run.verdict import Shown
from interlock.runtime.testing import PLENTY, Effects, FixedClock, World
from interlock.serving.policy.build import BUNDLES, POLICIES

TOOL = "note.burn"
NEEDS = [{"role": "legal", "count": 2}, {"role": "reviewer", "count": 1}]


def point(**settings: Any) -> EmbeddedPoint:
    """Return the shipped policy, in which a tool takes two lawyers and a reviewer."""
    shipped = load(BUNDLES[POLICIES])
    data = copy.deepcopy(shipped.data)
    config = data["rails"]["config"]
    config["grants"]["administrator"] = [TOOL]
    config["tools"][TOOL] = {
        "action_class": "irreversible",
        "egress": "none",
        "schema": schema_digest(Effects().tool(TOOL, "irreversible")),
        "arguments": {"text": {}, "to": {}},
        "trusted_arguments": [],
    }
    config["approval"]["quorums"] = [{"tool": TOOL, "needs": NEEDS}]
    config["approval"].update(settings)
    return EmbeddedPoint(replace(shipped, data=data), deadline_s=2)


class Desk:
    """A world in which one action waits, and everybody who may say something about it."""

    def __init__(self, world: World, effects: Effects, clock: FixedClock) -> None:
        self.world, self.effects, self.clock = world, effects, clock

    async def start(self) -> Run:
        actor = Principal(
            id="agent:test",
            tenant="default",
            roles=("administrator",),
            on_behalf_of="ana",
        )
        new = NewRun(
            agent="test",
            principal=actor,
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=self.world.pdp.revision,
            intent=None,
        )
        return await self.world.runs.start(new)

    async def propose(self, run: Run, call: str = "1", text: str = "burnt") -> Any:
        return await self.world.pep.enforce(
            run, tool=TOOL, arguments={"text": text}, call_id=call
        )

    async def asked(self, run: Run, call: str = "1", text: str = "burnt") -> str:
        outcome = await self.propose(run, call, text)
        assert isinstance(outcome, Waiting), outcome
        return outcome.approval_id

    async def say(self, approval: str, by: Principal, verdict: Any = "approved") -> str:
        shown = (await self.world.approvals.read(approval)).evidence_digest
        await self.world.approvals.decide(
            approval, reviewer=by, verdict=verdict, shown=shown, note="looked at"
        )
        return (await self.world.approvals.read(approval)).state

    @staticmethod
    def shown(approval: Approval) -> Shown:
        return Shown(approval=approval.id, evidence=approval.evidence_digest)

    async def refused(self, approval: str, by: Principal) -> str:
        with pytest.raises(BadInput) as refusal:
            await self.say(approval, by)
        return refusal.value.code


@asynccontextmanager
async def opened(
    folder: Path, url: str | None = None, **settings: Any
) -> AsyncIterator[Desk]:
    clock, effects, pdp = FixedClock(), Effects(), point(**settings)
    tools = [effects.tool(TOOL, "irreversible")]
    async with World(folder, tools=tools, pdp=pdp, clock=clock, url=url) as world:
        yield Desk(world, effects, clock)
        assert await differences(world.store, world.vault) == []
        assert (await world.verify()).problems == []
    pdp.close()


#: Opens a desk in a folder, over a database, with settings of approvals
Opening: TypeAlias = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def opening() -> Opening:
    """Open a desk."""
    return opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Return an open desk."""
    async with opened(tmp_path) as desk:
        yield desk
