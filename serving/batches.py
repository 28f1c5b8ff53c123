"""What is shown of jobs: one object, the same for JSON and for the terminal."""

from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import Connection, select

from interlock.runtime.record.store import tables
from interlock.runtime.run.jobs import Item, Job, Jobs
from interlock.runtime.storage import Storage

#: Runs of the past that an estimate rests on
_SAMPLE: Final = 100
_RUN: Final = tables.run.c
_BUDGET: Final = tables.budget.c


def jobs_in(storage: Storage) -> Jobs:
    """Return the jobs of *storage*."""
    return Jobs(
        store=storage.store,
        vault=storage.vault,
    )


async def view(
    storage: Storage, job_id: str, *, after: int = -1, limit: int
) -> dict[str, Any]:
    """Return the job with the page of its documents that comes after the one numbered *after*.

    *next* is what to ask for the page that follows, None on the last one. Raises `NotFound`.
    """
    jobs = jobs_in(storage)
    job = await jobs.read(job_id)
    page = await jobs.items(
        job_id,
        after=after,
        limit=limit + 1,
    )
    items = page[:limit]
    return {
        **summary(job),
        "by": job.by,
        "request": job.request,
        "spend": job.spent,
        "limits": job.limits,
        "items": [row(item) for item in items],
        "next": items[-1].seq if len(page) > limit else None,
    }


def summary(job: Job) -> dict[str, Any]:
    """Return the job without its documents."""
    return {
        "job": job.id,
        "status": job.status,
        "agent": job.agent,
        "priority": job.priority,
        "created": job.created,
        "documents": job.items,
        "submitted": job.taken,
        "over": job.over,
        "skipped": job.skipped,
        "counts": dict(job.counts),
    }


def row(item: Item) -> dict[str, Any]:
    """Return what is shown of one document of a job."""
    risk: Any = item.outcome.get("risk")
    return {
        "seq": item.seq,
        "run_id": item.run_id or None,
        "path": item.path,
        "status": item.status,
        "risk": risk and {"tier": risk["tier"], "score": risk["score"]},
        "why": why(item),
    }


def why(item: Item) -> str:
    """Return why the document was not reviewed, as far as it is known; empty for no reason."""
    stopped: Any = item.outcome.get("stopped")
    if stopped:
        return str(stopped["why"])
    return str(item.outcome.get("error") or item.why)


async def every_item(
    storage: Storage, job_id: str, *, page: int = 100
) -> AsyncIterator[Item]:
    """Yield every document of the job in order; never more than one *page* is in memory."""
    after = -1
    while items := await jobs_in(storage).items(
        job_id,
        after=after,
        limit=page,
    ):
        for item in items:
            yield item
        after = items[-1].seq


async def estimate(
    storage: Storage, agent: str, *, tenant: str, documents: int
) -> dict[str, int | None]:
    """Return what *documents* cost in money and time, as the newest runs of the agent did.

    The time is that of one run after the other. Where no run of the agent is done both are None.
    """

    def look(connection: Connection) -> list[Any]:
        query = (
            select(_BUDGET.spent_money_micro, _BUDGET.spent_wall_ms)
            .join(tables.run, _RUN.budget_id == _BUDGET.id)
            .where(_RUN.tenant == tenant, _RUN.agent == agent, _RUN.status == "done")
            .order_by(_RUN.created.desc(), _RUN.id.desc())
            .limit(_SAMPLE)
        )
        return list(connection.execute(query))

    rows = await storage.store.read(look)
    if not rows:
        return {"money_micro": None, "seconds": None}
    money = sum(past.spent_money_micro for past in rows)
    wall_ms = sum(past.spent_wall_ms for past in rows)
    return {
        "money_micro": -(-money * documents // len(rows)),
        "seconds": -(-wall_ms * documents // (1000 * len(rows))),
    }
