"""Quorums: as many people of as many roles as the policy says, each of them once, and the policy
counts for itself.
"""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Waiting
from interlock.runtime.door.tool import schema_digest
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.engine.bundle import load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.state import differences
from interlock.runtime.run import quorum as quorums
from interlock.runtime.run import verdict as verdicts
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import PLENTY, Effects, FixedClock, World
from interlock.serving.policy.build import BUNDLES, POLICIES

TOOL = "note.burn"
NEEDS = [{"role": "legal", "count": 2}, {"role": "reviewer", "count": 1}]


def person(name: str, *roles: str) -> Principal:
    return Principal(id=name, tenant="default", roles=roles)


LEO, LEA = person("leo", "legal"), person("lea", "legal", "reviewer")
RITA = person("rita", "reviewer")


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
        )
        return await self.world.runs.start(new)

    async def propose(self, run: Run, call: str = "1") -> Any:
        return await self.world.pep.enforce(
            run, tool=TOOL, arguments={"text": "burnt"}, call_id=call
        )

    async def asked(self, run: Run, call: str = "1") -> str:
        outcome = await self.propose(run, call)
        assert isinstance(outcome, Waiting), outcome
        return outcome.approval_id

    async def say(self, approval: str, by: Principal, verdict: Any = "approved") -> str:
        shown = (await self.world.approvals.read(approval)).evidence_digest
        await self.world.approvals.decide(
            approval, reviewer=by, verdict=verdict, shown=shown, note="looked at"
        )
        return (await self.world.approvals.read(approval)).state


@asynccontextmanager
async def opened(folder: Path, url: str | None = None) -> AsyncIterator[Desk]:
    clock, effects, pdp = FixedClock(), Effects(), point()
    tools = [effects.tool(TOOL, "irreversible")]
    async with World(folder, tools=tools, pdp=pdp, clock=clock, url=url) as world:
        yield Desk(world, effects, clock)
        assert await differences(world.store, world.vault) == []
        assert (await world.verify()).problems == []
    pdp.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as desk:
        yield desk


async def refused(desk: Desk, approval: str, by: Principal) -> str:
    with pytest.raises(BadInput) as refusal:
        await desk.say(approval, by)
    return refusal.value.code


async def test_it_takes_everybody_whom_the_policy_needs(desk: Desk) -> None:
    """Nothing happens before the last of the people agrees, and then it happens once."""
    run = await desk.start()
    approval = await desk.asked(run)
    for by in (LEO, LEA):
        assert await desk.say(approval, by) == "waiting"
        assert isinstance(await desk.propose(run), Waiting)
    open_seats = (await desk.world.approvals.list())[0].unfilled
    assert [(seat.by, seat.count) for seat in open_seats] == [("reviewer", 1)]
    assert await desk.say(approval, RITA) == "approved"

    assert isinstance(await desk.propose(run), Done)
    assert isinstance(await desk.propose(run), Done)
    assert desk.effects.done == ["burnt"]
    assert (await desk.world.approvals.read(approval)).state == "used"
    assert await desk.asked(run, "2") != approval


async def test_nobody_counts_twice_and_nobody_without_a_seat(desk: Desk) -> None:
    """One person in whatever letters has one verdict, and a role that is full takes no other."""
    approval = await desk.asked(await desk.start())
    await desk.say(approval, LEO)
    for name in ("leo", " Leo ", "LE\u200bO", "\uff2ceo"):
        again = person(name, "legal", "reviewer")
        assert await refused(desk, approval, again) == "voted_already"
    await desk.say(approval, RITA)
    assert await refused(desk, approval, person("rolf", "reviewer")) == "role_missing"
    assert await refused(desk, approval, person("Ana", "legal")) == "own_request"


async def test_one_no_is_a_no(desk: Desk) -> None:
    """A rejection ends the question, whoever agreed before."""
    run = await desk.start()
    approval = await desk.asked(run)
    await desk.say(approval, LEO)
    assert await desk.say(approval, RITA, "rejected") == "rejected"
    assert await refused(desk, approval, LEA) == "decided_already"
    outcome = await desk.propose(run)

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("approval_rejected",)
    assert desk.effects.done == []


async def test_the_verdicts_of_a_quorum_end_together(desk: Desk) -> None:
    """When time is up no verdict counts any more, and what was agreed to is asked anew."""
    run = await desk.start()
    approval = await desk.asked(run)
    for by in (LEO, LEA, RITA):
        await desk.say(approval, by)
    desk.clock.advance(86_400)

    assert await desk.asked(run) != approval
    assert desk.effects.done == []


async def test_the_policy_counts_for_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the runtime takes one verdict for enough, the policy does not: it waits on."""
    run = await desk.start()
    approval = await desk.asked(run)
    monkeypatch.setattr(verdicts, "_reached", lambda *_: "approved")
    assert await desk.say(approval, LEO) == "approved"

    assert await desk.asked(run) != approval
    assert desk.effects.done == []


async def test_one_seat_is_filled_once_whoever_hurries(
    tmp_path: Path, database_url: str
) -> None:
    """Two people who decide at once on the last seat: one verdict is recorded, one is refused."""
    async with opened(tmp_path, database_url) as desk:
        approval = await desk.asked(await desk.start())
        await desk.say(approval, LEO)
        await desk.say(approval, RITA)
        results = await asyncio.gather(
            *(desk.say(approval, person(name, "legal")) for name in ("lea", "lou")),
            return_exceptions=True,
        )
        verdicts_given = (await desk.world.approvals.read(approval)).verdicts

    assert [type(result) for result in results if result != "approved"] == [BadInput]
    assert len(verdicts_given) == 3


async def test_the_owner_of_an_agent_does_not_count(tmp_path: Path) -> None:
    """Whoever owns the agent that asks may agree, and the policy does not count it."""
    effects, clock = Effects(), FixedClock()
    pdp = point(quorums=[], owners=[{"agent": "test", "person": "rita"}])
    tools = [effects.tool(TOOL, "irreversible")]
    async with World(tmp_path, tools=tools, pdp=pdp, clock=clock) as world:
        desk = Desk(world, effects, clock)
        run = await desk.start()
        await desk.say(await desk.asked(run), RITA)
        outcome = await desk.propose(run)
        await world.store.durable(run.claim)
    pdp.close()

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("self_approval",)
    assert effects.done == []


def test_a_quorum_is_read_as_it_was_written() -> None:
    """What a row holds of a quorum is the quorum."""
    quorum = (
        quorums.Seat(role="legal", count=2, by="legal", above=("board",)),
        quorums.Seat(role="legal", count=1, by="board"),
    )

    assert quorums.read(quorums.written(quorum)) == quorum
