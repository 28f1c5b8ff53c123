"""No budget is overshot by models that never stop, however many runs ask at a time."""

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from tests.tools.models.asking import LONGEST, asked, endpoint, offered, retries

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.door.shortage import BudgetUsedUp
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.spend import of_tenant
from interlock.runtime.record.store import Tx
from interlock.runtime.run.level import read as read_budget
from interlock.runtime.run.limit import set_limit
from interlock.runtime.run.run import Run
from interlock.runtime.testing import PLENTY, Effects, World
from interlock.testing import Asked, ModelServer, Turn, calls, refuses
from interlock.tools.models.generate import Served, model_tools
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.router import Router
from interlock.tools.outbound.client import Bounds

RUNS: Final = 64
#: Less than what all runs together may spend, so the tenant's limit is met first
OF_TENANT: Final = 24_000
OF_RUN: Final = 1_500
NOTE = offered("note.now", text={"type": "string"}, to={"type": "string"})
MORE = calls("note.now", {"text": "again", "to": ""})
TENANT: Final = of_tenant("default")


async def ended(world: World, run: Run) -> tuple[str, ...]:
    """Return the codes of the no that ended the run, or that the tenant's budget holds the run."""
    try:
        return (await never_ending(world, run)).codes
    except BudgetUsedUp as error:
        return (error.budget,)


async def never_ending(world: World, run: Run) -> Denied:
    """Do what the model says, until the policy or a budget says no; return the no.

    Raises `BudgetUsedUp` where the tenant's budget has no room.
    """
    door = Door(pep=world.pep, run=run)
    for turn in range(1_000):
        answer = await door.call(
            "model.generate", asked(tools=[NOTE]), call_id=f"ask-{turn}"
        )
        if isinstance(answer, Denied):
            return answer
        if not isinstance(answer, Done):
            assert isinstance(answer, Failed)
            continue
        message = json.loads(answer.value.message)  # type: ignore[attr-defined]  # a Generation
        for number, call in enumerate(message["tool_calls"]):
            outcome = await door.call(
                call["name"], call["args"], call_id=f"do-{turn}-{number}"
            )
            if isinstance(outcome, Denied):
                return outcome
    raise AssertionError("the run never ended")


def limited(kind: str, amount: int) -> Any:
    """Return the work that limits the tenant."""

    def work(tx: Tx) -> None:
        set_limit(tx, budget_id=TENANT, kind=kind, limit=amount, soft=False, by="ada")

    return work


def moody() -> Callable[[Asked], Turn]:
    """Return what mostly answers with a call, sometimes breaks down, and sometimes lies."""
    lies = {"prompt_tokens": 2**40, "completion_tokens": 2**40}
    gifts = {"prompt_tokens": 0, "completion_tokens": -5}
    moods = [refuses(500), replace(MORE, usage=lies), replace(MORE, usage=gifts), MORE]
    turns = itertools.cycle(moods)
    return lambda _: next(turns)


@pytest.mark.parametrize(
    ("limits", "of_tenant_tokens"),
    [
        (replace(PLENTY, tokens=OF_RUN), OF_TENANT),
        (replace(PLENTY, tokens=OF_RUN), RUNS * OF_RUN * 2),
        (replace(PLENTY, steps=9), RUNS * OF_RUN * 2),
        (replace(PLENTY, effects=3), RUNS * OF_RUN * 2),
    ],
    ids=["tokens of the tenant", "tokens of a run", "steps", "effects"],
)
async def test_sixty_four_runs_of_a_model_that_always_calls_tools(
    tmp_path: Path, limits: Amounts, of_tenant_tokens: int
) -> None:
    """Every run ends by a refusal or is held by the tenant's budget, no budget of a run or of their
    tenant is passed by one token, step or effect, nothing stays set aside, and the tenant has spent
    what its runs have.
    """
    effects = Effects()
    async with ModelServer(moody()) as server:
        model = endpoint(server.url, bounds=Bounds(total_s=50.0))
        served = Served(model=model, longest_answer=LONGEST)
        only = Candidate(name="only", served=served)
        router = Router({"planner": [only]}, retries=retries())
        tools = [*model_tools(router), effects.tool("note.now")]
        async with World(tmp_path, tools=tools) as world:
            runs = [await world.start(limits=limits) for _ in range(RUNS)]
            await world.store.write(
                limited("tokens", of_tenant_tokens), logs=("default",)
            )
            refused = await asyncio.gather(*(ended(world, run) for run in runs))
            budgets = [await world.budget(run) for run in runs]
            tenant = await world.store.read(
                lambda connection: read_budget(connection, TENANT).facts
            )
            assert (await world.verify()).problems == []

    assert set(refused) <= {("budget_exceeded",), (TENANT,)}
    assert server.busiest > 1
    for budget in budgets:
        spent = budget.spent.counts()
        assert all(spent[kind] <= most for kind, most in limits.counts().items())
        assert budget.reserved == Amounts()
    assert tenant.spent.tokens == sum(budget.spent.tokens for budget in budgets)
    assert tenant.spent.tokens <= of_tenant_tokens
    assert tenant.reserved == Amounts()
    assert len(effects.done) == sum(budget.spent.effects for budget in budgets)
