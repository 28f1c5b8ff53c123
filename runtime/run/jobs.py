"""The jobs of one home, as they stand: who submitted what, how far each is, and its documents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, get_args

import orjson
from sqlalchemy import Connection, RowMapping, func, or_, select, tuple_

from interlock.runtime.canonical import Json
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import level
from interlock.runtime.run.job import (
    DUPLICATE,
    JobStatus,
    NewJob,
    job_row,
    place_of,
    request_of,
    submit,
    submitter,
    turn,
)
from interlock.runtime.run.run import OPEN, Status
from interlock.runtime.run.turn import requeue

_JOB: Final = tables.job.c
_ITEM: Final = tables.job_item.c
_RUN: Final = tables.run.c
#: In the order in which they are shown
STATUSES: Final = get_args(Status)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job as it stands."""

    id: str
    tenant: str
    agent: str
    #: What people made of it; "done" when nothing of it goes on any more
    status: str
    priority: int
    by: str
    request: Mapping[str, Json]
    #: What all its runs may spend, by limited kind, and have spent
    limits: Mapping[str, int]
    spent: Mapping[str, int]
    #: Documents that were named, and how many of them were taken
    items: int
    taken: int
    created: int
    #: Its runs by status; a document that was refused counts as failed
    counts: Mapping[str, int]
    #: Documents that are reviewed elsewhere
    skipped: int

    @property
    def over(self) -> int:
        """How many of its documents nothing changes any more, unless somebody retries."""
        return self.skipped + sum(
            number
            for status, number in self.counts.items()
            if status == "dead" or status not in OPEN
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One document of a job; of an erased run there is no path."""

    seq: int
    run_id: str
    #: The run's, or "failed" and "skipped" where there is none
    status: str
    path: str
    document: str
    #: Why there is no run
    refused: str
    why: str
    outcome: Mapping[str, Json]
    updated: int


class Jobs:
    """Submits, turns and reads jobs; holds no state of its own and is safe to share."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def submit(self, new: NewJob) -> None:
        """Record the job; see `job.submit`."""
        await self._store.write(
            lambda tx: submit(tx, self._vault, new), logs=(new.tenant,)
        )

    async def turn(self, job: Job, status: JobStatus, *, by: str) -> None:
        """Pause the job, let it go on, or cancel it; see `job.turn`."""
        await self._store.write(
            lambda tx: turn(tx, job.id, status, by=by), logs=(job.tenant,)
        )

    async def requeue(self, job: Job, run_id: str, *, by: str) -> None:
        """Leave a dead run of the job to workers again; see `turn.requeue`."""
        await self._store.write(
            lambda tx: requeue(tx, run_id, by=by), logs=(job.tenant,)
        )

    async def read(self, job_id: str) -> Job:
        """Return the job; raises `NotFound`."""
        return await self._store.read(
            lambda connection: self._job(connection, job_row(connection, job_id))
        )

    async def page(
        self, *, tenant: str, after: str | None = None, limit: int
    ) -> list[Job]:
        """Return the jobs of *tenant*, newest first, after the one named *after*."""

        def look(connection: Connection) -> list[Job]:
            query = select(tables.job).where(_JOB.tenant == tenant)
            if after is not None:
                last = job_row(connection, after)
                older = tuple_(_JOB.created, _JOB.id) < (last["created"], last["id"])
                query = query.where(older)
            query = query.order_by(_JOB.created.desc(), _JOB.id.desc()).limit(limit)
            rows = connection.execute(query).mappings().all()
            return [self._job(connection, row) for row in rows]

        return await self._store.read(look)

    async def items(self, job_id: str, *, after: int = -1, limit: int) -> list[Item]:
        """Return the documents of the job that come after the one numbered *after*, in order."""

        def look(connection: Connection) -> list[Item]:
            query = (
                select(
                    tables.job_item,
                    _RUN.status,
                    _RUN.outcome,
                    _RUN.updated,
                    tables.data_key.c.wrapped,
                )
                .outerjoin(tables.run, _RUN.id == _ITEM.run_id)
                .outerjoin(tables.data_key, tables.data_key.c.id == _ITEM.run_id)
                .where(_ITEM.job == job_id, _ITEM.seq > after)
                .order_by(_ITEM.seq)
                .limit(limit)
            )
            own = self._vault.key(connection, job_id)
            rows = connection.execute(query).mappings()
            return [self._item(row, own) for row in rows]

        return await self._store.read(look)

    async def numbers(self, job_id: str) -> frozenset[int]:
        """Return the numbers of the documents that were taken."""

        def look(connection: Connection) -> frozenset[int]:
            query = select(_ITEM.seq).where(_ITEM.job == job_id)
            return frozenset(connection.execute(query).scalars())

        return await self._store.read(look)

    async def runs(self, job_id: str, statuses: Iterable[Status]) -> list[str]:
        """Return the ids of the job's runs that have one of *statuses* and are not being undone."""

        def look(connection: Connection) -> list[str]:
            query = select(_RUN.id).where(
                _RUN.job == job_id,
                _RUN.status.in_(list(statuses)),
                or_(_RUN.undoing == 0, _RUN.status.not_in(OPEN)),
            )
            return list(connection.execute(query.order_by(_RUN.id)).scalars())

        return await self._store.read(look)

    def _job(self, connection: Connection, row: RowMapping) -> Job:
        job_id = row["id"]
        key = self._vault.key(connection, job_id)
        counts = _counted(connection, job_id)
        budget = level.read(connection, job_id)
        job = Job(
            id=job_id,
            tenant=row["tenant"],
            agent=row["agent"],
            status=row["status"],
            priority=row["priority"],
            by=submitter(row, key),
            request=request_of(row, key),
            limits=budget.limits,
            spent=budget.facts.spent.counts(),
            items=row["items"],
            taken=counts.taken,
            created=row["created"],
            counts=counts.runs,
            skipped=counts.skipped,
        )
        is_over = job.status != "cancelled" and job.over >= job.items
        return replace(job, status="done") if is_over else job

    def _item(self, row: RowMapping, own: DataKey) -> Item:
        details: dict[str, str] = {"path": "", "why": "erased"}
        outcome: dict[str, Json] = {}
        key: DataKey | None = own
        if row["run_id"]:
            erased = row["wrapped"] is None
            key = (
                None if erased else self._vault.unwrapped(row["run_id"], row["wrapped"])
            )
        if key is not None:
            place = place_of(row["job"], row["seq"])
            details = orjson.loads(key.open(row["details"], place=place))
            if row["outcome"] is not None:
                place = f"run/{row['run_id']}/outcome"
                outcome = orjson.loads(key.open(row["outcome"], place=place))
        skipped = "skipped" if row["refused"] == DUPLICATE else "failed"
        return Item(
            seq=row["seq"],
            run_id=row["run_id"],
            status=row["status"] or skipped,
            path=details["path"],
            document=row["document"],
            refused=row["refused"],
            why=details["why"],
            outcome=outcome,
            updated=row["updated"] or 0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counts:
    """How far a job is, by number."""

    taken: int
    #: Runs by status, those that a retry replaced not among them; what was refused counts as failed
    runs: dict[str, int]
    #: Documents that are reviewed elsewhere
    skipped: int


def _counted(connection: Connection, job_id: str) -> _Counts:
    """Return the numbers of the job, none of them by a look at every document.

    Only a failed run is replaced, so of the failed ones as many are not counted as the job has runs
    more than documents with one.
    """
    runs = dict.fromkeys(STATUSES, 0)
    by_status = select(_RUN.status, func.count()).where(_RUN.job == job_id)
    for status, number in connection.execute(by_status.group_by(_RUN.status)):
        runs[status] = number
    by_reason = select(_ITEM.refused, func.count()).where(_ITEM.job == job_id)
    rows = connection.execute(by_reason.group_by(_ITEM.refused))
    refused = {row[0]: row[1] for row in rows}
    taken = sum(refused.values())
    replaced = sum(runs.values()) - refused.pop("", 0)
    skipped = refused.pop(DUPLICATE, 0)
    runs["failed"] += sum(refused.values()) - replaced
    return _Counts(
        taken=taken,
        runs=runs,
        skipped=skipped,
    )
