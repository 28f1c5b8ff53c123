"""Looks: what a person may see of the own tenant, as the policy lets the person.

A permit to look is not recorded, a denial is. What belongs to another tenant is not there: the
answer is the one for an unknown id.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.act import Read
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.runtime.run.approval import State
from interlock.runtime.run.jobs import Job
from interlock.runtime.run.question import Approval, ApprovalSummary
from interlock.runtime.run.run import Status
from interlock.runtime.run.run_list import RunSummary
from interlock.runtime.run.subject import Look
from interlock.serving import batches, view
from interlock.serving.home import Home
from interlock.serving.operations.jobs import jobs_of
from interlock.tools.library import Reading

#: What the subject of a list is called, by act
_LISTS: Final[Mapping[Read, str]] = {
    "run.read": "run",
    "job.read": "job",
    "approval.read": "approval",
    "document.open": "document",
    "budget.read": "budget",
    "ledger.read": "ledger",
    "metrics.read": "metrics",
}


async def ask(
    home: Home,
    act: Read,
    *,
    person: Principal,
    look: Look | None = None,
    arguments: dict[str, Json] | None = None,
) -> None:
    """Return when the policy lets *person* look, without *look* at all that the tenant has.

    Raises as `Acts.look` does.
    """
    await home.runtime.acts.look(
        act,
        person=person,
        arguments=arguments or {},
        look=look or subject.tenant(_LISTS[act], ""),
    )


async def run(home: Home, run_id: str, *, person: Principal) -> dict[str, Any]:
    """Return the run as `view.view` shows it; raises `NotFound`."""
    await run_there(home, run_id, person=person)
    return await view.view(home, run_id)


async def runs(
    home: Home,
    *,
    person: Principal,
    status: Status | None = None,
    agent: str | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[RunSummary]:
    """Return the runs of the person's tenant, newest first, after the one named *after*."""
    await ask(home, "run.read", person=person)
    return await home.runs.list(
        tenant=person.tenant,
        status=status,
        agent=agent,
        after=after,
        limit=limit,
    )


async def approval(home: Home, approval_id: str, *, person: Principal) -> Approval:
    """Return the approval with its evidence; raises `NotFound`.

    Where its time is up and nobody has recorded that, this does.
    """
    await ask(
        home,
        "approval.read",
        person=person,
        look=subject.approval(approval_id),
        arguments={"approval": approval_id},
    )
    return await home.approvals.current(approval_id)


async def approvals(
    home: Home,
    *,
    person: Principal,
    state: State | None = None,
    run_id: str | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[ApprovalSummary]:
    """Return the approvals of the person's tenant, newest first, after the one named *after*."""
    await ask(home, "approval.read", person=person)
    return await home.approvals.list(
        tenant=person.tenant,
        run=run_id,
        state=state,
        after=after,
        limit=limit,
    )


async def job(
    home: Home, job_id: str, *, person: Principal, after: int = -1, limit: int
) -> dict[str, Any]:
    """Return the job with a page of its documents, as `batches.view` does; raises `NotFound`."""
    await ask(
        home,
        "job.read",
        person=person,
        look=subject.job(job_id),
        arguments={"job": job_id},
    )
    return await batches.view(
        home.runtime.storage,
        job_id,
        after=after,
        limit=limit,
    )


async def jobs(
    home: Home, *, person: Principal, after: str | None = None, limit: int
) -> Sequence[Job]:
    """Return the jobs of the person's tenant, newest first, after the one named *after*."""
    await ask(home, "job.read", person=person)
    return await jobs_of(home).page(
        tenant=person.tenant,
        after=after,
        limit=limit,
    )


async def document(home: Home, name: str, *, person: Principal) -> Reading:
    """Return the newest reading of the document by its digest, or of the run that read one.

    Raises `NotFound` where no run of the tenant has read it.
    """
    await ask(home, "document.open", person=person, arguments={"document": name})
    is_run = name.startswith("run-")
    readings = await home.library.readings(
        tenant=person.tenant,
        digest=None if is_run else name,
        run_id=name if is_run else None,
    )
    if not readings:
        raise NotFound(kind="document", name=name, next_step="Hand it in with a run.")
    return readings[0]


async def documents(home: Home, *, person: Principal) -> Sequence[Reading]:
    """Return the newest readings of the person's tenant, the newest first."""
    await ask(home, "document.open", person=person)
    return await home.library.readings(tenant=person.tenant)


async def document_run(home: Home, name: str, *, person: Principal) -> str:
    """Return the run with which the document was handed in; *name* is that run, or the digest.

    Raises `NotFound`.
    """
    if name.startswith("run-"):
        await ask(
            home,
            "document.open",
            person=person,
            look=subject.run(name),
            arguments={"document": name},
        )
        return name
    return (await document(home, name, person=person)).run_id


async def run_there(home: Home, run_id: str, *, person: Principal) -> None:
    """Return when the run is there and *person* may look at it; raises as `ask` does."""
    await ask(
        home,
        "run.read",
        person=person,
        look=subject.run(run_id),
        arguments={"run": run_id},
    )
