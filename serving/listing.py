"""Runs as a list shows them: one row each, without opening more than the row shows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.errors import BadInput
from interlock.runtime.record.store import tables
from interlock.runtime.run.erasure import erased
from interlock.runtime.run.run import principal_of
from interlock.runtime.storage import Storage

#: The statuses that a run can be listed under
STATUSES: Final = (
    "queued",
    "running",
    "waiting",
    "held",
    "done",
    "failed",
    "cancelled",
    "erased",
)
_UNITS: Final = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which runs to list: every filter that is given must fit."""

    status: str | None = None
    agent: str | None = None
    since: int = 0  # Unix seconds
    limit: int = 50

    def __post_init__(self) -> None:
        """Refuse a status that no run can have."""
        if self.status is not None and self.status not in STATUSES:
            raise BadInput(
                what=f"--status {self.status!r}",
                why="no run can have it",
                next_step=f"It is one of {', '.join(STATUSES)}.",
            )


def since_when(text: str, *, now: float) -> int:
    """Return the Unix seconds of a date ("2026-11-24") or of a time ago ("12h", "7d", "2w")."""
    number, unit = text[:-1], text[-1:]
    if number.isdecimal() and unit in _UNITS:
        return int(now - int(number) * _UNITS[unit].total_seconds())
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            what=f"--since {text!r}",
            why="it is no date",
            next_step="Write it as 2026-11-24, or as 12h, 7d or 2w ago.",
        ) from error
    return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


async def listed(storage: Storage, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the runs as plain data, newest first; an erased run has its dates and nothing else."""

    def look(connection: Connection) -> list[dict[str, Any]]:
        rows = connection.execute(_query(wanted)).mappings().all()
        without_key = [row for row in rows if row["key_id"] is None]
        gone = erased(connection) if without_key else frozenset()  # reads the whole ledger
        return [
            _row(
                storage,
                connection,
                row,
                gone,
            )
            for row in rows
        ]

    return await storage.store.read(look)


def _query(wanted: Wanted) -> Any:
    runs = tables.run.c
    keys = tables.data_key.c
    query = (
        select(tables.run, keys.id.label("key_id"))
        .outerjoin(tables.data_key, keys.id == runs.id)
        .where(runs.created >= wanted.since)
    )
    if wanted.agent is not None:
        query = query.where(runs.agent == wanted.agent)
    if wanted.status == "erased":
        query = query.where(keys.id.is_(None))
    elif wanted.status is not None:
        query = query.where(runs.status == wanted.status, keys.id.is_not(None))
    return query.order_by(runs.created.desc(), runs.id).limit(wanted.limit)


def _row(
    storage: Storage, connection: Connection, row: RowMapping, gone: frozenset[str,]
) -> dict[str, Any]:
    run_id = row["id"]
    shown = {
        "run_id": run_id,
        "status": "erased" if run_id in gone else row["status"],
        "agent": row["agent"],
        "created": row["created"],
        "for": "",
        "document": "",
        "risk": None,
    }
    if run_id in gone:
        return shown
    key = storage.vault.key(connection, run_id)
    request = orjson.loads(key.open(row["request"], place=f"run/{run_id}"))
    shown["for"] = principal_of(row, key).on_behalf_of or ""
    shown["document"] = str(request.get("path", ""))
    if row["outcome"] is not None:
        outcome = orjson.loads(key.open(row["outcome"], place=f"run/{run_id}/outcome"))
        risk = outcome.get("risk") or {}
        shown["risk"] = {name: risk[name] for name in ("tier", "score") if name in risk} or None
    return shown
