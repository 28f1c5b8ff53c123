"""The command `interlock budget show|raise`."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from interlock.runtime.run import budget
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.home import Home
from interlock.serving.operations import budgets as operations

application = typer.Typer(help="What runs may spend, and have spent.", no_args_is_help=True)


@application.command()
def show(
    run_id: Annotated[str | None, typer.Argument(help="Only this run's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show limits, spend and reservations."""

    async def work(home: Home) -> list[budget.Budget]:
        ids = [run_id] if run_id else [run.budget_id for run in await home.runs.list()]
        return await home.store.read(
            lambda connection: [budget.read(connection, each) for each in ids]
        )

    found = session.run(work)
    if as_json:
        session.print_json([asdict(each) for each in found])
        return
    table = Table("Budget", "Kind", "Limit", "Spent", "Reserved")
    for each in found:
        limits, spent, reserved = (
            asdict(getattr(each.facts, name)) for name in ("limits", "spent", "reserved")
        )
        for index, kind in enumerate(limits):
            name = each.id if index == 0 else ""
            table.add_row(
                name, kind, f"{limits[kind]:,}", f"{spent[kind]:,}", f"{reserved[kind]:,}"
            )
    out.print(table if found else "No budgets yet.")


@application.command("raise")
def raise_limit(
    run_id: Annotated[str, typer.Argument(help="A run's id.")],
    kind: Annotated[
        str, typer.Argument(help="What of: money_micro, tokens, steps, effects or wall_ms.")
    ],
    amount: Annotated[int, typer.Argument(help="How much more.", min=1)],
    person: Annotated[
        str | None, typer.Option("--as", help="Who raises it; default: your account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a run more, for instance one that is held because a step did not fit; takes an administrator."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: Home) -> None:
        await operations.raise_limit(home, run_id, person=who, kind=kind, amount=amount)

    session.run(work, using=settings)
    done = {"run_id": run_id, "kind": kind, "amount": amount}
    session.print_json(done) if as_json else out.print(
        f"Raised {kind} of {run_id} by {amount:,}.", markup=False
    )
