"""Kill switches: rows that stop everything, one tenant, one tool or one run.

Every decision reads them first, and every intent is checked against them once more. A switch is
turned from any process with access to the database; the next decision sees it. Fails closed: the
policy denies when the list is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, or_, select

from interlock.runtime.errors import NotAsRecorded
from interlock.runtime.policy.request import KillFact, KillScope
from interlock.runtime.record.events import EVERY, HOME, SwitchTurned
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.upsert import upsert

_SWITCHES: Final = tables.kill_switch.c
#: Whether a switch covers the request of `of_tenant`, `of_tool` and `of_run`
COVERS: Final = or_(
    _SWITCHES.scope == "all",
    and_(_SWITCHES.scope == "tenant", _SWITCHES.id == bindparam("of_tenant")),
    and_(_SWITCHES.scope == "tool", _SWITCHES.id == bindparam("of_tool")),
    and_(_SWITCHES.scope == "run", _SWITCHES.id == bindparam("of_run")),
)
#: Whoever turns a switch holds the head of every log, so that an intent comes before or after
_LOGS: Final = (HOME, EVERY)
_ENGAGE: Final = Statement(upsert(tables.kill_switch, keys=("scope", "id")))
_COVERING: Final = Statement(select(_SWITCHES.scope, _SWITCHES.id).where(COVERS))
_ENGAGED: Final = Statement(select(_SWITCHES.scope, _SWITCHES.id))


@dataclass(frozen=True, kw_only=True, slots=True)
class KillSwitch:
    """One engaged switch; *id* is empty for the switch of everything."""

    scope: KillScope
    id: str
    #: Whose it is; the home's for everything and for a tool
    tenant: str
    #: Since when, in Unix seconds
    engaged: int


def facts(rows: Sequence[Row]) -> tuple[KillFact, ...]:
    """Return the switches in *rows*, each of which has one or none, in order."""
    engaged = sorted(
        (row["kill_scope"], row["kill_id"])
        for row in rows
        if row["kill_scope"] is not None
    )
    return tuple(KillFact(scope=scope, id=name) for scope, name in engaged)


class KillSwitches:
    """Turns and lists kill switches; holds no state of its own and is safe to share."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def engage(self, scope: KillScope, name: str, *, by: str) -> None:
        """Stop what the switch covers; engaging twice changes nothing but is recorded.

        An intent is recorded before this returns or never; what was intended before may still act.
        Raises `NotAsRecorded` when the switch does not stand in its table afterwards.
        """
        await self._store.write(
            lambda tx: engage(tx, scope, name, by=by),
            logs=_LOGS,
        )
        if not any(
            (switch.scope, switch.id) == (scope, name) for switch in await self.list()
        ):
            raise NotAsRecorded(
                code="missing_row",
                table="kill_switch",
                row=f"{scope}/{name}",
                why="it was engaged, and its row is gone already",
            )

    async def release(self, scope: KillScope, name: str, *, by: str) -> None:
        """Let go again; releasing a switch that is not engaged changes nothing but is recorded."""
        await self._store.write(
            lambda tx: release(tx, scope, name, by=by),
            logs=_LOGS,
        )

    async def list(self) -> list[KillSwitch]:
        """Return every engaged switch, by scope and name."""

        def look(connection: Connection) -> list[KillSwitch]:
            query = select(tables.kill_switch).order_by(_SWITCHES.scope, _SWITCHES.id)
            return [KillSwitch(**row) for row in connection.execute(query).mappings()]

        return await self._store.read(look)


def engage(tx: Tx, scope: KillScope, name: str, *, by: str) -> None:
    """Engage the switch in the caller's transaction, which holds the head of every log."""
    turned = _turned(tx, scope, name, engaged=True, by=by)
    row = {
        "scope": scope,
        "id": name,
        "tenant": turned.tenant or HOME,
        "engaged": tx.now,
    }
    _ENGAGE.run(tx.connection, row)
    tx.engaged = None
    tx.events.append(turned)


def release(
    tx: Tx,
    scope: KillScope,
    name: str,
    *,
    by: str,
) -> None:
    """Let go of the switch in the caller's transaction, which holds the head of every log."""
    here = and_(_SWITCHES.scope == scope, _SWITCHES.id == name)
    tx.connection.execute(delete(tables.kill_switch).where(here))
    tx.engaged = None
    tx.events.append(_turned(tx, scope, name, engaged=False, by=by))


def covering(
    connection: Connection, *, tenant: str, tool: str, run_id: str
) -> list[tuple[KillScope, str]]:
    """Return the scope and name of every engaged switch that covers a request, in order."""
    names = {
        "of_tenant": tenant,
        "of_tool": tool,
        "of_run": run_id,
    }
    return sorted((row["scope"], row["id"]) for row in _COVERING.all(connection, names))


def covered(
    tx: Tx,
    *,
    tenant: str,
    tool: str,
    run_id: str,
) -> bool:
    """Whether an engaged switch covers a request.

    The switches are read once in a transaction: it holds a head without which none is turned.
    """
    if tx.engaged is None:
        rows = _ENGAGED.all(tx.apart, {})
        tx.engaged = frozenset((row["scope"], row["id"]) for row in rows)
    covering = {("tenant", tenant), ("tool", tool), ("run", run_id)}
    return any(
        scope == "all" or (scope, name) in covering for scope, name in tx.engaged
    )


def _turned(
    tx: Tx,
    scope: KillScope,
    name: str,
    *,
    engaged: bool,
    by: str,
) -> SwitchTurned:
    tenant = name if scope == "tenant" else None
    if scope == "run":
        query = select(tables.run.c.tenant).where(tables.run.c.id == name)
        tenant = tx.connection.execute(query).scalar_one_or_none() or HOME
    return SwitchTurned(
        log=HOME,
        scope=scope,
        id=name,
        engaged=engaged,
        tenant=tenant,
        by=by,
    )
