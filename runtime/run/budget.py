"""Spending: what moves in the budget of a run moves in its job's and its tenant's too.

reserve -> charge_reserved | release, and charge_part on the way for the time of people. What does
not fit at every level is not set aside at any (`movement`). So any number of spenders in any number
of processes never get past a limit at any level.

A denied action holds nothing. An action that waits for a person holds what it will cost but for its
step and its time, and the time of the people who are asked, so that questions are bounded; the
question itself costs a step. An action of which nobody knows whether it happened is charged what
was set aside, at every level.
"""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.bulk import Bulk, inserted
from interlock.runtime.record.store.of_many import OfMany
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import level
from interlock.runtime.run.movement import (
    NOTHING,
    Movement,
    Shortage,
    climb,
    give_back,
    room,
)

#: What a refusal costs, and a question to a person
ONE_STEP: Final = Amounts(steps=1)
_COLUMNS: Final = tables.reservation.c
_OF_ACTION: Final = _COLUMNS.action_id == bindparam("action")
#: What is set aside for an action
RESERVED: Final = OfMany(tables.reservation, _COLUMNS.action_id, lock=True)
_OPEN: Final = inserted(tables.reservation, key=("action_id",))
_LESSEN: Final = Statement(
    update(tables.reservation)
    .where(_OF_ACTION)
    .values({kind: bindparam(f"cost_{kind}") for kind in KINDS})
)
_CLOSE: Final = Bulk(
    tables.reservation,
    one=delete(tables.reservation).where(_OF_ACTION),
    served=(
        "DELETE FROM reservation USING given WHERE reservation.action_id = given.action"
    ),
    given={"action": _COLUMNS.action_id},
    key=("action",),
)


def reserve(
    tx: Tx,
    *,
    budget_id: str,
    action_id: str,
    tenant: str,
    cost: Amounts,
    is_new: bool = False,
) -> Shortage | None:
    """Set *cost* aside for the action if every kind fits at every level; else return what lacks.

    What was set aside for the same action before is part of *cost*, and stays when it does not fit.
    For an action that *is_new* nothing was; if something was all the same, nothing is written.
    """
    reservation: dict[str, Any] = {
        "action_id": action_id,
        "budget_id": budget_id,
        "tenant": tenant,
        **cost.counts(),
    }
    row = None if is_new else tx.row(RESERVED, action_id)
    if row is not None:
        return _reserve_instead(tx, row, reservation)
    shortage = _set_aside(
        tx,
        budget_id,
        cost,
    )
    if shortage is None:
        _open(tx, reservation)
    return shortage


def _reserve_instead(
    tx: Tx,
    row: Row,
    wanted: dict[str, Any],
) -> Shortage | None:
    """Change what is set aside for an action in *row*, if the difference fits."""
    more = Amounts(**{kind: wanted[kind] - row[kind] for kind in KINDS})
    if more == NOTHING:
        return None
    shortage = _set_aside(
        tx,
        wanted["budget_id"],
        more,
    )
    if shortage is None:
        _close(tx, wanted["action_id"])
        _open(tx, wanted)
    return shortage


def _open(tx: Tx, reservation: dict[str, Any]) -> None:
    tx.forget(RESERVED, reservation["action_id"])
    tx.put(_OPEN, reservation)


def _close(tx: Tx, action_id: str) -> None:
    tx.forget(RESERVED, action_id)
    tx.put(_CLOSE, {"action": action_id})


def reserve_question(
    tx: Tx,
    *,
    budget_id: str,
    action_id: str,
    tenant: str,
    cost: Amounts,
) -> Shortage | None:
    """Spend the step of a question and set *cost* aside for its action, or do neither.

    What is set aside for the action already is part of *cost*.
    """
    reserved = reserved_for(tx, action_id=action_id)
    more = level.combined(
        int.__sub__,
        cost,
        reserved,
    )
    most = replace(
        level.combined(
            max,
            more,
            NOTHING,
        ),
        steps=ONE_STEP.steps,
    )
    shortage = charge(
        tx,
        budget_id=budget_id,
        cost=most,
        actual=ONE_STEP,
    )
    if shortage is not None:
        return shortage
    return reserve(
        tx,
        budget_id=budget_id,
        action_id=action_id,
        tenant=tenant,
        cost=cost,
    )


