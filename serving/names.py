"""Ids as people write them: whole, or their beginning while only one thing begins so."""

from typing import Final

from sqlalchemy import Connection, Table, or_, select

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.record.spend import TENANT
from interlock.runtime.record.store import Store, tables

_LISTS: Final = {
    "run": "interlock run list",
    "approval": "interlock approvals list --all",
    "job": "interlock batch list",
}


async def run_named(store: Store, beginning: str) -> str:
    """Return the id of the only run that begins so, erased ones included; "run-" may be left out.

    Raises `NotFound` for none and `BadInput` for several.
    """
    return await _named(
        store,
        tables.run,
        "run",
        "run-",
        beginning,
    )


async def approval_named(store: Store, beginning: str) -> str:
    """Return the id of the only approval that begins so; see `run_named`."""
    return await _named(
        store,
        tables.approval,
        "approval",
        "apr-",
        beginning,
    )


async def job_named(store: Store, beginning: str) -> str:
    """Return the id of the only job that begins so; see `run_named`."""
    return await _named(
        store,
        tables.job,
        "job",
        "job-",
        beginning,
    )


async def budget_named(store: Store, name: str) -> str:
    """Return the id of the budget of a run, a job ("job-...") or a tenant ("tenant:NAME").

    Raises as `run_named` does.
    """
    if name.startswith(TENANT):
        return name
    if name.startswith("job-"):
        return await job_named(store, name)
    return await run_named(store, name)


async def _named(
    store: Store,
    table: Table,
    kind: str,
    prefix: str,
    beginning: str,
) -> str:
    column = table.c.id
    begins = column.startswith(beginning, autoescape=True)
    without_prefix = column.startswith(prefix + beginning, autoescape=True)

    def look(connection: Connection) -> list[str]:
        query = (
            select(column)
            .where(
                or_(
                    begins,
                    without_prefix,
                )
            )
            .order_by(column)
            .limit(2)
        )
        return list(connection.execute(query).scalars())

    ids = await store.read(look) if beginning else []
    if beginning in ids or len(ids) == 1:
        return beginning if beginning in ids else ids[0]
    if not ids:
        raise NotFound(
            kind=kind,
            name=beginning,
            next_step=f"See `{_LISTS[kind]}`.",
        )
    raise BadInput(
        code="ambiguous",
        what=f"{kind} {beginning!r}",
        why=f"several begin so, {ids[0]} and {ids[1]} among them",
        next_step="Write more of the id.",
    )
