"""Budgets: a limit raised by a person."""

from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import budget, subject
from interlock.serving.home import Home


async def raise_limit(
    home: Home, run_id: str, *, person: Principal, kind: str, amount: int
) -> None:
    """Give the run *amount* more of *kind*; raises `NotFound` for an unknown run or kind."""
    if kind not in KINDS:
        raise NotFound(
            kind="budget kind", name=kind, next_step=f"Kinds are {', '.join(KINDS)}."
        )

    async def work() -> None:
        run = await home.runs.read(run_id)

        def raised(tx: Tx) -> None:
            budget.raise_limit(
                tx,
                budget_id=run.budget_id,
                run_id=run.id,
                kind=kind,
                amount=amount,
                by=person.id,
            )

        await home.store.write(raised, logs=(run.tenant,))

    await home.runtime.acts.perform(
        "budget.raise",
        work,
        person=person,
        arguments={"run": run_id, "kind": kind, "amount": amount},
        look=subject.run(run_id),
    )
