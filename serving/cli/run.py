"""The command `interlock run list|show|resume|settle|cancel|erase`."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column

from interlock.runtime.run.run_list import PAGE
from interlock.serving.cli import session
from interlock.serving.cli.review import exit_code, report
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, shown, whole
from interlock.serving.home import Home
from interlock.serving.operations import runs
from interlock.serving.view import view

application = typer.Typer(help="Look at runs, carry them on, end them.", no_args_is_help=True)
RunId = Annotated[str, typer.Argument(help="A run's id.")]


@application.command("list")
def list_runs(
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1)] = PAGE,
    as_json: AsJson = False,
) -> None:
    """List every run, newest first."""

    async def work(home: Home) -> list[dict[str, str]]:
        return [
            {
                "run_id": run.id,
                "status": "erased" if run.erased else run.status,
                "agent": run.agent,
                "for": run.requester,
                "document": str(run.request.get("path", "")),
            }
            for run in await home.runs.list(limit=limit)
        ]

    rows = session.run(work)
    if as_json:
        session.print_json(rows)
        return
    table = grid(
        *map(whole, ("Run", "Status", "Agent")), "For", Column("Document", overflow="fold")
    )
    for row in rows:
        name = shown(Path(row["document"]).name)  # the whole path is in the JSON
        table.add_row(row["run_id"], row["status"], row["agent"], shown(row["for"]), name)
    out.print(table if rows else "No runs yet: `interlock review FILE` starts one.")


@application.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show one run whole."""
    seen = session.run(lambda home: view(home, run_id))
    report(seen, as_json=as_json)


@application.command()
def resume(
    run_id: RunId,
    person: Annotated[
        str | None, typer.Option("--as", help="Who resumes; default: your account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Carry on a run that waits for a person, is held by a guard, or whose worker died."""

    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: Home) -> int:
        await runs.resume(home, run_id, person=who)
        seen = await view(home, run_id)
        report(seen, as_json=as_json)
        return exit_code(seen)

    session.leave(session.run(work, using=settings))


@application.command()
def settle(
    run_id: RunId,
    action_id: Annotated[str, typer.Argument(help="An action's id, or its beginning.")],
    *,
    happened: Annotated[bool, typer.Option("--happened/--did-not-happen", help="What you found.")],
    note: Annotated[str, typer.Option("--note", help="How you know; recorded.")],
    person: Annotated[
        str | None, typer.Option("--as", help="The reviewer; default: your account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record what became of an action whose outcome is unknown; it is not tried again, and no money moves."""
    settings = session.configured()
    reviewer = session.acting(settings, person)

    async def work(home: Home) -> dict[str, object]:
        await runs.resolve(home, run_id, action_id, person=reviewer, happened=happened, note=note)
        return await view(home, run_id)

    report(session.run(work, using=settings), as_json=as_json)


@application.command()
def erase(
    run_id: RunId,
    person: Annotated[str | None, typer.Option("--as", help="Who erases.")] = None,
    as_json: AsJson = False,
) -> None:
    """Destroy everything an ended run holds; the ledger keeps its entries and still verifies."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: Home) -> None:
        await runs.erase(home, run_id, person=who)
        shutil.rmtree(settings.home / "reports" / run_id, ignore_errors=True)

    session.run(work, using=settings)
    session.print_json({"run_id": run_id, "erased": True}) if as_json else out.print(
        f"Erased {run_id}.", markup=False
    )


@application.command()
def cancel(
    run_id: RunId,
    person: Annotated[str | None, typer.Option("--as", help="Who cancels.")] = None,
    as_json: AsJson = False,
) -> None:
    """End a run for good; whoever works on it can write nothing more."""

    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: Home) -> dict[str, object]:
        await runs.cancel(home, run_id, person=who)
        return await view(home, run_id)

    report(session.run(work, using=settings), as_json=as_json)
