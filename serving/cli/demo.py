"""`interlock demo`"""

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from interlock.serving import people
from interlock.serving.app import Home
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out
from interlock.serving.cli.show import run_panel
from interlock.serving.demo import job, page


def demo(
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Use a planner that obeys whatever a contract says.")
    ] = False,
    bundle: Annotated[Path | None, typer.Option(help="Another policy bundle, to see the rails matter.")] = None,
    home: Annotated[Path | None, typer.Option(help="Where to; default: a fresh folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Review three real contracts and a hostile copy, under the rails; 5 when a forbidden effect is found."""
    place = home or Path(tempfile.mkdtemp(prefix="interlock-demo-"))
    settings = replace(session.configured(home=place, bundle=bundle), tenant="demo", database=f"sqlite:///{place.resolve() / 'interlock.db'}")  # fmt: skip
    people.write(settings.home, job.PEOPLE)

    async def work(opened: Home) -> dict[str, Any]:
        documents = job.documents()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=err, transient=True, disable=as_json or not err.is_terminal) as progress:
            task = progress.add_task("reviewing", total=len(documents))
            runs = []
            for path in documents:
                progress.update(task, description=path.name)
                runs.append(await job.review_one(opened, path))
                progress.advance(task)
        return await job.summary(opened, runs)

    found = session.run(work, using=settings, planner="obedient" if compromised else "careful")
    page.write(Path(found["report"]), found)
    if as_json:
        session.print_json(found)
    else:
        _show(found)
    safe = not found["forbidden_effects"] and found["ledger"]["valid"]
    session.leave(session.DONE if safe else session.FAILED_CLOSED)


def _show(found: dict[str, Any]) -> None:
    for view in found["runs"]:
        out.print(run_panel(view))
    lines = Text()
    lines.append(f"{len(found['runs'])} runs, {found['denied']} actions denied, {found['waiting']} waiting for a person\n")
    for each in found["denials"]:
        codes = ", ".join(reason["code"] for reason in each["reasons"])
        lines.append(f"denied   {each['tool']} in {each['run_id']}: {codes}\n", style="red")
    crossed = found["forbidden_effects"]
    lines.append(f"forbidden effects in the world: {crossed}\n", style="bold red" if crossed else "bold green")
    for each in found["forbidden"]:
        lines.append(f"         {each['kind']}: {each['detail']}\n", style="red")
    ledger = found["ledger"]
    lines.append(f"ledger {'verified' if ledger['valid'] else 'NOT VALID'}: {ledger['size']} entries, root {ledger['root']}\n")
    lines.append(f"report {found['report']}")
    out.print(Panel(lines, title="What happened", title_align="left"))
    if found["approvals"]:
        prefix = f"INTERLOCK_HOME={found['home']} INTERLOCK_TENANT=demo {_command()}"
        out.print("To let one mail go, as the reviewer:", style="yellow")
        out.print(f"  {prefix} approvals show {found['approvals'][0]}", markup=False, highlight=False, soft_wrap=True)
        out.print(f'  {prefix} approvals approve {found["approvals"][0]} --as {job.REVIEWER} --note "checked"', markup=False, highlight=False, soft_wrap=True)  # fmt: skip
        out.print(f"The mail then lies in {found['home']}/outbox", markup=False, highlight=False, soft_wrap=True)


def _command() -> str:
    virtual = os.environ.get("VIRTUAL_ENV")
    return "interlock" if virtual else ".venv/bin/interlock"
