"""The logs of a home as they stand: their heads, their beginning, and their export.

A log has a row in `ledger_head` that says its size, root and frontier. Whoever adds entries locks
that row; only `interlock.runtime.record.ledger` does.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, bindparam, select, text

from interlock.runtime.errors import Tampered
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.tlog import Frontier, public_bytes, signed_by
from interlock.runtime.record.vault import Vault

_HEADS: Final = tables.ledger_head.c
_ENTRIES: Final = tables.ledger_entry.c
_HEAD: Final = select(_HEADS.size, _HEADS.frontier).where(
    _HEADS.log == bindparam("of_log")
)
_READ: Final = Statement(_HEAD)
_LOCK: Final = Statement(_HEAD.with_for_update())
#: Rows that are read from the database at a time, where there may be any number
ROWS: Final = 500
_LOGS: Final = select(_HEADS.log).order_by(_HEADS.log)
_NOTE: Final = (
    select(_ENTRIES.note)
    .where(_ENTRIES.log == bindparam("of_log"))
    .order_by(_ENTRIES.seq.desc())
    .limit(1)
)
_PUBLIC: Final = (
    select(
        _ENTRIES.seq,
        _ENTRIES.run_id,
        _ENTRIES.event,
        _ENTRIES.body,
        _ENTRIES.leaf,
        _ENTRIES.note,
    )
    .where(_ENTRIES.log == bindparam("of_log"))
    .order_by(_ENTRIES.seq)
    .execution_options(yield_per=ROWS)
)
#: Both databases understand it, so neither dialect has to be imported
_NEW_HEAD: Final = text(
    "INSERT INTO ledger_head (log, size, root, frontier) VALUES (:log, 0, :root, :frontier) "
    "ON CONFLICT DO NOTHING"
)


def is_new(connection: Connection) -> bool:
    """Whether nothing was ever recorded here, so that there are no keys yet either."""
    return connection.execute(_LOGS).first() is None


def names(connection: Connection) -> list[str]:
    """Return the name of every log that has begun, in order."""
    return list(connection.execute(_LOGS).scalars())


def begin(vault: Vault, connection: Connection) -> None:
    """Make the home's empty log and data key when this database has none; harmless when it has.

    Raises `Tampered` when there are entries and no head, or when a log was signed by another key
    than ours (fails closed).
    """
    if make_head(connection, HOME):
        if connection.execute(select(_ENTRIES.seq).limit(1)).first() is not None:
            raise Tampered(what=f"head of the log {HOME}", why="the row is gone")
        vault.create(connection, HOME, tenant=HOME)
        return
    refuse_foreign(vault, connection)


def refuse_foreign(vault: Vault, connection: Connection) -> None:
    """Raise `Tampered` unless the home's data key opens and every log was signed by our key."""
    vault.key(connection, HOME)
    ours = public_bytes(vault.signing)
    for log in names(connection):
        note = connection.execute(_NOTE, {"of_log": log}).scalar_one_or_none()
        if note is not None and not signed_by(note, ours):
            why = f"the newest checkpoint of the log {log} is signed by another key"
            raise Tampered(what="ledger key", why=why)


def export(connection: Connection, log: str) -> Iterator[dict[str, str | int]]:
    """Yield one log as flat records for the verifier.

    They are each entry, each signed checkpoint after its last entry, and the stored head.
    """
    place = {"of_log": log}
    for row in connection.execute(_PUBLIC, place):
        yield {
            "kind": "entry",
            "seq": row.seq,
            "run": str(row.run_id),
            "event": str(row.event),
            "body": _text(row.body),
            "leaf": _hex(row.leaf),
        }
        if row.note is not None:
            yield {
                "kind": "checkpoint",
                "size": row.seq + 1,
                "note": str(row.note),
            }
    for head in connection.execute(select(tables.ledger_head).where(_HEADS.log == log)):
        yield {
            "kind": "head",
            "size": head.size,
            "root": _hex(head.root),
            "frontier": _hex(head.frontier),
        }


@lru_cache
def escaped(log: str) -> str:
    """Return the name of the log as it stands in an origin line."""
    return quote(log, safe="")


def kept_at(log: str, seq: int) -> str:
    """Return what the payload of an entry is sealed for."""
    return f"ledger_entry/{log}/{seq}"


def frontier(
    connection: Connection, log: str, *, lock: bool = False
) -> Frontier | None:
    """Return the tree of *log*, or None when the log has no head.

    With *lock* nobody else adds entries until the transaction ends. Raises `Tampered` for a head
    that is not one.
    """
    query = _LOCK if lock else _READ
    row = query.one(connection, {"of_log": log})
    if row is None:
        return None
    try:
        return Frontier.from_bytes(row["size"], row["frontier"])
    except (
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # another length, or another type
        raise Tampered(what=f"head of the log {log}", why=str(error)) from error


def make_head(connection: Connection, log: str) -> bool:
    """Make the empty head of *log* and say whether there was none; another process may be as fast.

    Raises `Tampered` when the log has entries already.
    """
    head = {
        "log": log,
        "root": Frontier().root(),
        "frontier": b"",
    }
    if connection.execute(_NEW_HEAD, head).rowcount != 1:
        return False
    if connection.execute(_NOTE, {"of_log": log}).first() is not None:
        raise Tampered(what=f"head of the log {log}", why="the row is gone")
    return True


def _text(stored: object) -> str:
    # SQLite keeps whatever type it is given: what was changed may be no bytes any more, and the
    # verifier then says so.
    if isinstance(stored, bytes):
        return stored.decode("utf-8", "backslashreplace")
    return f"not bytes: {stored!r}"


def _hex(stored: object) -> str:
    return stored.hex() if isinstance(stored, bytes) else f"not bytes: {stored!r}"
