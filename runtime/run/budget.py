"""Spending: what moves in the budget of a run moves in its job's and its tenant's too.

reserve -> charge_reserved | release. At each level a reservation is one UPDATE that succeeds only
while everything fits, always in the order run, job, tenant; where one level has no room the levels
before give back in the same transaction. So any number of spenders in any number of processes never
get past a limit at any level (fails closed: no row, no reservation).

A denied action holds nothing. An action that waits for a person holds what it will cost but for its
step and its time, so that questions are bounded; the question itself costs a step. An action of
which nobody knows whether it happened is charged what was set aside, at every level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, select, update

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.decision import Reason, by_runtime
from interlock.runtime.policy.request import Amounts, Level
from interlock.runtime.record.events.of_run import Held
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.run import level, limit

_BUDGETS: Final = tables.budget.c
_HERE: Final = _BUDGETS.id == bindparam("budget")
#: What a refusal costs, and a question to a person
ONE_STEP: Final = Amounts(steps=1)
_NOTHING: Final = Amounts()
_LOCKED: Final = Statement(
    select(tables.budget, level.ABOVE).where(_HERE).with_for_update()
)
_FITS: Final = and_(
    *(
        _BUDGETS[f"spent_{kind}"]
        + _BUDGETS[f"reserved_{kind}"]
        + bindparam(f"cost_{kind}")
        <= _BUDGETS[f"limit_{kind}"]
        for kind in KINDS
    )
)
_SPEND: Final = {
    f"spent_{kind}": _BUDGETS[f"spent_{kind}"] + bindparam(f"actual_{kind}")
    for kind in KINDS
}
_SET_ASIDE: Final = {
    f"reserved_{kind}": _BUDGETS[f"reserved_{kind}"] + bindparam(f"cost_{kind}")
    for kind in KINDS
}
_GIVE_BACK: Final = {
    f"reserved_{kind}": _BUDGETS[f"reserved_{kind}"] - bindparam(f"cost_{kind}")
    for kind in KINDS
}
_TOLD: Final = (level.ABOVE, _BUDGETS.soft)
_RESERVE: Final = Statement(
    update(tables.budget).where(_HERE, _FITS).values(_SET_ASIDE).returning(*_TOLD)
)
_CHARGE: Final = Statement(
    update(tables.budget).where(_HERE, _FITS).values(_SPEND).returning(*_TOLD)
)
_MOVE: Final = Statement(
    update(tables.budget).where(_HERE).values(_GIVE_BACK | _SPEND).returning(*_TOLD)
)
_OPEN: Final = Statement(insert_new(tables.reservation))
_OF_ACTION: Final = tables.reservation.c.action_id == bindparam("action")
_RESERVED: Final = Statement(
    select(tables.reservation).where(_OF_ACTION).with_for_update()
)
_CLOSE: Final = Statement(
    delete(tables.reservation).where(_OF_ACTION).returning(tables.reservation)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortage:
    """Why a cost did not fit: the first level without room, and the kinds that it lacks there."""

    level: Level
    kinds: tuple[str, ...]

    @property
    def reason(self) -> Reason:
        """The refusal: "no_time" where time is all that is lacking."""
        code = "no_time" if self.kinds == ("wall_ms",) else "budget_exceeded"
        return by_runtime(code, level=self.level, kind=self.kinds[0])

    @property
    def held(self) -> Held:
        """What holds a run whose finished step does not fit."""
        return "budget" if self.level == "run" else "budget_above"


def reserve(
    tx: Tx, *, budget_id: str, action_id: str, tenant: str, cost: Amounts
) -> Shortage | None:
    """Set *cost* aside for the action if every kind fits at every level; else return what lacks.

    What was set aside for the same action before is part of *cost*, and stays when it does not fit.
    """
    reservation: dict[str, Any] = {
        "action_id": action_id,
        "budget_id": budget_id,
        "tenant": tenant,
        **cost.counts(),
    }
    if _OPEN.one(tx.connection, reservation) is None:
        return _reserve_instead(tx, reservation)
    shortage = _set_aside(tx, budget_id, cost)
    if shortage is not None:
        _CLOSE.one(tx.connection, {"action": action_id})
    return shortage


def _reserve_instead(tx: Tx, wanted: dict[str, Any]) -> Shortage | None:
    """Change what is set aside for an action, if the difference fits."""
    action = {"action": wanted["action_id"]}
    row = _RESERVED.one(tx.connection, action)
    if row is None:
        return Shortage(level="run", kinds=KINDS)
    more = Amounts(**{kind: wanted[kind] - row[kind] for kind in KINDS})
    if more == _NOTHING:
        return None
    shortage = _set_aside(tx, wanted["budget_id"], more)
    if shortage is None:
        _CLOSE.one(tx.connection, action)
        _OPEN.one(tx.connection, wanted)
    return shortage


def _set_aside(tx: Tx, budget_id: str, cost: Amounts) -> Shortage | None:
    move = _Move(statement=_RESERVE, cost=cost, reserved=cost)
    return move.upwards(tx, budget_id, level.named("cost", cost))


def charge(
    tx: Tx, *, budget_id: str, cost: Amounts, actual: Amounts
) -> Shortage | None:
    """Spend *actual* at once if it and the estimate *cost* still fit; else return what lacks."""
    most = cost if cost == actual else level.combined(max, cost, actual)
    move = _Move(statement=_CHARGE, cost=most, spent=actual)
    amounts = level.named("actual", actual) | level.named("cost", most)
    return move.upwards(tx, budget_id, amounts)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Move:
    """What is set aside or spent at every level, or at none."""

    statement: Statement
    #: What must fit
    cost: Amounts
    reserved: Amounts = _NOTHING
    spent: Amounts = _NOTHING

    def upwards(
        self, tx: Tx, budget_id: str, amounts: dict[str, int]
    ) -> Shortage | None:
        """Make the move with *amounts*, the parameters of its statement."""
        done: list[str] = []
        soft: list[str] = []
        here: str | None = budget_id
        while here is not None:
            row = self.statement.one(tx.connection, {"budget": here, **amounts})
            if row is None:
                self._undo(tx, done)
                return _lacking(tx, here, self.cost)
            done.append(here)
            if row["soft"] != limit.NO_SOFT:
                soft.append(here)
            here = _above(row, done)
        if self.spent != _NOTHING:
            limit.tell_passed(tx, soft)
        return None

    def _undo(self, tx: Tx, done: Sequence[str]) -> None:
        if done:
            back = level.combined(int.__sub__, _NOTHING, self.spent)
            amounts = _moved(reserved=self.reserved, spent=back)
        for lower in done:
            _MOVE.one(tx.connection, {"budget": lower, **amounts})


def _lacking(tx: Tx, budget_id: str, cost: Amounts) -> Shortage:
    row = _LOCKED.one(tx.connection, {"budget": budget_id})
    if row is None:
        return Shortage(level="run", kinds=KINDS)
    room = _room(row)
    short = [kind for kind in KINDS if getattr(cost, kind) > getattr(room, kind)]
    return Shortage(level=row["level"], kinds=tuple(short) or KINDS)


def charge_reserved(tx: Tx, *, action_id: str, actual: Amounts | None) -> Amounts:
    """Close the action's reservation, spend *actual* instead, and return what was spent.

    With *actual* None the reservation itself is spent. What goes beyond the reservation is spent as
    far as the limits of all levels allow, so that no limit is ever passed. An action without a
    reservation, such as one that was closed before, spends nothing.
    """
    row = _CLOSE.one(tx.connection, {"action": action_id})
    if row is None:
        return _NOTHING
    reserved = Amounts(**{kind: row[kind] for kind in KINDS})
    spent = reserved if actual is None else actual
    if any(not 0 <= getattr(spent, kind) <= row[kind] for kind in KINDS):
        spent = level.combined(max, spent, _NOTHING)
        spent = _as_fits(tx, row["budget_id"], spent, reserved=reserved)
    move = _Move(statement=_MOVE, cost=_NOTHING, spent=spent)
    move.upwards(tx, row["budget_id"], _moved(reserved=reserved, spent=spent))
    return spent


def _as_fits(tx: Tx, budget_id: str, spent: Amounts, *, reserved: Amounts) -> Amounts:
    """Return as much of *spent* as *reserved* and the room at every level allow."""
    climbed: list[str] = []
    here: str | None = budget_id
    while here is not None:
        climbed.append(here)
        row = _LOCKED.one(tx.connection, {"budget": here})
        if row is None:
            return level.combined(min, spent, reserved)
        room = level.combined(max, _room(row), _NOTHING)
        most = level.combined(int.__add__, reserved, room)
        spent = level.combined(min, spent, most)
        here = _above(row, climbed)
    return spent


def beyond(charged: Amounts, actual: Amounts) -> dict[str, int]:
    """Return what of *actual* was not charged, without the kinds of which that is nothing."""
    if charged == actual:
        return {}
    over = level.combined(int.__sub__, actual, charged).counts()
    return {kind: amount for kind, amount in over.items() if amount > 0}


def release(tx: Tx, *, action_id: str) -> None:
    """Give the action's reservation back unspent; releasing twice changes nothing."""
    charge_reserved(tx, action_id=action_id, actual=_NOTHING)


def release_waiting(tx: Tx, *, run_id: str) -> None:
    """Give back what is set aside for actions of an ended run that a person was to decide."""
    actions = tables.action.c
    waiting = select(actions.id).where(
        actions.run_id == run_id, actions.state == "waiting"
    )
    for action_id in tx.connection.execute(waiting.with_for_update()).scalars().all():
        release(tx, action_id=action_id)


def _above(row: Row, climbed: Sequence[str]) -> str | None:
    """Return the next budget up; raises `Tampered` where it was *climbed* before (fails closed)."""
    above: str | None = row["above"]
    if above in climbed:
        why = f"budget {climbed[-1]} has {above} above itself, which is below it too"
        raise Tampered(what="the budgets", why=why)
    return above


def _room(row: Row) -> Amounts:
    """Return what is neither spent nor reserved of each kind."""
    spent = level.amounts_in(row, "spent")
    taken = level.combined(int.__add__, spent, level.amounts_in(row, "reserved"))
    return level.combined(int.__sub__, level.amounts_in(row, "limit"), taken)


def _moved(*, reserved: Amounts, spent: Amounts) -> dict[str, int]:
    return level.named("cost", reserved) | level.named("actual", spent)
