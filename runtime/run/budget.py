"""Budgets: limits on money, tokens, steps, effects and wall time, held by conditional updates.

reserve -> charge_reserved | release. A reservation is one UPDATE that succeeds only while
everything fits, so any number of spenders in any number of processes never get past a limit (fails
closed: no row, no reservation).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Amounts, BudgetFacts
from interlock.runtime.record.events import LimitRaised
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.run import turn

_BUDGETS: Final = tables.budget.c
_HERE: Final = _BUDGETS.id == bindparam("budget")
#: Limits, spend and reservations
AMOUNTS: Final = tuple(
    _BUDGETS[f"{group}_{kind}"]
    for group in ("limit", "spent", "reserved")
    for kind in KINDS
)
#: What is set aside for one action, beside the amounts of its budget
OWN: Final = tuple(tables.reservation.c[kind].label(f"own_{kind}") for kind in KINDS)
#: A column of `OWN` that is empty where nothing is set aside
_OWN_STEPS: Final = "own_steps"
#: What a refusal costs, and a question to a person
ONE_STEP: Final = Amounts(steps=1)
_ROW: Final = select(tables.budget).where(_HERE)
_LOCKED: Final = Statement(_ROW.with_for_update())
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
_RESERVE: Final = Statement(
    update(tables.budget).where(_HERE, _FITS).values(_SET_ASIDE)
)
_CHARGE: Final = Statement(update(tables.budget).where(_HERE, _FITS).values(_SPEND))
_CHARGE_RESERVED: Final = Statement(
    update(tables.budget).where(_HERE).values(_GIVE_BACK | _SPEND)
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
class Budget:
    """One budget as it stands."""

    id: str
    tenant: str
    facts: BudgetFacts


def create(tx: Tx, *, budget_id: str, tenant: str, limits: Amounts) -> None:
    """Make a budget with nothing spent."""
    row = {f"limit_{kind}": amount for kind, amount in limits.counts().items()}
    row |= {f"{group}_{kind}": 0 for group in ("spent", "reserved") for kind in KINDS}
    tx.connection.execute(
        insert(tables.budget).values(id=budget_id, tenant=tenant, **row)
    )


def read(connection: Connection, budget_id: str) -> Budget:
    """Return the budget; raises `NotFound`."""
    row = connection.execute(_ROW, {"budget": budget_id}).mappings().one_or_none()
    if row is None:
        raise _not_there(budget_id)
    return Budget(
        id=row["id"],
        tenant=row["tenant"],
        facts=facts(row),
    )


def facts(row: Row) -> BudgetFacts:
    """Return what the policy may know of the budget in *row*, which has the columns `AMOUNTS`."""
    return BudgetFacts(
        limits=_group(row, "limit"),
        spent=_group(row, "spent"),
        reserved=_group(row, "reserved"),
    )


def facts_for(row: Row) -> BudgetFacts:
    """Return the facts for an action whose own reservation, `OWN`, is in *row* too.

    What is set aside for the action itself is not in its way.
    """
    stands = facts(row)
    if row[_OWN_STEPS] is None:
        return stands
    own = _group(row, "own")
    return BudgetFacts(
        limits=stands.limits,
        spent=stands.spent,
        reserved=_each(int.__sub__, stands.reserved, own),
    )


def reserve(tx: Tx, *, budget_id: str, action_id: str, cost: Amounts) -> bool:
    """Set *cost* aside for the action if every kind fits, and say whether it did.

    What was set aside for the same action before is part of *cost*, and stays when it does not fit.
    """
    reservation: dict[str, Any] = {"action_id": action_id, "budget_id": budget_id}
    reservation |= cost.counts()
    if _OPEN.one(tx.connection, reservation) is None:
        return _reserve_instead(tx, reservation)
    amounts = {"budget": budget_id} | _prefixed("cost", cost)
    if _RESERVE.run(tx.connection, amounts) == 1:
        return True
    _CLOSE.one(tx.connection, {"action": action_id})
    return False


def _reserve_instead(tx: Tx, wanted: dict[str, Any]) -> bool:
    """Change what is set aside for an action, if the difference fits."""
    action = {"action": wanted["action_id"]}
    row = _RESERVED.one(tx.connection, action)
    if row is None:
        return False
    more = Amounts(**{kind: wanted[kind] - row[kind] for kind in KINDS})
    if more == Amounts():
        return True
    amounts = {"budget": wanted["budget_id"]} | _prefixed("cost", more)
    if _RESERVE.run(tx.connection, amounts) != 1:
        return False
    _CLOSE.one(tx.connection, action)
    _OPEN.one(tx.connection, wanted)
    return True


def lacking(
    tx: Tx, *, budget_id: str, cost: Amounts
) -> Literal["budget_exceeded", "no_time"]:
    """Return why *cost* did not fit: "no_time" where time is all that the budget lacks."""
    room = _room(tx, budget_id)
    short = [kind for kind in KINDS if getattr(cost, kind) > room.get(kind, 0)]
    return "no_time" if short == ["wall_ms"] else "budget_exceeded"


def charge(tx: Tx, *, budget_id: str, cost: Amounts, actual: Amounts) -> bool:
    """Spend *actual* at once if it and the estimate *cost* still fit, and say whether they did."""
    amounts = {"budget": budget_id} | _prefixed("actual", actual)
    amounts |= _prefixed("cost", _each(max, cost, actual))
    return _CHARGE.run(tx.connection, amounts) == 1


def charge_reserved(tx: Tx, *, action_id: str, actual: Amounts | None) -> Amounts:
    """Close the action's reservation, spend *actual* instead, and return what was spent.

    With *actual* None the reservation itself is spent. What goes beyond the reservation is spent as
    far as the limit allows, so that no limit is ever passed. An action without a reservation, such
    as one that was closed before, spends nothing.
    """
    row = _CLOSE.one(tx.connection, {"action": action_id})
    if row is None:
        return Amounts()
    reserved = Amounts(**{kind: row[kind] for kind in KINDS})
    spent = reserved if actual is None else actual
    if any(not 0 <= getattr(spent, kind) <= row[kind] for kind in KINDS):
        spent = _each(max, spent, Amounts())
        room = _room(tx, row["budget_id"])
        most = {kind: row[kind] + max(0, room[kind]) for kind in KINDS}
        spent = _each(min, spent, Amounts(**most))
    amounts = {"budget": row["budget_id"]}
    amounts |= _prefixed("cost", reserved) | _prefixed("actual", spent)
    _CHARGE_RESERVED.run(tx.connection, amounts)
    return spent


def beyond(charged: Amounts, actual: Amounts) -> dict[str, int]:
    """Return what of *actual* was not charged, without the kinds of which that is nothing."""
    if charged == actual:
        return {}
    over = _each(int.__sub__, actual, charged).counts()
    return {kind: amount for kind, amount in over.items() if amount > 0}


def release(tx: Tx, *, action_id: str) -> None:
    """Give the action's reservation back unspent; releasing twice changes nothing."""
    charge_reserved(tx, action_id=action_id, actual=Amounts())


