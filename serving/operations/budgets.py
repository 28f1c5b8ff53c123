"""Budgets of runs, jobs and tenants: limits that people raise and set."""

from collections.abc import Callable
from functools import partial

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import level, limit, subject
from interlock.serving.home import Home


async def raise_limit(
    home: Home, budget_id: str, *, person: Principal, kind: str, amount: int
) -> None:
    """Give the run, the job or the tenant *amount* more of *kind*, as `limit.raise_limit` does."""
    limit.check_kind(kind)
    raised = partial(
        limit.raise_limit,
        budget_id=budget_id,
        kind=kind,
        amount=amount,
        by=person.id,
    )
    await home.runtime.acts.perform(
        "budget.raise",
        lambda: _write(home, budget_id, raised),
        person=person,
        arguments={"budget": budget_id, "kind": kind, "amount": amount},
        look=subject.budget(budget_id),
    )


async def set_limit(
    home: Home,
    budget_id: str,
    *,
    person: Principal,
    kind: str,
    amount: int | None,
    soft: bool = False,
) -> None:
    """Set a limit to *amount* or take it away (None), as `limit.set_limit` does."""
    limit.check_kind(kind)
    changed = partial(
        limit.set_limit,
        budget_id=budget_id,
        kind=kind,
        limit=amount,
        soft=soft,
        by=person.id,
    )
    await home.runtime.acts.perform(
        "budget.set",
        lambda: _write(home, budget_id, changed),
        person=person,
        arguments={"budget": budget_id, "kind": kind, "limit": amount, "soft": soft},
        look=subject.budget(budget_id),
    )


async def _write(home: Home, budget_id: str, work: Callable[[Tx], None]) -> None:
    budget = await home.store.read(partial(level.named_so, budget_id=budget_id))
    await home.store.write(work, logs=(budget.tenant,))
