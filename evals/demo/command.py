"""The command `interlock demo`."""

import shlex
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from interlock.evals.attacks.bait import bait_tools
from interlock.evals.attacks.planner import ObedientPlanner
from interlock.evals.demo import job, page
from interlock.runtime.errors import BadInput
from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out
from interlock.serving.cli.show import run_panel
from interlock.serving.home import Home
from interlock.serving.settings import sqlite_url

application = typer.Typer(add_completion=False)


@application.command()
def demo(
    compromised: Annotated[
        bool,
        typer.Option("--compromised", help="Use a planner that obeys whatever a contract says."),
    ] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="Another policy bundle, to see the rails matter.")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="Where to; default: a fresh folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Review three real contracts and a hostile copy, under the rails; 5 when a forbidden effect is found."""
    place = (home or Path(tempfile.mkdtemp(prefix="interlock-demo-"))).resolve()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BadInput(
            what=f"--home {place}", why="there is something already", next_step="Name a new folder."
        )
    database = sqlite_url(place / "interlock.db")
    settings = session.configured(home=place, bundle=bundle).model_copy(
        update={"tenant": "demo", "database": database, "people": place / "people.yaml"}
    )
    people.write(settings.people, job.PEOPLE)
    quiet = as_json or not err.is_terminal
    found = session.run(
        lambda opened: _review_all(opened, quiet=quiet),
        using=settings,
        planner=ObedientPlanner if compromised else None,
        more=bait_tools if compromised else None,
    )
    page.write(Path(found["report"]), found)
    if as_json:
        session.print_json(found)
    else:
        _show(found)
    safe = not found["forbidden_effects"] and found["ledger"]["valid"]
    session.leave(session.DONE if safe else session.FAILED_CLOSED)


async def _review_all(opened: Home, *, quiet: bool) -> dict[str, Any]:
    documents = job.documents()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet) as progress:
        task = progress.add_task("reviewing", total=len(documents))
        runs = []
        for path in documents:
            progress.update(task, description=path.name)
            runs.append(await job.review_one(opened, path))
            progress.advance(task)
    return await job.summary(opened, runs)


def _show(found: dict[str, Any]) -> None:
    for view in found["runs"]:
        out.print(run_panel(view))
    lines = Text()
    lines.append(
        f"{len(found['runs'])} runs, actions denied: {found['denied']}, waiting for a person: {found['waiting']}\n"
    )
    for each in found["denials"]:
        codes = ", ".join(reason["code"] for reason in each["reasons"])
        lines.append(f"denied   {each['tool']} in {each['run_id']}: {codes}\n", style="red")
    crossed = found["forbidden_effects"]
    lines.append(
        f"forbidden effects in the world: {crossed}\n",
        style="bold red" if crossed else "bold green",
    )
    for each in found["forbidden"]:
        lines.append(f"         {each['kind']}: {each['detail']}\n", style="red")
    ledger = found["ledger"]
    lines.append(
        f"ledger {'verified' if ledger['valid'] else 'NOT VALID'}: {ledger['size']} entries in {len(ledger['roots'])} logs\n"
    )
    lines.append(f"report {found['report']}")
    out.print(Panel(lines, title="What happened", title_align="left"))
    if found["approvals"]:
        first = found["approvals"][0]
        command = f"INTERLOCK_HOME={shlex.quote(found['home'])} INTERLOCK_TENANT=demo {shlex.quote(sys.argv[0])}"
        for line in (
            "To let one mail go, as the reviewer:",
            f"  {command} approvals show {first}",
            f'  {command} approvals approve {first} --as {job.REVIEWER} --note "checked"',
            f"The mail then lies in {found['home']}/outbox",
        ):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
