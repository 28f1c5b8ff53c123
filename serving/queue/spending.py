"""What is spent: the budget of the tenant, and those of its jobs and newest runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from interlock.runtime.record.spend import NO_LIMIT, of_tenant
from interlock.runtime.record.store import tables
from interlock.runtime.run import level
from interlock.runtime.run.level import Budget
from interlock.serving.queue.moment import amount
from interlock.serving.queue.visitor import Visitor
from interlock.serving.queue.words import KINDS

MOST: Final = 40
_BUDGETS: Final = tables.budget.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Meter:
    """How much of one kind is spent and set aside, of which limit."""

    name: str
    spent: str
    reserved: str
    #: Empty where nothing limits it
    limit: str
    #: Of a thousand; 0 where nothing limits it
    share: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One budget: of the tenant, of a job or of a run."""

    id: str
    level: str
    meters: tuple[Meter, ...]
    #: In words, which soft limits are passed
    passed: tuple[str, ...]


async def accounts(visitor: Visitor) -> list[Account]:
    """Return the tenant's own budget, then those of its jobs and runs, the newest first."""

    def look(connection: Connection) -> list[Account]:
        own = level.named_so(connection, of_tenant(visitor.tenant))
        query = (
            select(_BUDGETS.id)
            .join(tables.run, tables.run.c.budget_id == _BUDGETS.id)
            .where(_BUDGETS.tenant == visitor.tenant, tables.run.c.shadow == "")
            .order_by(tables.run.c.created.desc())
            .limit(MOST)
        )
        ids = list(connection.execute(query).scalars())
        return [_account(own), *(_account(level.read(connection, one)) for one in ids)]

    return await visitor.home.store.read(look)


def _account(budget: Budget) -> Account:
    return Account(
        id=budget.id,
        level=budget.facts.level,
        meters=tuple(_meters(budget)),
        passed=tuple(KINDS[kind] for kind in budget.facts.passed),
    )


def _meters(budget: Budget) -> Iterator[Meter]:
    facts = budget.facts
    return _of_kinds(
        limits=facts.limits.counts(),
        spent=facts.spent.counts(),
        reserved=facts.reserved.counts(),
    )


def meters_of(spend: Any) -> list[Meter]:
    """Return the meters of a run's spend as `view.view` has it."""
    return list(
        _of_kinds(
            limits=spend["limits"],
            spent=spend["spent"],
            reserved=spend["reserved"],
        )
    )


def _of_kinds(
    *,
    limits: Mapping[str, int],
    spent: Mapping[str, int],
    reserved: Mapping[str, int],
) -> Iterator[Meter]:
    """Yield a meter for each kind that is limited or spent or set aside."""
    for kind, limit in limits.items():
        is_limited = limit < NO_LIMIT
        if not is_limited and not spent[kind] and not reserved[kind]:
            continue
        yield Meter(
            name=KINDS[kind],
            spent=amount(kind, spent[kind]),
            reserved=amount(kind, reserved[kind]) if reserved[kind] else "",
            limit=amount(kind, limit) if is_limited else "",
            share=min(1_000, spent[kind] * 1_000 // limit)
            if is_limited and limit
            else 0,
        )
