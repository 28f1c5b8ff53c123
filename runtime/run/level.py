"""Budgets as they stand, at each level: that of a run, of its job and of its tenant.

A tenant has a budget of its own from its first limit on. Until then nothing of a tenant is limited,
and what its runs and jobs have spent is added up when somebody looks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Final, TypedDict

import orjson
from sqlalchemy import (
    Connection,
    String,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Amounts, BudgetFacts
from interlock.runtime.record.spend import MOVED, NO_LIMIT, NO_SOFT, TENANT, of_tenant
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.tables import KINDS

_BUDGETS: Final = tables.budget.c
_UPPER: Final = tables.budget.alias("upper")
_GROUPS: Final = ("limit", *MOVED)
#: The id of the budget that pays too: a job's always, a tenant's where it is there, else NULL.
#: Written out because `RETURNING` would name the columns of both tables alike.
ABOVE: Final = literal_column(
    "CASE WHEN substr(budget.parent, 1, 7) <> 'tenant:' THEN budget.parent ELSE "
    "(SELECT upper.id FROM budget AS upper WHERE upper.id = budget.parent) END",
    String,
).label("above")
#: Limits, spend and reservations, and what else the policy may know
AMOUNTS: Final = (
    *(_BUDGETS[f"{group}_{kind}"] for group in _GROUPS for kind in KINDS),
    _BUDGETS.level,
    _BUDGETS.passed,
    ABOVE,
)
#: What is set aside for one action, beside the amounts of its budget
OWN: Final = tuple(tables.reservation.c[kind].label(f"own_{kind}") for kind in KINDS)
#: A column of `OWN` that is empty where nothing is set aside
_OWN_STEPS: Final = "own_steps"
_ROW: Final = select(tables.budget).where(_BUDGETS.id == bindparam("budget"))
_ABOVE: Final = Statement(
    select(tables.budget)
    .where(
        or_(
            _BUDGETS.id == bindparam("lower"),
            _BUDGETS.id
            == select(_UPPER.c.parent)
            .where(_UPPER.c.id == bindparam("lower"))
            .scalar_subquery(),
        )
    )
    .order_by(_BUDGETS.level)
)
_NAMES: Final = {
    group: tuple(f"{group}_{kind}" for kind in KINDS)
    for group in (*_GROUPS, "own", "cost", "actual")
}
_VALUES: Final = attrgetter(*KINDS)
_READ: Final = {group: itemgetter(*names) for group, names in _NAMES.items()}


class Facts(TypedDict):
    """What the policy is told of budgets, by the names of its context."""

    budget: BudgetFacts
    budgets_above: tuple[BudgetFacts, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """One budget as it stands."""

    id: str
    tenant: str
    facts: BudgetFacts
    #: Limits that stop nothing, by kind
    soft: Mapping[str, int]

    @property
    def limits(self) -> dict[str, int]:
        """The hard limits, by limited kind."""
        limits = self.facts.limits.counts()
        return {kind: amount for kind, amount in limits.items() if amount < NO_LIMIT}


def read(connection: Connection, budget_id: str) -> Budget:
    """Return the budget; raises `NotFound`."""
    row = connection.execute(_ROW, {"budget": budget_id}).mappings().one_or_none()
    if row is None:
        raise not_there(budget_id)
    return _budget(row)


def named_so(connection: Connection, budget_id: str) -> Budget:
    """Return the budget, also that of a tenant of whom nothing is limited yet; see `read`."""
    row = connection.execute(_ROW, {"budget": budget_id}).mappings().one_or_none()
    if row is None and budget_id.startswith(TENANT):
        return _budget(tenant_row(connection, budget_id.removeprefix(TENANT)))
    return read(connection, budget_id)


def tenant_row(connection: Connection, tenant: str) -> dict[str, object]:
    """Return the row of a tenant's budget as it begins: with all that was spent and is reserved."""
    moved = [_BUDGETS[name] for group in MOVED for name in _NAMES[group]]
    sums = [func.coalesce(func.sum(column), 0).label(column.name) for column in moved]
    query = select(*sums).where(
        _BUDGETS.tenant == tenant, _BUDGETS.parent == of_tenant(tenant)
    )
    total = connection.execute(query).mappings().one()
    return {
        "id": of_tenant(tenant),
        "tenant": tenant,
        "level": "tenant",
        "parent": None,
        **NO_SOFT,
        **dict.fromkeys(_NAMES["limit"], NO_LIMIT),
        **{name: int(amount) for name, amount in total.items()},
    }


def facts(row: Row) -> BudgetFacts:
    """Return what the policy may know of the budget in *row*, which has the columns `AMOUNTS`."""
    return BudgetFacts(
        limits=amounts_in(row, "limit"),
        spent=amounts_in(row, "spent"),
        reserved=amounts_in(row, "reserved"),
        level=row["level"],
        passed=tuple(orjson.loads(row["passed"])),
    )


def facts_for(connection: Connection, row: Row) -> Facts:
    """Return the facts of the run's budget in *row* and of those above, for one action.

    What is set aside for the action itself, `OWN` in *row*, is not in its way.
    """
    own = None if row[_OWN_STEPS] is None else amounts_in(row, "own")
    uppers: Sequence[Row] = ()
    if row["above"] is not None:
        uppers = _ABOVE.all(connection, {"lower": row["above"]})
    return {
        "budget": _without(facts(row), own),
        "budgets_above": tuple(_without(facts(upper), own) for upper in uppers),
    }


def amounts_in(row: Row, group: str) -> Amounts:
    """Return the amounts in the columns of *row* whose names begin with *group*."""
    return Amounts(**dict(zip(KINDS, _READ[group](row), strict=True)))


def named(group: str, amounts: Amounts) -> dict[str, int]:
    """Return the amounts under the names that begin with *group*."""
    return dict(zip(_NAMES[group], _VALUES(amounts), strict=True))


def combined(
    function: Callable[[int, int], int], one: Amounts, other: Amounts
) -> Amounts:
    """Return the amounts that *function* makes of the two of each kind."""
    pairs = zip(KINDS, _VALUES(one), _VALUES(other), strict=True)
    return Amounts(**{kind: function(left, right) for kind, left, right in pairs})


def not_there(budget_id: str) -> NotFound:
    """Return the error for a budget that does not exist."""
    return NotFound(
        kind="budget",
        name=budget_id,
        next_step="List budgets with `interlock budget show`.",
    )


def _budget(row: Row) -> Budget:
    return Budget(
        id=row["id"],
        tenant=row["tenant"],
        facts=facts(row),
        soft=orjson.loads(row["soft"]),
    )


def _without(stands: BudgetFacts, own: Amounts | None) -> BudgetFacts:
    if own is None:
        return stands
    return BudgetFacts(
        limits=stands.limits,
        spent=stands.spent,
        reserved=combined(int.__sub__, stands.reserved, own),
        level=stands.level,
        passed=stands.passed,
    )
