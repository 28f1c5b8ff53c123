"""Kill switches: rows that stop everything, one tenant, one tool or one run, read before every decision.

Set from any process with access to the database; the next decision sees it. Fails closed: the
policy denies when the list is missing.
"""

from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select

from interlock.runtime.policy.request import KillScope
from interlock.runtime.record.events import HOME, SwitchTurned
from interlock.runtime.record.store import Store, Tx, tables

_c = tables.kill_switch.c
#: Whether a switch covers the request of `of_tenant`, `of_tool` and `of_run`
COVERS: Final = or_(
    _c.scope == "all",
    and_(_c.scope == "tenant", _c.id == bindparam("of_tenant")),
    and_(_c.scope == "tool", _c.id == bindparam("of_tool")),
    and_(_c.scope == "run", _c.id == bindparam("of_run")),
)
_COVERING: Final = select(_c.scope, _c.id).where(COVERS)


async def engage(store: Store, *, scope: KillScope, id: str, by: str) -> None:  # noqa: A002 - the column's name
    """Stop what the switch covers; engaging twice changes nothing."""

    def work(tx: Tx) -> None:
        tx.connection.execute(delete(tables.kill_switch).where(_c.scope == scope, _c.id == id))
        tx.connection.execute(insert(tables.kill_switch).values(scope=scope, id=id, engaged=tx.now))
        tx.events.append(_turned(tx, scope, id, engaged=True, by=by))

    await store.write(work)


async def release(store: Store, *, scope: KillScope, id: str, by: str) -> None:  # noqa: A002 - the column's name
    """Let go again; releasing one that is not engaged changes nothing but is recorded."""

    def work(tx: Tx) -> None:
        tx.connection.execute(delete(tables.kill_switch).where(_c.scope == scope, _c.id == id))
        tx.events.append(_turned(tx, scope, id, engaged=False, by=by))

    await store.write(work)


def engaged(connection: Connection) -> list[dict[str, Any]]:
    """Return every engaged switch: its scope, its id, and since when in Unix seconds."""
    query = select(tables.kill_switch).order_by(_c.scope, _c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def covered(connection: Connection, *, tenant: str, tool: str, run_id: str) -> bool:
    """Whether an engaged switch covers a request."""
    return (
        connection.execute(
            _COVERING, {"of_tenant": tenant, "of_tool": tool, "of_run": run_id}
        ).first()
        is not None
    )


def covering(
    connection: Connection, *, tenant: str, tool: str, run_id: str
) -> list[tuple[KillScope, str]]:
    """Return the scope and name of every engaged switch that covers a request, in order."""
    names = {"of_tenant": tenant, "of_tool": tool, "of_run": run_id}
    return sorted((row.scope, row.id) for row in connection.execute(_COVERING, names))


def _turned(tx: Tx, scope: KillScope, name: str, *, engaged: bool, by: str) -> SwitchTurned:
    tenant = name if scope == "tenant" else None
    if scope == "run":
        query = select(tables.run.c.tenant).where(tables.run.c.id == name)
        tenant = tx.connection.execute(query).scalar_one_or_none() or HOME
    return SwitchTurned(log=HOME, scope=scope, id=name, engaged=engaged, tenant=tenant, by=by)
