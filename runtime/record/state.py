"""The working tables as the ledger says they must be, and every row that differs.

Runs, actions, approvals, budgets, reservations, kill switches, jobs, shelf records and data keys
are derived again from the bodies of the ledger alone. The body states a value plainly, or commits
to the value under the run's key, or holds the digest of the sealed bytes. Where the run's key does
not open, every value that was committed to differs (fails closed). What the ledger verifies is
`interlock.runtime.record.audit`; what is derived here is only as good as that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, Table, select

from interlock.runtime.errors import Tampered
from interlock.runtime.record.derived import derive
from interlock.runtime.record.derived_tables import DERIVED
from interlock.runtime.record.entry_values import Committed, Sealed
from interlock.runtime.record.logs import ROWS
from interlock.runtime.record.spend import Rows
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.store.schema import strange
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.vault import Keyring, Vault

#: Columns that say how work goes on, not what was done: who works on a run until when, when and how
#: often a worker tries, which span comes next, in which order actions are listed, when a key was
#: last used, and keys of the vault, which checks them by opening them
NOT_DERIVED: Final[Mapping[str, frozenset[str]]] = {
    "run": frozenset(
        {
            "claim",
            "owner",
            "lease_until",
            "tries",
            "outages",
            "ready_at",
            "paused",
            "trace",
        }
    ),
    "action": frozenset({"ordinal"}),
    "api_key": frozenset({"seen"}),
    "delivery": frozenset({"claim", "lease_until"}),
    "data_key": frozenset({"wrapped"}),
}
#: The columns that are compared, by table
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    table.name: tuple(
        column.name
        for column in table.columns
        if column.name not in NOT_DERIVED.get(table.name, ())
    )
    for table in DERIVED
}
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    table.name: tuple(column.name for column in table.primary_key) for table in DERIVED
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One place where a table is not what the ledger says.

    The code is "changed_value", "missing_row" (the ledger says there is one), "unknown_row" (no
    entry says so) or "unknown_object" (a trigger or the like, which no migration made). Values are
    texts for people; a sealed or committed value is shown by its digest.
    """

    code: str
    table: str
    row: str
    column: str = ""
    expected: str = ""
    actual: str = ""


async def differences(store: Store, vault: Vault) -> list[Difference]:
    """Return every difference between the working tables and the ledger; changes nothing."""
    return await store.read(lambda connection: compare(connection, vault))


def compare(connection: Connection, vault: Vault) -> list[Difference]:
    """Return every difference as it stands in the connection's transaction."""
    derived = derive(connection)
    keys = Keyring(connection, vault)
    differences = [
        Difference(
            code="unknown_object",
            table="schema",
            row=found,
        )
        for found in strange(connection)
    ]
    for table in DERIVED:
        differences += compared(
            keys,
            table,
            rows=connection.execute(
                select(table).execution_options(yield_per=ROWS)
            ).mappings(),
            expected=derived.rows(table),
        )
    return differences


def compared(
    keys: Keyring,
    table: Table,
    *,
    rows: Iterable[Row],
    expected: Rows,
) -> list[Difference]:
    """Return every difference between the *rows* of a table and those that are *expected*."""
    differences: list[Difference] = []
    missing = dict(expected)
    for row in rows:
        values = missing.pop(_key(keys, table, row), None)
        if values is None:
            unknown = Difference(
                code="unknown_row",
                table=table.name,
                row=_name(table, row),
            )
            differences.append(unknown)
            continue
        columns = _COLUMNS[table.name]
        pairs = zip(
            map(values.get, columns), map(row.__getitem__, columns), strict=True
        )
        for column, (wanted, value) in zip(columns, pairs, strict=True):
            if type(wanted) is type(value) and wanted == value:
                continue
            if not _is(keys, wanted, value):
                differences.append(_changed(table, row, column, wanted))
    differences += [
        Difference(
            code="missing_row",
            table=table.name,
            row="/".join(map(str, key)),
        )
        for key in missing
    ]
    return differences


def _changed(table: Table, row: Row, column: str, wanted: object) -> Difference:
    return Difference(
        code="changed_value",
        table=table.name,
        row=_name(table, row),
        column=column,
        expected=_shown(wanted),
        actual=_shown(row[column]),
    )


def _key(keys: Keyring, table: Table, actual: Row) -> tuple[str, ...]:
    """Return the key that the derived rows have; the ledger only commits to a record's."""
    key = tuple(str(actual[column]) for column in _KEYS[table.name])
    if table is not tables.record:
        return key
    run_id, kind, name = key
    return run_id, kind, _commitment(keys, run_id, name)


def _commitment(keys: Keyring, run_id: str, value: object) -> str:
    """Return the commitment to *value*, or nothing where the run's key does not open."""
    try:
        return keys.key(run_id).commit(str(value).encode())
    except Tampered:
        return ""


def _is(keys: Keyring, wanted: object, value: object) -> bool:
    """Whether an entry commits to *value*, or holds the digest of these sealed bytes."""
    if isinstance(wanted, Committed):
        return _commitment(keys, wanted.run_id, value) == wanted.commitment
    if isinstance(wanted, Sealed):
        return isinstance(value, bytes) and sha256(value).hexdigest() == wanted.digest
    return False


def _name(table: Table, actual: Row) -> str:
    return "/".join(str(actual[column]) for column in _KEYS[table.name])


def _shown(value: object) -> str:
    match value:
        case Committed():
            return f"committed {value.commitment[:16]}"
        case Sealed():
            return f"sealed {value.digest[:16]}"
        case bytes():
            return f"sealed {sha256(value).hexdigest()[:16]}"
        case _:
            return str(value)
