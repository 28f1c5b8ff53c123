"""Budgets that do not hold: in parallel, in other runtimes, by false reports, or by refusals."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from interlock.evals.bypass import counter as place
from interlock.evals.bypass import lax
from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import Counter, Useless
from interlock.evals.bypass.tools import COUNT, HOSTILE, PAY
from interlock.evals.guarantees.door import LIMITS
from interlock.evals.guarantees.patch import both, replacing
from interlock.evals.guarantees.rules import without_rule
from interlock.runtime.policy.request import OpenApprovals
from interlock.runtime.record.spend import TENANT
from interlock.runtime.run import approval, denial, level, limit
from interlock.runtime.testing import PLENTY

_MOST: Final = 3
_TOKENS: Final = 100
#: That may wait of one run, by the shipped data
_QUESTIONS: Final = 10
_UNPAID: Final = both(LIMITS["budget"], without_rule("budget"))


async def _in_parallel(counter: Counter) -> str:
    visit = await counter.begin(
        autonomy=3,
        limits=replace(PLENTY, effects=_MOST),
    )
    await asyncio.gather(*(visit.pays() for _ in range(16)))
    counter.demand_effect()
    return counter.beyond(*[50] * _MOST)


async def _in_two_runtimes(counter: Counter) -> str:
    runtime = counter.runtime
    set_limit = partial(
        limit.set_limit,
        budget_id=f"{TENANT}default",
        kind="effects",
        limit=_MOST,
        soft=False,
        by="ada",
    )
    await runtime.store.write(set_limit, logs=("default",))
    async with place.opened(counter.folder) as other:
        visits = [await one.begin(autonomy=3) for one in (counter, other)]
        await asyncio.gather(*(visit.pays() for visit in visits for _ in range(8)))
        counter.outside.done += other.outside.done
    counter.demand_effect()
    return counter.beyond(*[50] * _MOST)


async def _by_refusals(counter: Counter) -> str:
    visit = await counter.begin(
        autonomy=3,
        limits=replace(PLENTY, effects=1),
    )
    for _ in range(3):
        await visit.tried(
            PAY,
            recipient=HOSTILE,
            amount=900,
        )
    await visit.pays()
    return "" if counter.outside.done else "refusals used up what the work needs"


async def _by_questions(counter: Counter) -> str:
    visit = await counter.begin(limits=replace(PLENTY, effects=100))
    for _ in range(30):
        await visit.pays()
    waiting = await counter.runtime.approvals.list(state="waiting")
    if not waiting:
        raise Useless("nothing was asked")
    return f"{len(waiting)} questions wait" if len(waiting) > _QUESTIONS else ""


async def _by_false_reports(counter: Counter) -> str:
    visit = await counter.begin(limits=replace(PLENTY, tokens=_TOKENS))
    spent = []
    for used in (50, -50, 2**40):
        await visit.tried(COUNT, tokens=used)
        connection = partial(level.read, budget_id=visit.run.budget_id)
        spent.append((await counter.runtime.store.read(connection)).facts.spent.tokens)
    if not spent[0]:
        raise Useless("an honest report is not counted")
    is_right = spent == sorted(spent) and 0 <= spent[-1] <= _TOKENS
    return "" if is_right else f"spent {spent} of {_TOKENS}"


#: Nobody counts the questions that wait, neither for the policy nor when one is asked
UNCOUNTED: Final = replacing(
    approval,
    "open_facts",
    lambda _: OpenApprovals(
        run=0,
        tenant=0,
    ),
)

BUDGETS: Final[Mapping[str, Bypass]] = {
    "budgets.in-parallel": Bypass(
        program=_in_parallel,
        without=_UNPAID,
    ),
    "budgets.in-two-runtimes": Bypass(
        program=_in_two_runtimes,
        without=_UNPAID,
    ),
    "budgets.by-refusals": Bypass(
        program=_by_refusals,
        without=replacing(denial, "counted", lax.charge_effect),
    ),
    "budgets.by-questions": Bypass(
        program=_by_questions, without=both(LIMITS["flood-of-questions"], UNCOUNTED)
    ),
    "budgets.by-false-reports": Bypass(
        program=_by_false_reports, without=LIMITS["false-usage"]
    ),
}
