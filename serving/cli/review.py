"""The command `interlock review FILE...`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from interlock.serving import people
from interlock.serving.app import Home
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out
from interlock.serving.cli.show import run_panel
from interlock.serving.view import view


def review(
    files: Annotated[list[Path], typer.Argument(help="Contracts: TXT, PDF or DOCX.")],
    notify: Annotated[list[str] | None, typer.Option(help="Mail the report to this address; repeat for more.")] = None,
    person: Annotated[str | None, typer.Option("--as", help="On whose behalf; default: your account.")] = None,
    as_json: AsJson = False,
) -> None:
    """Review contracts: find clauses, score the risk, file a record, write a report, mail it where policy allows."""
    who = person or people.current()
    settings = session.configured()
    people.entitle(settings.home, who, role="analyst", what="ask for reviews")

    async def work(home: Home) -> int:
        codes = []
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True, disable=as_json or not err.is_terminal) as progress:
            for path in files:
                task = progress.add_task(path.name)
                run = await home.start(path=path.absolute(), notify=notify or [], person=who)
                await home.drive(run)
                progress.remove_task(task)
                seen = await view(home, run.id)
                codes.append(report(seen, as_json=as_json))
        return next(code for code in session.WORST if code in codes)

    session.leave(session.run(work, using=settings))


def report(seen: dict[str, Any], *, as_json: bool) -> int:
    """Print one run and return its exit code."""
    if as_json:
        session.print_json(seen)
    else:
        out.print(run_panel(seen))
        for approval in seen["waiting"]:
            out.print(f"Next: interlock approvals show {approval}", markup=False, highlight=False)
        for each in seen["decisions"]:
            if each["state"] == "unknown":
                found = f"Next: look whether {each['tool']} happened, then: interlock run settle {seen['run_id']}"
                options = "--happened (or --did-not-happen) --as REVIEWER --note WHY"
                out.print(f"{found} {each['id'][:12]} {options}", markup=False, highlight=False, soft_wrap=True)
        if seen["status"] == "held":
            out.print(f"Next, once that is mended: interlock run resume {seen['run_id']}", markup=False, highlight=False)
    code = exit_code(seen)
    if code in {session.BAD_INPUT, session.FAILED_CLOSED} and seen["stopped"]:
        session.complain(seen["stopped"]["why"])
    return code


def exit_code(seen: dict[str, Any]) -> int:
    """Return what a run's end means to a caller."""
    stopped = seen["stopped"]
    if stopped:
        if stopped["kind"] == "failed" and stopped["code"].startswith("document_"):
            return session.BAD_INPUT
        return session.DENIED if stopped["kind"] == "denied" else session.FAILED_CLOSED
    if seen["status"] == "held":
        return session.FAILED_CLOSED
    if seen["status"] == "waiting":
        return session.WAITING
    return session.DENIED if any(each["state"] == "denied" for each in seen["decisions"]) else session.DONE
