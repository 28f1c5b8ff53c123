"""Tasks: a requestable denial put before people, each as a run of its own with one waiting action.

So approvals, four eyes, expiry, the ledger and the queue are those of every other action. No worker
claims such a run: it goes on when the application comes back.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.door.evaluations import AUTONOMY
from interlock.runtime.door.outcome import Waiting
from interlock.runtime.errors import BadInput, Erased, NotFound
from interlock.runtime.policy.request import EXTERNAL, Amounts, Principal, identity
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.question import Approval
from interlock.runtime.run.run import OPEN, NewRun, Run
from interlock.runtime.run.runs import Also, Runs
from interlock.serving.access.approved import Door
from interlock.serving.access.binding import Bound
from interlock.serving.access.problem import AccessProblem

Status: TypeAlias = Literal[
    "pending", "approved", "denied", "expired", "cancelled", "failed"
]
#: The question, an hour of people, and a few attempts to come back with the answer
LIMITS: Final = Amounts(
    steps=20,
    effects=2,
    wall_ms=60_000,
    reviewer_ms=3_600_000,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One request for approval as it stands."""

    run: Run
    approval: Approval | None

    @property
    def id(self) -> str:
        """The handle of the task."""
        return self.run.id

    @property
    def status(self) -> Status:
        """Where the task stands, in the words of the draft; silence is not refusal."""
        approval = self.approval
        if approval is None:
            return "pending" if self.run.status in OPEN else "failed"
        match approval.state:
            case "waiting":
                return "pending"
            case "approved" | "used":
                return "approved"
            case "rejected":
                return "denied"
            case "expired":
                return "expired"
            case "withdrawn":
                # What was approved and then came to nothing had been approved all the same.
                return "approved" if approval.reviewer else "cancelled"

    @property
    def binding(self) -> str:
        """The hash of what was asked about."""
        return str(self.run.request["binding_hash"])

    @property
    def bound(self) -> Bound:
        """What the signed state of its approval says."""
        approval = self.approval
        members: Any = self.run.request["members"]
        return Bound(
            evaluation=str(self.run.request["evaluation"]),
            hash=self.binding,
            revision=self.run.revision,
            asker=self.run.principal.id,
            tenant=self.run.tenant,
            expires=approval.expires if approval else 0,
            members=tuple(members),
            approval=approval.id if approval else "",
        )

    @property
    def tool(self) -> str:
        """The action at the application."""
        return str(self.run.request["action"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What an application wants to have approved; the denial was checked."""

    denial: Bound
    principal: Principal
    tool: str
    statements: dict[str, Json]
    #: What the application says beside: a justification, until when, who asks there
    said: dict[str, Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tasks:
    """The tasks of one home; holds no state of its own."""

    runs: Runs
    approvals: Approvals
    door: Door

    async def open(self, wanted: Wanted, *, also: Also | None = None) -> Task:
        """Put the denial before people once, and return the task; the same denial gives the same.

        *also* is done in the transaction in which the task begins.
        Raises `AccessProblem` ("not_requestable") where the policy asks nobody any more.
        """
        task_id = name_of(wanted.denial)
        new = NewRun(
            id=task_id,
            agent=EXTERNAL,
            principal=wanted.principal,
            request={
                "evaluation": wanted.denial.evaluation,
                "binding_hash": wanted.denial.hash,
                "members": list(wanted.denial.members),
                "action": wanted.tool,
                "statements": wanted.statements,
                "said": wanted.said,
            },
            limits=LIMITS,
            autonomy=AUTONOMY,
            revision=wanted.denial.revision,
            intent=None,
        )
        try:
            await self.runs.start(new, claim=False, also=also)
        except BadInput as error:
            if error.code != "taken_already":
                raise
        task = await self.read(task_id)
        if task.approval is None and task.status == "pending":
            outcome = await self.door.enforced(task_id, wanted.tool)
            if not isinstance(outcome, Waiting | str):
                raise AccessProblem("not_requestable")
            task = await self.read(task_id)
        if task.approval is None and task.status == "failed":
            raise AccessProblem("not_requestable")
        return task

    async def read(self, task_id: str, *, asker: Principal | None = None) -> Task:
        """Return the task, of the *asker* alone where one is named.

        Where its time is up and nobody has recorded that, this does.
        Raises `AccessProblem` ("unknown_task") for one that is not there, was erased or is of
        another application: they are one answer.
        """
        try:
            run = await self.runs.read(task_id)
        except (NotFound, Erased):
            raise AccessProblem("unknown_task") from None
        if run.agent != EXTERNAL or (asker is not None and not is_of(run, asker)):
            raise AccessProblem("unknown_task")
        return Task(run=run, approval=await self._newest(task_id))

    async def of_approval(self, approval_id: str, *, asker: Principal) -> Task | None:
        """Return the task that the approval belongs to, or None where the *asker* has no such."""
        try:
            approval = await self.approvals.read(approval_id)
            return await self.read(approval.run_id, asker=asker)
        except (NotFound, Erased, AccessProblem):
            return None

    async def _newest(self, task_id: str) -> Approval | None:
        listed = await self.approvals.list(run=task_id, limit=1)
        return await self.approvals.current(listed[0].id) if listed else None


def name_of(denial: Bound) -> str:
    """Return the id of the task for one denial, so that a denial is put before people once."""
    named = f"{denial.tenant}/{denial.evaluation}".encode()
    return f"run-{sha256(named).hexdigest()[:32]}"


def is_of(run: Run, asker: Principal) -> bool:
    """Whether the *asker* is the application that the run was opened for."""
    same = identity(run.principal.id) == identity(asker.id)
    return same and run.tenant == asker.tenant
