"""Jobs: many documents, each carried through a run of its own.

    open <-> paused -> cancelled, and open -> cancelled

A job whose every document has been taken, and whose every run has ended, is done: nobody says so,
its runs do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, RowMapping, select, update

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.errors import NotFound
from interlock.runtime.record.events import JobItemTaken, JobStatusSet, JobSubmitted
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import limit
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import OPEN

JobStatus: TypeAlias = Literal["open", "paused", "cancelled"]
#: Why a document of a job has no run of its own, beside the codes of documents
DUPLICATE: Final = "duplicate"
_ITEM: Final = tables.job_item.c
_RUN: Final = tables.run.c
#: Runs of these have reviewed a document, or will
_ALIVE: Final = (*sorted(OPEN - {"dead"}), "done")
_NEW: Final = Statement(insert_new(tables.job_item))
_NEW_JOB: Final = Statement(insert_new(tables.job))


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob:
    """What is needed to submit a job."""

    id: str
    tenant: str
    agent: str
    by: str
    #: All of the request that its documents share
    request: Mapping[str, Json]
    priority: int
    #: What all its runs together may spend, by kind; empty for no limit of its own
    limits: Mapping[str, int]
    items: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewItem:
    """One document of a job as it is taken."""

    job: str
    seq: int
    #: Where the document was found: a name, and nothing is read there again
    path: str
    document: str = ""
    #: The same document is reviewed by one run only
    once: bool = False
    #: Why the document has no run, as a code and in words
    refused: str = ""
    why: str = ""


def job_row(connection: Connection, job_id: str, *, lock: bool = False) -> RowMapping:
    """Return the job's row, locked until the transaction ends if *lock*; raises `NotFound`."""
    query = select(tables.job).where(tables.job.c.id == job_id)
    row = connection.execute(query.with_for_update() if lock else query)
    found = row.mappings().one_or_none()
    if found is None:
        next_step = "List jobs with `interlock batch list`."
        raise NotFound(
            kind="job",
            name=job_id,
            next_step=next_step,
        )
    return found


def submitter(row: Row | RowMapping, key: DataKey) -> str:
    """Return who submitted the job in *row*."""
    return key.open(row["by"], place=f"job/{row['id']}/by").decode()


def request_of(row: Row | RowMapping, key: DataKey) -> dict[str, Json]:
    """Return what every run of the job in *row* is asked, beside its document."""
    opened = key.open(row["settings"], place=f"job/{row['id']}/settings")
    request: dict[str, Json] = orjson.loads(opened)
    return request


def submit(tx: Tx, vault: Vault, new: NewJob) -> None:
    """Record the job, unless it was submitted before: then nothing changes."""
    row = {
        "id": new.id,
        "tenant": new.tenant,
        "agent": new.agent,
        "status": "open",
        "priority": new.priority,
        "items": new.items,
        "by": b"",
        "settings": b"",
        "created": tx.now,
    }
    if _NEW_JOB.one(tx.connection, row) is None:
        return
    limit.create_for_job(
        tx,
        job=new.id,
        tenant=new.tenant,
        limits=new.limits,
    )
    key = vault.create(tx.connection, new.id, tenant=new.tenant)
    request = canonical(dict(new.request))
    sealed = {
        "by": key.seal(new.by.encode(), place=f"job/{new.id}/by"),
        "settings": key.seal(request, place=f"job/{new.id}/settings"),
    }
    here = update(tables.job).where(tables.job.c.id == new.id)
    tx.connection.execute(here.values(sealed))
    _say_submitted(tx, new, sealed)


def _say_submitted(tx: Tx, new: NewJob, sealed: Mapping[str, bytes]) -> None:
    tx.events.append(
        JobSubmitted(
            log=new.tenant,
            job=new.id,
            agent=new.agent,
            priority=new.priority,
            limits=dict(new.limits),
            items=new.items,
            by=new.by,
            sealed=sealed,
        )
    )


