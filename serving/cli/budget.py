"""The command `interlock budget show|raise`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import grid, whole

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home

application = typer.Typer(
    help="What runs may spend, and have spent.",
    no_args_is_help=True,
    add_completion=False,
)


@application.command()
def show(
    run_id: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Only this run's: its id or its beginning."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="At most so many, those of the newest runs.")
    ] = 100,
    as_json: AsJson = False,
) -> None:
    """Show limits, spend and reservations."""

    async def work(storage: "Storage") -> list[dict[str, Any]]:
        from interlock.runtime.run import budget
        from interlock.serving.names import run_named

        if run_id is None:
            ids = [run.budget_id for run in await storage.runs.list(limit=limit + 1)]
        else:
            run = await storage.runs.read(await run_named(storage.store, run_id))
            ids = [run.budget_id]
        budgets = await storage.store.read(
            lambda connection: [budget.read(connection, budget_id) for budget_id in ids]
        )
        return [asdict(one) for one in budgets]

    budgets = session.cut(session.read(work), limit)
    if as_json:
        session.print_json(budgets)
        return
    if not budgets:
        session.say("No budgets yet.")
        return
    _print(budgets)


def _print(budgets: list[dict[str, Any]]) -> None:
    table = grid(
        whole("Budget"),
        whole("Kind"),
        whole("Limit"),
        whole("Spent"),
        whole("Reserved"),
    )
    for budget in budgets:
        for row in _rows(budget):
            table.add_row(*row)
    out.print(table)


def _rows(budget: dict[str, Any]) -> list[list[str]]:
    facts = budget["facts"]
    kinds = list(facts["limits"])
    return [
        [
            budget["id"] if kind == kinds[0] else "",
            kind,
            *(f"{facts[group][kind]:,}" for group in ("limits", "spent", "reserved")),
        ]
        for kind in kinds
    ]


@application.command("raise")
def raise_limit(
    run_id: Annotated[
        str,
        typer.Argument(metavar="RUN", help="A run's id, or its beginning."),
    ],
    kind: Annotated[
        str,
        typer.Argument(help="What of: money_micro, tokens, steps, effects or wall_ms."),
    ],
    amount: Annotated[
        int,
        typer.Argument(help="How much more.", min=1),
    ],
    *,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Give a run more, for instance one that is held because a step did not fit."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> str:
        from interlock.serving.names import run_named
        from interlock.serving.operations import budgets as operations

        whole_id = await run_named(home.store, run_id)
        await operations.raise_limit(
            home,
            whole_id,
            person=who,
            kind=kind,
            amount=amount,
        )
        return whole_id

    whole_id = session.run(work, using=settings)
    if as_json:
        session.print_json(
            {
                "run_id": whole_id,
                "kind": kind,
                "amount": amount,
            }
        )
        return
    session.say(f"Raised {kind} of {whole_id} by {amount:,}.")