def release_waiting(tx: Tx, *, run_id: str) -> None:
    """Give back what is set aside for actions of an ended run that a person was to decide."""
    actions = tables.action.c
    waiting = select(actions.id).where(
        actions.run_id == run_id, actions.state == "waiting"
    )
    for action_id in tx.connection.execute(waiting.with_for_update()).scalars().all():
        release(tx, action_id=action_id)


def raise_limit(
    tx: Tx,
    *,
    budget_id: str,
    run_id: str,
    kind: str,
    amount: int,
    action_id: str | None = None,
    by: str | None = None,
) -> None:
    """Add *amount* to one limit and record who did: the person *by*, or an action of *run_id*.

    Raises `NotFound` for an unknown kind or budget.
    """
    if kind not in KINDS:
        raise NotFound(
            kind="budget kind",
            name=kind,
            next_step=f"Kinds are {', '.join(KINDS)}.",
        )
    limit = _BUDGETS[f"limit_{kind}"]
    raised = (
        update(tables.budget)
        .where(_BUDGETS.id == budget_id)
        .values({limit: limit + amount})
    )
    tenant = tx.connection.execute(
        raised.returning(_BUDGETS.tenant)
    ).scalar_one_or_none()
    if tenant is None:
        raise _not_there(budget_id)
    turn.raised(tx, budget_id)
    tx.events.append(
        LimitRaised(
            log=tenant,
            run_id=run_id,
            budget=budget_id,
            kind=kind,
            amount=amount,
            action=action_id,
            by=by,
        )
    )


def _room(tx: Tx, budget_id: str) -> dict[str, int]:
    """Return what is neither spent nor reserved of each kind; nothing for a budget not there."""
    row = _LOCKED.one(tx.connection, {"budget": budget_id})
    if row is None:
        return {}
    budget = facts(row)
    taken = _each(int.__add__, budget.spent, budget.reserved)
    return _each(int.__sub__, budget.limits, taken).counts()


def _each(function: Callable[[int, int], int], one: Amounts, other: Amounts) -> Amounts:
    """Return the amounts that *function* makes of the two of each kind."""
    counts = other.counts()
    return Amounts(
        **{
            kind: function(amount, counts[kind])
            for kind, amount in one.counts().items()
        }
    )


def _group(row: Row, group: str) -> Amounts:
    return Amounts(**{kind: row[f"{group}_{kind}"] for kind in KINDS})


def _prefixed(prefix: str, amounts: Amounts) -> dict[str, int]:
    return {f"{prefix}_{kind}": getattr(amounts, kind) for kind in KINDS}


def _not_there(budget_id: str) -> NotFound:
    next_step = "List budgets with `interlock budget show`."
    return NotFound(
        kind="budget",
        name=budget_id,
        next_step=next_step,
    )
