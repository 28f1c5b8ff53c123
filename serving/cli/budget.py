"""The command `interlock budget show`."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from interlock.runtime import budget
from interlock.serving.app import Home
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out

application = typer.Typer(help="What runs may spend, and have spent.", no_args_is_help=True)


@application.callback()
def group() -> None:
    """What runs may spend, and have spent."""


@application.command()
def show(run_id: Annotated[str | None, typer.Argument(help="Only this run's.")] = None, as_json: AsJson = False) -> None:
    """Show limits, spend and reservations."""

    async def work(home: Home) -> list[budget.Budget]:
        ids = [run_id] if run_id else [run.budget_id for run in await home.runs.list()]
        return await home.store.read(lambda connection: [budget.read(connection, each) for each in ids])

    found = session.run(work)
    if as_json:
        session.print_json([asdict(each) for each in found])
        return
    table = Table("Budget", "Kind", "Limit", "Spent", "Reserved")
    for each in found:
        limits, spent, reserved = (asdict(getattr(each.facts, name)) for name in ("limits", "spent", "reserved"))
        for index, kind in enumerate(limits):
            name = each.id if index == 0 else ""
            table.add_row(name, kind, f"{limits[kind]:,}", f"{spent[kind]:,}", f"{reserved[kind]:,}")
    out.print(table if found else "No budgets yet.")
