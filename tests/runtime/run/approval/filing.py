"""One record that is filed once a person agrees, under the shipped policy."""

from interlock.runtime.door.outcome import Outcome, Waiting
from interlock.runtime.door.tool import Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Principal, Resource, Verdict
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import PLENTY, REVIEWER, FixedClock, World

#: A role that the policy lets propose an irreversible action
ACTOR = Principal(
    id="agent:test", tenant="default", roles=("administrator",), on_behalf_of="ana"
)
TTL_S = 86_400


class Verdicts(Value):
    """The arguments of `records.approve`, as the policy's configuration lists them."""

    document: str
    note: str


class Filed(Value):
    """Its result."""

    note: str


@tool(
    "records.approve",
    action="irreversible",
    resource=lambda a: Resource(type="record", id=a.document),
)
async def approve_record(permit: Permit, arguments: Verdicts) -> Filed:
    """Count one effect."""
    DONE.append(arguments.note)
    return Filed(note=arguments.note)


DONE: list[str] = []


class Desk:
    """A world under the real policy, an agent that proposes, and reviewers."""

    def __init__(self, world: World, clock: FixedClock) -> None:
        self.world, self.clock = world, clock

    async def start(self) -> Run:
        proposal = NewRun(
            agent="test",
            principal=ACTOR,
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=self.world.pdp.revision,
            intent=None,
        )
        return await self.world.runs.start(proposal)

    async def propose(
        self, run: Run, *, call: str = "1", note: str = "agreed"
    ) -> Outcome:
        arguments = {"document": "d1", "note": note}
        return await self.world.pep.enforce(
            run, tool="records.approve", arguments=arguments, call_id=call
        )

    async def waiting(
        self, run: Run, *, call: str = "1", note: str = "agreed"
    ) -> Waiting:
        outcome = await self.propose(run, call=call, note=note)
        assert isinstance(outcome, Waiting), outcome
        return outcome

    async def decide(
        self,
        approval_id: str,
        verdict: Verdict = "approved",
        *,
        by: Principal = REVIEWER,
        note: str = "looks right",
    ) -> None:
        shown = (await self.world.approvals.read(approval_id)).evidence_digest
        await self.world.approvals.decide(
            approval_id, reviewer=by, verdict=verdict, shown=shown, note=note
        )

    async def state(self, approval_id: str) -> str:
        return (await self.world.approvals.read(approval_id)).state