def take(tx: Tx, vault: Vault, item: NewItem, *, run_id: str = "") -> None:
    """Record what became of a document, together with the start of its run if it has one.

    Raises `BadInput`, so that the run is not started, for a document that was taken before
    ("taken_already"), for one that another run reviews and that is to be reviewed *once*
    ("duplicate"), and for a cancelled job ("job_ended"). The tenant's log is held meanwhile, so of
    two submissions at a time one hears of the other.
    """
    row = job_row(tx.connection, item.job, lock=True)
    if row["status"] == "cancelled":
        raise refused("job_ended", what=f"job {item.job}")
    values = _values(tx, vault, item, run_id) | {"tenant": row["tenant"]}
    if _NEW.one(tx.connection, values) is None:
        raise refused("taken_already", what=f"document {item.path}")
    if item.once:
        _refuse_reviewed(tx, item, but=run_id)
    if run_id and row["status"] == "paused":
        run = update(tables.run).where(tables.run.c.id == run_id)
        tx.connection.execute(run.values(paused=1))
    _say(tx, row["tenant"], values)


def _refuse_reviewed(tx: Tx, item: NewItem, *, but: str) -> None:
    """Refuse a document that a run *but* this one reviews or has reviewed ("duplicate").

    Runs that failed, were cancelled, are undone, are dead or were erased have reviewed nothing.
    """
    query = (
        select(_RUN.id)
        .join(tables.job_item, _ITEM.run_id == _RUN.id)
        .join(tables.data_key, tables.data_key.c.id == _RUN.id)
        .where(
            _ITEM.document == item.document,
            _RUN.id != but,
            _RUN.status.in_(_ALIVE),
            _RUN.undoing == 0,
        )
        .limit(1)
    )
    other = tx.connection.execute(query).scalar_one_or_none()
    if other is not None:
        raise refused(DUPLICATE, what=f"document {item.path}", run=other)


def take_again(tx: Tx, vault: Vault, item: NewItem, *, run_id: str) -> None:
    """Record that the document of *item* has another run, which takes the place of its last."""
    row = job_row(tx.connection, item.job, lock=True)
    if row["status"] == "cancelled":
        raise refused("job_ended", what=f"job {item.job}")
    values = _values(tx, vault, item, run_id)
    here = (_ITEM.job == item.job, _ITEM.seq == item.seq)
    tx.connection.execute(update(tables.job_item).where(*here).values(values))
    _say(tx, row["tenant"], values)


def turn(tx: Tx, job_id: str, status: JobStatus, *, by: str) -> None:
    """Pause the job, let it go on, or cancel it; what is so already stays as it is.

    Whatever is not "open" is claimed by no worker from now on, but for the runs that a person has
    undone: those go on until they are. Raises `NotFound`, and `BadInput` ("job_ended") for a
    cancelled job, which does not go on.
    """
    row = job_row(tx.connection, job_id, lock=True)
    if row["status"] == status:
        return
    if row["status"] == "cancelled":
        raise refused("job_ended", what=f"job {job_id}")
    changed = update(tables.job).where(tables.job.c.id == job_id)
    tx.connection.execute(changed.values(status=status))
    runs = update(tables.run).where(_RUN.job == job_id, _RUN.undoing == 0)
    tx.connection.execute(runs.values(paused=0 if status == "open" else 1))
    tx.events.append(
        JobStatusSet(
            log=row["tenant"],
            job=job_id,
            status=status,
            by=by,
        )
    )


def _values(tx: Tx, vault: Vault, item: NewItem, run_id: str) -> dict[str, object]:
    key = vault.key(tx.connection, run_id or item.job)
    details = canonical({"path": item.path, "why": item.why})
    return {
        "job": item.job,
        "seq": item.seq,
        "run_id": run_id,
        "document": item.document,
        "refused": item.refused,
        "details": key.seal(details, place=place_of(item.job, item.seq)),
    }


def place_of(job_id: str, seq: int) -> str:
    """Return where the details of a document are sealed."""
    return f"job/{job_id}/{seq}"


def _say(tx: Tx, tenant: str, values: Mapping[str, object]) -> None:
    details = values["details"]
    tx.events.append(
        JobItemTaken(
            log=tenant,
            job=str(values["job"]),
            seq=int(str(values["seq"])),
            of=str(values["run_id"]),
            document=str(values["document"]),
            refused=str(values["refused"]),
            sealed={"details": details if isinstance(details, bytes) else None},
        )
    )
