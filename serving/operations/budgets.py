"""Budgets: a limit raised by a person."""

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Event, Tx
from interlock.runtime.run import budget, subject
from interlock.serving.home import Home


async def raise_limit(
    home: Home, run_id: str, *, person: Principal, kind: str, amount: int
) -> None:
    """Give the run *amount* more of *kind*; raises `NotFound` for an unknown run or kind."""

    async def work() -> None:
        run = await home.runs.read(run_id)

        def raised(tx: Tx) -> None:
            budget.raise_limit(tx, budget_id=run.budget_id, kind=kind, amount=amount)
            tx.events.append(
                Event(
                    run_id=run.id,
                    event="budget",
                    body={"kind": kind, "amount": amount},
                    payload={"by": person.id},
                )
            )

        await home.store.write(raised)

    await home.runtime.acts.perform(
        "budget.raise",
        work,
        person=person,
        arguments={"run": run_id, "kind": kind, "amount": amount},
        look=subject.run(run_id),
    )
