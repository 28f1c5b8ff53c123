"""Budgets: limits on money, tokens, steps, effects and wall time, held by conditional updates.

reserve -> charge_reserved | release. A reservation is one UPDATE that succeeds only while everything fits,
so any number of spenders in any number of processes never get past a limit (fails closed: no row,
no reservation).
"""

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Amounts, BudgetFacts
from interlock.runtime.record.events import LimitRaised
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.store.tables import KINDS

_c = tables.budget.c
#: Limits, spend and reservations
AMOUNTS: Final = tuple(
    _c[f"{group}_{kind}"] for group in ("limit", "spent", "reserved") for kind in KINDS
)
_STANDING: Final = select(tables.budget).where(_c.id == bindparam("budget"))
_FITS: Final = and_(
    *(
        _c[f"spent_{kind}"] + _c[f"reserved_{kind}"] + bindparam(f"cost_{kind}")
        <= _c[f"limit_{kind}"]
        for kind in KINDS
    )
)
_FITTING: Final = update(tables.budget).where(_c.id == bindparam("budget"), _FITS)
_RESERVE: Final = _FITTING.values(
    {f"reserved_{kind}": _c[f"reserved_{kind}"] + bindparam(f"cost_{kind}") for kind in KINDS}
)
_OPEN: Final = select(tables.reservation).where(
    tables.reservation.c.action_id == bindparam("action")
)
_CLOSE: Final = delete(tables.reservation).where(
    tables.reservation.c.action_id == bindparam("action")
)
_SETTLE: Final = (
    update(tables.budget)
    .where(_c.id == bindparam("budget"))
    .values(
        {f"reserved_{kind}": _c[f"reserved_{kind}"] - bindparam(f"held_{kind}") for kind in KINDS}
        | {f"spent_{kind}": _c[f"spent_{kind}"] + bindparam(f"actual_{kind}") for kind in KINDS}
    )
)
_CHARGE: Final = _FITTING.values(
    {f"spent_{kind}": _c[f"spent_{kind}"] + bindparam(f"actual_{kind}") for kind in KINDS}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """One budget as it stands."""

    id: str
    tenant: str
    facts: BudgetFacts


def create(tx: Tx, *, budget_id: str, tenant: str, limits: Amounts) -> None:
    """Make a budget with nothing spent."""
    row = {f"limit_{kind}": amount for kind, amount in asdict(limits).items()}
    row |= {f"{group}_{kind}": 0 for group in ("spent", "reserved") for kind in KINDS}
    tx.connection.execute(insert(tables.budget).values(id=budget_id, tenant=tenant, **row))


def read(connection: Connection, budget_id: str) -> Budget:
    """Return the budget; raises `NotFound`."""
    row = connection.execute(_STANDING, {"budget": budget_id}).mappings().one_or_none()
    if row is None:
        raise NotFound(
            kind="budget", name=budget_id, next_step="List budgets with `interlock budget show`."
        )
    return Budget(id=row["id"], tenant=row["tenant"], facts=facts(row))


def facts(row: Row) -> BudgetFacts:
    """Return what the policy may know of the budget in *row*, which has its columns of amounts under their own names."""
    group = {
        name: Amounts(**{kind: row[f"{name}_{kind}"] for kind in KINDS})
        for name in ("limit", "spent", "reserved")
    }
    return BudgetFacts(limits=group["limit"], spent=group["spent"], reserved=group["reserved"])


def reserve(tx: Tx, *, budget_id: str, action_id: str, cost: Amounts) -> bool:
    """Set *cost* aside for the action if every kind fits, and say whether it did; reserving again changes nothing."""
    if tx.connection.execute(_OPEN, {"action": action_id}).one_or_none() is not None:
        return True
    amounts = asdict(cost)
    if (
        tx.connection.execute(_RESERVE, {"budget": budget_id} | _prefixed("cost", cost)).rowcount
        != 1
    ):
        return False
    tx.connection.execute(
        insert(tables.reservation), {"action_id": action_id, "budget_id": budget_id} | amounts
    )
    return True


def charge(tx: Tx, *, budget_id: str, cost: Amounts, actual: Amounts) -> bool:
    """Spend *actual* at once if the estimate *cost* still fits, and say whether it did."""
    given = {"budget": budget_id} | _prefixed("cost", cost) | _prefixed("actual", actual)
    return tx.connection.execute(_CHARGE, given).rowcount == 1


def charge_reserved(tx: Tx, *, action_id: str, actual: Amounts) -> None:
    """Turn the action's reservation into *actual* spend; settling twice changes nothing."""
    held = tx.connection.execute(_OPEN, {"action": action_id}).mappings().one_or_none()
    if held is None:
        return
    kept = {f"held_{kind}": held[kind] for kind in KINDS}
    tx.connection.execute(
        _SETTLE, {"budget": held["budget_id"]} | kept | _prefixed("actual", actual)
    )
    tx.connection.execute(_CLOSE, {"action": action_id})


def release(tx: Tx, *, action_id: str) -> None:
    """Give the action's reservation back unspent; releasing twice changes nothing."""
    charge_reserved(tx, action_id=action_id, actual=Amounts())


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
    """Add *amount* to one limit and record it: the person *by* or an action of *run_id* raised it.

    Raises `NotFound` for an unknown kind or budget.
    """
    if kind not in KINDS:
        raise NotFound(kind="budget kind", name=kind, next_step=f"Kinds are {', '.join(KINDS)}.")
    tenant = read(tx.connection, budget_id).tenant
    column = _c[f"limit_{kind}"]
    tx.connection.execute(
        update(tables.budget).where(_c.id == budget_id).values({column: column + amount})
    )
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


def _prefixed(prefix: str, amounts: Amounts) -> dict[str, int]:
    return {f"{prefix}_{kind}": amount for kind, amount in asdict(amounts).items()}
