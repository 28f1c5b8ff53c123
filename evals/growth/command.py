"""The commands `interlock bench home|ledger`: what grows with a home, and what must not."""

from contextlib import nullcontext
from typing import Annotated

import typer
from rich.table import Table

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out


def home_lists(
    *,
    runs: Annotated[int, typer.Option(min=1, help="Runs in the home.")] = 2_000,
    as_json: AsJson = False,
) -> None:
    """Measure what the lists of a home cost that has many runs."""
    from interlock.evals.growth.home import home

    with nullcontext() if as_json else err.status("measuring", spinner="dots"):
        figures = home(runs=runs)
    if as_json:
        session.print_json(figures)
        return
    table = Table("List", "Inside ms", "Whole command ms")
    for name, row in figures["lists"].items():
        table.add_row(name, str(row["inside_ms"]), str(row["command_ms"]))
    out.print(table)


def ledger_entries(
    *,
    entries: Annotated[
        list[int] | None,
        typer.Option(min=1, help="A size to measure at; may be given again."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure what an entry costs to append and to verify as the record grows."""
    from interlock.evals.growth.ledger import ledger

    with nullcontext() if as_json else err.status("measuring", spinner="dots"):
        figures = ledger(sizes=entries or [1_000, 10_000])
    if as_json:
        session.print_json(figures)
        return
    table = Table("Entries", "Append µs", "MiB", "Verify µs", "MiB")
    names = ("entries", "append_us", "append_mib", "verify_us", "verify_mib")
    for row in figures:
        table.add_row(*(f"{row[name]:,}" for name in names))
    out.print(table)
