"""`/v1/budgets`: what runs, jobs and tenants may spend, and have spent."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from interlock.runtime.run.level import Budget
from interlock.serving.home import Home
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.values.budget import (
    BudgetId,
    BudgetView,
    NewLimit,
    Raise,
)
from interlock.serving.http.values.page import Page, Wanted
from interlock.serving.operations import budget_looks, budgets

router = APIRouter(prefix="/v1/budgets", tags=["budgets"])
_LIST: Final = "budgets"


@router.get("", responses=problems("bad_cursor"))
async def list_budgets(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[Wanted, Query()]
) -> Page[BudgetView]:
    """List the budgets of your tenant by their ids."""
    listing = Listing(
        shared=shared,
        name=_LIST,
        asking=asking,
        wanted=wanted,
    )
    listed = await budget_looks.budgets(
        shared.home,
        person=asking,
        after=listing.after,
        limit=listing.limit,
    )
    return listing.page(listed, place=lambda budget: budget.id, shown=_shown)


@router.get("/{budget_id}", responses=problems("not_found"))
async def get_budget(budget_id: BudgetId, home: HomeOf, asking: PersonOf) -> BudgetView:
    """Show the budget of a run, a job or your tenant."""
    return _shown(await budget_looks.budget(home, budget_id, person=asking))


@router.post("/{budget_id}/raise", responses=problems("not_found", "not_limited"))
async def raise_budget(
    budget_id: BudgetId, more: Raise, home: HomeOf, asking: PersonOf
) -> BudgetView:
    """Give more of one kind, for instance to a run that is held because a step did not fit."""
    await budgets.raise_limit(
        home,
        budget_id,
        person=asking,
        kind=more.kind,
        amount=more.amount,
    )
    return await _now(home, budget_id)


@router.put("/{budget_id}/limit", responses=problems("not_found", "below_spend"))
async def set_budget(
    budget_id: BudgetId, new: NewLimit, home: HomeOf, asking: PersonOf
) -> BudgetView:
    """Set one limit, or take it away; a tenant has no limits until one is set."""
    await budgets.set_limit(
        home,
        budget_id,
        person=asking,
        kind=new.kind,
        amount=new.limit,
        soft=new.soft,
    )
    return await _now(home, budget_id)


async def _now(home: Home, budget_id: str) -> BudgetView:
    return _shown(await budget_looks.now(home, budget_id))


def _shown(budget: Budget) -> BudgetView:
    facts = budget.facts
    spent = facts.spent.counts()
    reserved = facts.reserved.counts()
    amounts: dict[str, Any] = {
        kind: {
            "limit": budget.limits.get(kind),
            "soft_limit": budget.soft.get(kind),
            "passed": kind in facts.passed,
            "spent": spent[kind],
            "reserved": reserved[kind],
        }
        for kind in spent
    }
    return BudgetView.model_validate(
        {"id": budget.id, "level": facts.level, "amounts": amounts}
    )
