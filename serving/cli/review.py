"""The command `interlock review FILE...`."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from interlock.runtime.door.tool import EFFECTS
from interlock.runtime.errors import BadInput, InterlockError, NotRecorded
from interlock.runtime.policy.request import Principal
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out
from interlock.serving.cli.show import run_panel, shown
from interlock.serving.home import Home
from interlock.serving.operations import runs
from interlock.serving.view import view

_ADDRESS: Final = re.compile(
    r"[^@\s]+@[^@\s]+\.[^@\s]+"
)  # which addresses may be written to is for the policy


def review(
    files: Annotated[list[Path], typer.Argument(help="Contracts: TXT, PDF or DOCX.")],
    notify: Annotated[
        list[str] | None, typer.Option(help="Mail the report to this address; repeat for more.")
    ] = None,
    person: Annotated[
        str | None, typer.Option("--as", help="On whose behalf; default: your account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Review contracts: find clauses, score the risk, file a record, write a report, mail it where policy allows."""
    paths = [each.absolute() for each in files]
    settings = session.configured()
    who = session.acting(settings, person)
    addresses = notify or []
    for (
        address
    ) in addresses:  # what is no address at all would be found out only after the whole review
        if not _ADDRESS.fullmatch(address):
            raise BadInput(
                what=f"--notify {address!r}",
                why="it is no mail address",
                next_step="Write it as name@domain.",
            )

    async def work(home: Home) -> int:
        codes = []
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
        )
        with Progress(
            *columns, console=err, transient=True, disable=as_json or not err.is_terminal
        ) as progress:
            for path in paths:
                task = progress.add_task(shown(path.name).plain)
                codes.append(await _one(home, path, addresses, who, as_json=as_json))
                progress.remove_task(task)
        return next(code for code in session.WORST if code in codes)

    session.leave(session.run(work, using=settings))


async def _one(
    home: Home, path: Path, addresses: list[str], who: Principal, *, as_json: bool
) -> int:
    """Review one file and return its exit code; what stops it stops no other file, unless the store itself is out."""
    try:
        run = await runs.start(
            home,
            person=who,
            agent="contract_review",
            request={"path": str(path), "notify": addresses},
        )
    except BadInput as error:
        session.complain(f"{path.name}: {error}")
        if as_json:
            named = shown(str(path)).plain
            session.print_json(
                {
                    "run_id": None,
                    "status": "refused",
                    "document": {"path": named},
                    "why": str(error),
                }
            )
        return error.exit_code
    code = None
    try:
        await home.drive(run)
    except NotRecorded:
        raise
    except InterlockError as error:  # the run has recorded it, and says so below
        code = error.exit_code
    seen = report(await view(home, run.id), as_json=as_json)
    return seen if code is None else code


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
                out.print(
                    f"{found} {each['id'][:12]} {options}",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )
        if seen["status"] == "held":
            out.print(
                f"Next, once that is mended: interlock run resume {seen['run_id']}",
                markup=False,
                highlight=False,
            )
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
    ended = {each["state"] for each in seen["decisions"] if each["class"] in EFFECTS}
    if seen["status"] == "held" or "failed" in ended:
        return session.FAILED_CLOSED
    if seen["status"] == "waiting" or "unknown" in ended:  # somebody must look
        return session.WAITING
    return (
        session.DENIED
        if any(each["state"] == "denied" for each in seen["decisions"])
        else session.DONE
    )
