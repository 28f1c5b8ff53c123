"""The rows of one run against what its entries say."""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import BindParameter, Table, bindparam, select

from interlock.runtime.errors import NotAsRecorded
from interlock.runtime.record.derived import Derived
from interlock.runtime.record.ground import OF_ACTION, OF_RUN, Ground
from interlock.runtime.record.spend import Rows
from interlock.runtime.record.state import compared
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import Keyring

_NAME: Final[BindParameter[str]] = bindparam("of_name")
#: What a run has one of
_ONE: Final[Mapping[Table, Statement]] = {
    tables.run: Statement(select(tables.run).where(tables.run.c.id == _NAME)),
    tables.budget: Statement(select(tables.budget).where(tables.budget.c.id == _NAME)),
}
#: What a run has many of
_MANY: Final[Mapping[Table, Statement]] = {
    tables.action: Statement(
        select(tables.action).where(tables.action.c.run_id == _NAME)
    ),
    tables.approval: Statement(
        select(tables.approval).where(tables.approval.c.run_id == _NAME)
    ),
    tables.approval_step: Statement(
        select(tables.approval_step).where(tables.approval_step.c.run_id == _NAME)
    ),
    tables.reservation: Statement(
        select(tables.reservation).where(tables.reservation.c.budget_id == _NAME)
    ),
    tables.record: Statement(
        select(tables.record).where(tables.record.c.run_id == _NAME)
    ),
}


def confirm_run(
    keys: Keyring,
    derived: Derived,
    *,
    run_id: str,
) -> None:
    """Raise `NotAsRecorded` unless every row of the run is what its entries say."""
    for table, statement in {**_ONE, **_MANY}.items():
        rows = statement.all(keys.connection, {"of_name": run_id})
        _confirm(keys, table, rows, derived.rows(table))


def confirm_action(
    ground: Ground,
    derived: Derived,
    *,
    run_id: str,
    action: str,
) -> None:
    """Raise `NotAsRecorded` unless the rows on which an action rests are what the entries say.

    They are the action, its approvals with their steps and its reservation, and the run with its
    label and budget.
    """
    for table in OF_RUN:
        rows = ground.rows(table, run_id)
        _confirm(ground.keys, table, rows, derived.rows(table))
    for table in OF_ACTION:
        rows = ground.rows(table, action)
        expected = _of_action(table, derived.rows(table), action)
        _confirm(ground.keys, table, rows, expected)


def _confirm(
    keys: Keyring,
    table: Table,
    rows: Iterable[Row],
    expected: Rows,
) -> None:
    for difference in compared(keys, table, rows=rows, expected=expected):
        raise NotAsRecorded(
            code=difference.code,
            table=difference.table,
            row=difference.row,
            column=difference.column,
        )


def _of_action(table: Table, rows: Rows, action: str) -> Rows:
    if table in {tables.approval, tables.approval_step}:
        return {key: row for key, row in rows.items() if row["action_id"] == action}
    row = rows.get((action,))
    return {} if row is None else {(action,): row}