def reserved_for(tx: Tx, *, action_id: str) -> Amounts:
    """Return what is set aside for the action."""
    row = tx.row(RESERVED, action_id)
    return NOTHING if row is None else _amounts(row)


def _amounts(row: Row) -> Amounts:
    return Amounts(**{kind: row[kind] for kind in KINDS})


def _set_aside(
    tx: Tx,
    budget_id: str,
    cost: Amounts,
) -> Shortage | None:
    move = Movement(
        cost=cost,
        reserved=cost,
    )
    return move.upwards(
        tx,
        budget_id,
    )


def charge(
    tx: Tx,
    *,
    budget_id: str,
    cost: Amounts,
    actual: Amounts,
) -> Shortage | None:
    """Spend *actual* at once if it and the estimate *cost* still fit; else return what lacks."""
    most = (
        cost
        if cost == actual
        else level.combined(
            max,
            cost,
            actual,
        )
    )
    move = Movement(
        cost=most,
        spent=actual,
    )
    return move.upwards(
        tx,
        budget_id,
    )


def charge_reserved(
    tx: Tx,
    *,
    action_id: str,
    actual: Amounts | None,
) -> Amounts:
    """Close the action's reservation, spend *actual* instead, and return what was spent.

    With *actual* None the reservation itself is spent. What goes beyond the reservation is spent as
    far as the limits of all levels allow, so that no limit is ever passed. An action without a
    reservation, such as one that was closed before, spends nothing.
    """
    row = tx.row(RESERVED, action_id)
    if row is None:
        return NOTHING
    _close(tx, action_id)
    reserved = _amounts(row)
    spent = reserved if actual is None else actual
    if any(not 0 <= getattr(spent, kind) <= row[kind] for kind in KINDS):
        spent = level.combined(
            max,
            spent,
            NOTHING,
        )
        spent = _as_fits(tx, row["budget_id"], spent, reserved=reserved)
    give_back(
        tx,
        row["budget_id"],
        reserved=reserved,
        spent=spent,
    )
    return spent


def charge_part(
    tx: Tx,
    *,
    action_id: str,
    spent: Amounts,
    freed: Amounts,
) -> None:
    """Spend one part of what is set aside for the action, and give another part back unspent.

    Raises `Tampered` where that is more than is set aside (fails closed).
    """
    row = tx.row(RESERVED, action_id)
    part = level.combined(
        int.__add__,
        spent,
        freed,
    )
    if part == NOTHING:
        return
    if row is None or any(getattr(part, kind) > row[kind] for kind in KINDS):
        raise Tampered(
            what=f"action {action_id[:12]}",
            why="less is set aside for it",
        )
    left = level.combined(
        int.__sub__,
        _amounts(row),
        part,
    )
    _LESSEN.run(tx.connection, {"action": action_id} | level.named("cost", left))
    give_back(
        tx,
        row["budget_id"],
        reserved=part,
        spent=spent,
    )


def _as_fits(
    tx: Tx,
    budget_id: str,
    spent: Amounts,
    *,
    reserved: Amounts,
) -> Amounts:
    """Return as much of *spent* as *reserved* and the room at every level allow."""
    for row in climb(tx, budget_id):
        if row is None:
            return level.combined(
                min,
                spent,
                reserved,
            )
        free = level.combined(
            max,
            room(row),
            NOTHING,
        )
        most = level.combined(
            int.__add__,
            reserved,
            free,
        )
        spent = level.combined(
            min,
            spent,
            most,
        )
    return spent


def beyond(charged: Amounts, actual: Amounts) -> dict[str, int]:
    """Return what of *actual* was not charged, without the kinds of which that is nothing."""
    if charged == actual:
        return {}
    over = level.combined(
        int.__sub__,
        actual,
        charged,
    ).counts()
    return {kind: amount for kind, amount in over.items() if amount > 0}


def release(tx: Tx, *, action_id: str) -> None:
    """Give the action's reservation back unspent; releasing twice changes nothing."""
    charge_reserved(
        tx,
        action_id=action_id,
        actual=NOTHING,
    )


def release_waiting(tx: Tx, *, run_id: str) -> None:
    """Give back what is set aside for actions of an ended run that a person was to decide."""
    actions = tables.action.c
    waiting = select(actions.id).where(
        actions.run_id == run_id, actions.state == "waiting"
    )
    for action_id in tx.connection.execute(waiting.with_for_update()).scalars().all():
        release(tx, action_id=action_id)
