"""The ledger of a home, verified with what only the home has.

That is its keys, its head, and the checkpoint that is remembered outside the database.
"""

from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.errors import Erased, Tampered
from interlock.runtime.record.audit_verify import Problem, Report, verify
from interlock.runtime.record.events import HOME
from interlock.runtime.record.ledger import export, kept_at
from interlock.runtime.record.store import tables
from interlock.runtime.run.erasure import erased
from interlock.serving.view import Readable


async def verified(home: Readable) -> Report:
    """Verify the ledger of *home*, its sealed payloads included; never changes anything."""
    # The checkpoint first: the log may grow while it is read, never the other way round
    remembered = home.ledger.remembered()

    def look(connection: Connection) -> tuple[list[dict[str, Any]], list[Problem]]:
        return list(export(connection)), _payloads(home, connection)

    records, payloads = await home.store.read(look)
    report = verify(
        records,
        key=home.ledger.public_key,
        origin=home.ledger.origin,
        remembered=remembered,
    )
    if remembered is None and report.size:
        detail = (
            "the checkpoint kept outside the database is gone, "
            "so a database that was rolled back would not be noticed"
        )
        report.problems.append(Problem("no_remembered_checkpoint", report.size - 1, detail))
    report.problems += payloads
    return report


async def entries(home: Readable, run_id: str | None) -> list[dict[str, Any]]:
    """Return the entries in order, each body with its opened payload (None when erased)."""
    columns = tables.ledger_entry.c
    query = select(tables.ledger_entry).order_by(columns.seq)
    if run_id is not None:
        query = query.where(columns.run_id == run_id)

    def look(connection: Connection) -> list[dict[str, Any]]:
        rows = connection.execute(query).mappings().all()
        return [{"body": _read(row), "payload": _opened(home, connection, row)} for row in rows]

    return await home.store.read(look)


def _payloads(home: Readable, connection: Connection) -> list[Problem]:
    """Check every sealed payload against the commitment in its entry."""
    columns = tables.ledger_entry.c
    query = select(
        columns.seq,
        columns.run_id,
        columns.body,
        columns.payload,
    )
    gone = erased(connection)
    problems = []
    for row in connection.execute(query.order_by(columns.seq)):
        committed = _body(row.body).get("payload")
        if committed is None:
            continue
        problem = _payload(
            home,
            connection,
            row,
            committed,
            gone,
        )
        if problem is not None:
            problems.append(problem)
    return problems


def _payload(
    home: Readable, connection: Connection, row: Any, committed: str, gone: frozenset[str,]
) -> Problem | None:
    """Return what is wrong with one sealed payload, or None; an erased one is not wrong."""
    if row.payload is None:
        return Problem("payload_missing", row.seq, "what the entry commits to is gone")
    try:
        key = home.vault.key(connection, row.run_id or HOME)
        payload = key.open(row.payload, place=kept_at(row.seq))
    except Erased as error:
        is_recorded = error.run_id in gone
        return None if is_recorded else Problem("payload_changed", row.seq, error.why)
    except Tampered as error:
        return Problem("payload_changed", row.seq, error.why)
    if key.commit(payload) == committed:
        return None
    return Problem("payload_changed", row.seq, "it is not what the entry commits to")


def _body(stored: object) -> dict[str, Any]:
    """Return an entry's body, or nothing where it cannot be read: the entry is reported then."""
    try:
        body = orjson.loads(stored) if isinstance(stored, bytes) else None
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _read(row: RowMapping) -> dict[str, Any]:
    return _body(row["body"]) or {
        "seq": row["seq"],
        "run": str(row["run_id"]),
        "event": "unreadable",
    }


def _opened(home: Readable, connection: Connection, row: RowMapping) -> Any:
    if row["payload"] is None:
        return None
    try:
        key = home.vault.key(connection, row["run_id"] or HOME)
        return orjson.loads(key.open(row["payload"], place=kept_at(row["seq"])))
    except Tampered:
        return None
