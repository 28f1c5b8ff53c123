"""Lists of runs: what is shown of each on a page, at the cost of one statement a page."""

from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, RowMapping, func, select, tuple_

from interlock.runtime.canonical import Json
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.run import OPEN, Status, principal_of, requester_of, row_of

_RUNS: Final = (
    select(
        tables.run.c.id,
        tables.run.c.tenant,
        tables.run.c.agent,
        tables.run.c.status,
        tables.run.c.undoing,
        tables.run.c.job,
        tables.run.c.priority,
        tables.run.c.principal,
        tables.run.c.request,
        tables.run.c.pins,
        tables.run.c.budget_id,
        tables.run.c.revision,
        tables.run.c.created,
        tables.run.c.updated,
        tables.data_key.c.wrapped,
    )
    .outerjoin(tables.data_key, tables.data_key.c.id == tables.run.c.id)
    .where(tables.WORK)
    .order_by(tables.run.c.created.desc(), tables.run.c.id.desc())
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSummary:
    """One run in a list; of an erased run there is no requester and no request."""

    id: str
    tenant: str
    agent: str
    status: Status
    #: A person cancels it, and has its effects undone first
    undoing: bool
    #: The job it belongs to, empty for none
    job: str
    priority: int
    #: The person for whom the run acts
    requester: str
    request: dict[str, Json]
    budget_id: str
    revision: str
    #: What an open run is pinned to beside the policy; nothing for a run that is over
    pins: dict[str, str]
    created: int
    updated: int
    #: The data key of the run is gone, and with it everything that was sealed
    erased: bool


def page(
    connection: Connection,
    vault: Vault,
    *,
    tenant: str | None,
    status: Status | None,
    agent: str | None,
    erased: bool | None,
    after: str | None,
    limit: int | None,
) -> list[RunSummary]:
    """Return the next *limit* runs, or all, *after* the named one, newest first."""
    query = _RUNS.limit(limit)
    if tenant is not None:
        query = query.where(tables.run.c.tenant == tenant)
    if status is not None:
        query = query.where(tables.run.c.status == status)
    if agent is not None:
        query = query.where(tables.run.c.agent == agent)
    if erased is not None:
        is_gone = tables.data_key.c.id.is_(None)
        query = query.where(is_gone if erased else ~is_gone)
    if after is not None:
        last = row_of(connection, after)
        older = tuple_(tables.run.c.created, tables.run.c.id) < (
            last["created"],
            last["id"],
        )
        query = query.where(older)
    return [_summary(row, vault) for row in connection.execute(query).mappings()]


def count(connection: Connection) -> int:
    """Return the number of runs."""
    return int(
        connection.execute(select(func.count()).select_from(tables.run)).scalar_one()
    )


def _summary(row: RowMapping, vault: Vault) -> RunSummary:
    requester = ""
    request: dict[str, Json] = {}
    pins: dict[str, str] = {}
    erased = row["wrapped"] is None
    if not erased:
        key = vault.unwrapped(row["id"], row["wrapped"])
        requester = requester_of(principal_of(row, key))
        request = orjson.loads(key.open(row["request"], place=f"run/{row['id']}"))
        if row["status"] in OPEN:
            pins = orjson.loads(key.open(row["pins"], place=f"run/{row['id']}/pins"))
    return RunSummary(
        id=row["id"],
        tenant=row["tenant"],
        agent=row["agent"],
        status=row["status"],
        undoing=bool(row["undoing"]),
        job=row["job"],
        priority=row["priority"],
        requester=requester,
        request=request,
        budget_id=row["budget_id"],
        revision=row["revision"],
        pins=pins,
        created=row["created"],
        updated=row["updated"],
        erased=erased,
    )
