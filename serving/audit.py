"""The ledger of a home, verified with everything only the home has: its keys, its head, its remembered checkpoint."""

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
    remembered = (
        home.ledger.remembered()
    )  # first: the log may grow while it is read, never the other way round
    records, payloads = await home.store.read(
        lambda connection: (list(export(connection)), _payloads(home, connection))
    )
    report = verify(
        records, key=home.ledger.public_key, origin=home.ledger.origin, remembered=remembered
    )
    if remembered is None and report.size:
        detail = "the checkpoint kept outside the database is gone, so a rolled-back database would not be noticed"
        report.problems.append(Problem("no_remembered_checkpoint", report.size - 1, detail))
    report.problems += payloads
    return report


async def entries(home: Readable, run_id: str | None) -> list[dict[str, Any]]:
    """Return the entries in order, each body with its opened payload (None when erased)."""

    def look(connection: Connection) -> list[dict[str, Any]]:
        query = select(tables.ledger_entry)
        query = query if run_id is None else query.where(tables.ledger_entry.c.run_id == run_id)
        rows = connection.execute(query.order_by(tables.ledger_entry.c.seq)).mappings().all()
        return [
            {
                "body": _read(row),
                "payload": _opened(home, connection, row["seq"], row["run_id"], row["payload"]),
            }
            for row in rows
        ]

    return await home.store.read(look)


def _payloads(home: Readable, connection: Connection) -> list[Problem]:
    """Check every sealed payload against the commitment in its entry."""
    columns = tables.ledger_entry.c
    query = select(columns.seq, columns.run_id, columns.body, columns.payload)
    problems, gone = [], erased(connection)
    for row in connection.execute(query.order_by(tables.ledger_entry.c.seq)):
        if (committed := _body(row.body).get("payload")) is None:
            continue
        if row.payload is None:
            problems.append(
                Problem("payload_missing", row.seq, "what the entry commits to is gone")
            )
            continue
        try:
            key = home.vault.key(connection, row.run_id or HOME)
            matches = key.commit(key.open(row.payload, place=kept_at(row.seq))) == committed
        except Erased as error:
            if error.run_id not in gone:  # erased without a record of it
                problems.append(Problem("payload_changed", row.seq, error.why))
            continue
        except Tampered as error:
            problems.append(Problem("payload_changed", row.seq, error.why))
            continue
        if not matches:
            problems.append(
                Problem("payload_changed", row.seq, "it is not what the entry commits to")
            )
    return problems


def _body(stored: object) -> dict[str, Any]:
    """Return an entry's body, or nothing for one that cannot be read: the entry itself is reported then."""
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


def _opened(
    home: Readable, connection: Connection, seq: int, run_id: str, sealed: bytes | None
) -> Any:
    if sealed is None:
        return None
    try:
        return orjson.loads(
            home.vault.key(connection, run_id or HOME).open(sealed, place=kept_at(seq))
        )
    except Tampered:
        return None
