"""The rows of one run against what its entries say."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import BindParameter, Table, bindparam, select

from interlock.runtime.errors import NotAsRecorded
from interlock.runtime.record.derived import Derived
from interlock.runtime.record.spend import Rows
from interlock.runtime.record.state import compared
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.vault import Keyring

_NAME: Final[BindParameter[str]] = bindparam("of_name")
#: What belongs to a run as a whole
_RUN: Final[Mapping[Table, Statement]] = {
    tables.run: Statement(select(tables.run).where(tables.run.c.id == _NAME)),
    tables.budget: Statement(select(tables.budget).where(tables.budget.c.id == _NAME)),
}
#: What belongs to one action
_ACTION: Final[Mapping[Table, Statement]] = {
    tables.action: Statement(select(tables.action).where(tables.action.c.id == _NAME)),
    tables.approval: Statement(
        select(tables.approval).where(tables.approval.c.action_id == _NAME)
    ),
    tables.approval_step: Statement(
        select(tables.approval_step).where(tables.approval_step.c.action_id == _NAME)
    ),
    tables.reservation: Statement(
        select(tables.reservation).where(tables.reservation.c.action_id == _NAME)
    ),
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


def confirm_run(keys: Keyring, derived: Derived, *, run_id: str) -> None:
    """Raise `NotAsRecorded` unless every row of the run is what its entries say."""
    _confirm(keys, derived, {**_RUN, **_MANY}, run_id)


def confirm_action(
    keys: Keyring,
    derived: Derived,
    *,
    run_id: str,
    action: str,
) -> None:
    """Raise `NotAsRecorded` unless the rows on which an action rests are what the entries say.

    They are the action, its approvals with their steps and its reservation, and the run with its
    label and budget.
    """
    _confirm(
        keys,
        derived,
        _RUN,
        run_id,
    )
    _confirm(
        keys,
        derived,
        _ACTION,
        action,
    )


def _confirm(
    keys: Keyring,
    derived: Derived,
    statements: Mapping[Table, Statement],
    name: str,
) -> None:
    for table, statement in statements.items():
        expected = derived.rows(table)
        if statements is _ACTION:
            expected = _of_action(table, expected, name)
        differences = compared(
            keys,
            table,
            rows=statement.all(keys.connection, {"of_name": name}),
            expected=expected,
        )
        for difference in differences:
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
