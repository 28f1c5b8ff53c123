"""Whether a database is fit to act on: looked at once, when somebody opens it who may act.

Three looks, the dearest last. What acts by itself in the database, and what the database's own
check says of its pages. Each log, read as `interlock.runtime.record.scan` does: up to a number of
its newest entries. And of a small record everything that the verifier looks at: every signature,
sealed payload and derived row of every run. What is beyond is looked at when a run is claimed: that
run whole, whatever its age.
"""

from typing import Final

from sqlalchemy import Connection, select, text

from interlock.runtime.errors import LogBroken, NotAsRecorded, Tampered
from interlock.runtime.record import audit, logs, state
from interlock.runtime.record.audit_verify import verify
from interlock.runtime.record.ledger import Ledger
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.schema import refuse_strange
from interlock.runtime.record.tlog import Frontier
from interlock.runtime.record.vault import Vault

#: The newest entries of each log that are read; 10,000 take 0.2 s of a slow processor
MOST_ENTRIES: Final = 20_000
#: A record of at most so many entries is small; such a one takes 0.1 s
SMALL: Final = 1_000
#: Bytes up to which SQLite checks its pages; as many take 0.1 s
_PAGES: Final = 64 * 1024 * 1024
_SOUND: Final = "ok"


def refuse_unfit(
    connection: Connection, vault: Vault, ledger: Ledger, *, most: int = MOST_ENTRIES
) -> None:
    """Raise `Tampered`, or what names the place more closely, unless one may act on the database.

    *most* is the number of entries of each log that are read. Changes nothing.
    """
    refuse_strange(connection)
    _refuse_damaged(connection)
    size = _scan(connection, ledger, most)
    if size <= SMALL:
        _refuse_differing(connection, vault, ledger)


def _refuse_damaged(connection: Connection) -> None:
    """Raise `Tampered` where SQLite finds a page that is not as SQLite wrote it."""
    if connection.dialect.name != "sqlite":
        return  # PostgreSQL checks each page that it reads
    pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    if pages * connection.execute(text("PRAGMA page_size")).scalar_one() > _PAGES:
        return
    said = connection.execute(text("PRAGMA integrity_check(1)")).scalar_one()
    if said != _SOUND:
        raise Tampered(what="the database", why=f"SQLite's check says: {said}")


def _scan(connection: Connection, ledger: Ledger, most: int) -> int:
    """Read every log up to its head, and return how many entries there are in all."""
    total = 0
    for log in logs.names(connection):
        head = logs.frontier(connection, log)
        size = 0 if head is None else head.size
        first = max(0, size - most)
        scan = ledger.watch.scan(log, origin=ledger.origin(log), first=first)
        if head is not None:
            scan.advance(connection, head)
            _refuse_other_root(connection, log, head)
        total += size
    return total


def _refuse_other_root(connection: Connection, log: str, head: Frontier) -> None:
    query = select(tables.ledger_head.c.root).where(tables.ledger_head.c.log == log)
    if connection.execute(query).scalar_one() != head.root():
        raise LogBroken(
            log=log,
            seq=head.size,
            problem="head_mismatch",
            why="the head states another root",
        )


def _refuse_differing(connection: Connection, vault: Vault, ledger: Ledger) -> None:
    """Raise for the first entry, payload or row, of whatever run, that is not as recorded."""
    for log in logs.names(connection):
        report = verify(
            logs.export(connection, log),
            key=ledger.public_key,
            origin=ledger.origin(log),
        )
        payloads = audit.payload_problems(connection, vault, log)
        for problem in [*report.problems, *payloads]:
            raise LogBroken(
                log=log,
                seq=problem.seq,
                problem=problem.code,
                why=problem.detail,
            )
    for difference in state.compare(connection, vault):
        raise NotAsRecorded(
            code=difference.code,
            table=difference.table,
            row=difference.row,
            column=difference.column,
        )
