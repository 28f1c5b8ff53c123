"""Guesses: how many passwords may be tried, for one name and for the whole home.

The counts stand in the database, so a restart forgets none, and a guess is counted before it is
checked, so guesses at once do not slip through. Fails closed: what cannot be counted is not
checked. Nobody locks anybody out for good: no wait is longer than `LONGEST_WAIT`, and sessions,
keys and sign-in links are not asked about guesses.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from interlock.runtime.errors import TooManyGuesses
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import upsert

#: Wrong guesses in a row that cost nothing but time
FREE: Final = 5
LONGEST_WAIT: Final = 300  # seconds
#: Guesses a minute in the whole home; beyond, each name has one a minute
OF_HOME: Final = 120
_MINUTE: Final = 60
#: Names that nobody has share so many rows, so that inventing names fills no table
_GROUP: Final = 4  # hexadecimal digits
_KEEP: Final = Statement(upsert(tables.guess, keys=("id",)))
_READ: Final = Statement(
    select(tables.guess).where(tables.guess.c.id == bindparam("of_id"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Count:
    id: str
    failures: int = 0
    since: int = 0
    until: int = 0


def row_of(account: str, *, is_known: bool) -> str:
    """Return the id of the row that counts the guesses for an account or an unknown name."""
    return account if is_known else f"unknown/{account[:_GROUP]}"


def count(tx: Tx, row: str) -> int:
    """Count one guess, wrong until `forget` says otherwise, and return how many that makes.

    Raises `TooManyGuesses` when no guess is taken now; then nothing is counted.
    """
    _refuse_early(tx, row)
    counted = _read(tx.connection, row)
    failures = counted.failures + 1
    until = tx.now + wait_s(failures)
    _write(
        tx,
        _Count(
            id=row,
            failures=failures,
            since=tx.now,
            until=until,
        ),
    )
    home = _read(tx.connection, HOME)
    is_new = tx.now - home.since >= _MINUTE
    since = tx.now if is_new else home.since
    total = 1 if is_new else home.failures + 1
    _write(
        tx,
        _Count(
            id=HOME,
            failures=total,
            since=since,
        ),
    )
    return failures


def is_told(failures: int) -> bool:
    """Whether the ledger is told of so many failures: at each doubling."""
    return failures & (failures - 1) == 0


def _refuse_early(tx: Tx, row: str) -> None:
    counted = _read(tx.connection, row)
    home = _read(tx.connection, HOME)
    until = counted.until
    is_minute = tx.now - home.since < _MINUTE
    if is_minute and home.failures >= OF_HOME and counted.failures:
        until = max(until, counted.since + _MINUTE)
    if tx.now < until:
        raise TooManyGuesses(wait_s=until - tx.now)


def forget(tx: Tx, row: str) -> None:
    """Forget the guesses of an account, whose person has signed in."""
    tx.connection.execute(delete(tables.guess).where(tables.guess.c.id == row))


def wait_s(failures: int) -> int:
    """Return how long nobody may guess after so many wrong guesses in a row."""
    if failures < FREE:
        return 0
    doublings = min(failures - FREE, LONGEST_WAIT.bit_length())
    return min(1 << doublings, LONGEST_WAIT)


def _read(connection: Connection, row: str) -> _Count:
    counted = _READ.one(connection, {"of_id": row})
    if counted is None:
        return _Count(id=row)
    return _Count(
        id=row,
        failures=counted["failures"],
        since=counted["since"],
        until=counted["until"],
    )


def _write(tx: Tx, counted: _Count) -> None:
    row = {
        "id": counted.id,
        "failures": counted.failures,
        "since": counted.since,
        "until": counted.until,
    }
    _KEEP.run(tx.connection, row)
