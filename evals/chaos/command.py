"""The command `interlock chaos`."""

import secrets
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn, TypeAlias

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err

if TYPE_CHECKING:
    from interlock.evals.chaos.drill import Report
    from interlock.evals.chaos.site import Fault

Kind: TypeAlias = Literal["sqlite", "postgres"]
application = typer.Typer(add_completion=False)


@application.command()
def chaos(
    *,
    runs: Annotated[int, typer.Option(min=1, help="Runs that are queued.")] = 50,
    kills: Annotated[int, typer.Option(min=0, help="Workers that are killed.")] = 20,
    db: Annotated[Kind, typer.Option(help="The kind of database.")] = "sqlite",
    database: Annotated[
        str | None,
        typer.Option(help="URL of a PostgreSQL; default: one that the drill starts."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Chooses the order of the faults.")
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(help="stop,claim,eio,full,drop,restart; default: all there are."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Kill workers and break the database of a home of its own; 5 when a promise broke."""
    from interlock.evals.chaos.drill import drill
    from interlock.evals.chaos.plan import Plan

    plan = Plan(
        runs=runs,
        kills=kills,
        kind=db,
        seed=secrets.randbelow(2**31) if seed is None else seed,
        faults=_chosen(faults),
        database=database,
    )
    with nullcontext() if as_json else err.status("drilling", spinner="dots"):
        report = drill(plan)
    _tell(report, as_json=as_json)


def _chosen(faults: str | None) -> "frozenset[Fault]":
    """Return the faults that were named, or all; raises `BadInput`."""
    from interlock.evals.chaos.site import FAULTS

    if faults is None:
        return frozenset(FAULTS)
    names = {name.strip() for name in faults.split(",") if name.strip()}
    for name in sorted(names.difference(FAULTS)):
        raise BadInput(
            what=f"--faults {name}",
            why="there is no such fault",
            next_step=f"Name some of {', '.join(FAULTS)}.",
        )
    return frozenset(fault for fault in FAULTS if fault in names)


def _tell(report: "Report", *, as_json: bool) -> NoReturn:
    """Print the report, and end the command."""
    figures = asdict(report)
    figures = figures.pop("tally") | figures
    if as_json:
        session.print_json(figures)
    else:
        for name, figure in figures.items():
            session.say(f"{name}: {figure}")
    session.leave(session.DONE if report.held else session.FAILED_CLOSED)
