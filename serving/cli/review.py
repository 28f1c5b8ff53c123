"""The command `interlock review FILE...`."""

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer
from rich.text import Text

from interlock.runtime.errors import BadInput, InterlockError, NotRecorded
from interlock.serving import intake
from interlock.serving.cli import session
from interlock.serving.cli.result import report
from interlock.serving.cli.session import As, AsJson, err
from interlock.serving.cli.show import shown

if TYPE_CHECKING:
    from interlock.runtime.policy.request import Principal
    from interlock.serving.home import Home

application = typer.Typer(add_completion=False)
Party: TypeAlias = Annotated[
    str, typer.Option(help="Whose side to take: our party's name, or its role.")
]
Playbook: TypeAlias = Annotated[
    str, typer.Option(help="Score by this playbook, not by the one for our side.")
]
Redline: TypeAlias = Annotated[
    Literal["accepted", "rejected"],
    typer.Option(help="Read tracked changes as accepted or as rejected."),
]


@application.command()
def review(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Contracts: TXT, PDF or DOCX; a folder of them; - for input.",
        ),
    ],
    *,
    notify: Annotated[
        list[str] | None,
        typer.Option(help="Mail the report to this address; repeat for more."),
    ] = None,
    party: Party = "",
    playbook: Playbook = "",
    redline: Redline = "accepted",
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Review contracts: find clauses, score the risk, file a record, write and mail a report.

    A file that cannot be reviewed stops no other one.
    """
    settings = session.configured()
    addresses = _addresses(notify or [])
    asking = Asking(
        person=session.acting(settings, person),
        request={
            "notify": addresses,
            "party": party.strip(),
            "playbook": playbook.strip(),
            "redline": redline,
        },
        as_json=as_json,
    )
    paths, codes = _gathered(
        names,
        settings.home,
        as_json=as_json,
    )
    if paths:

        async def work(home: "Home") -> list[int]:
            return await _all(home, paths, asking)

        codes += session.run(work, using=settings)
    session.leave(next(code for code in session.WORST if code in codes))


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """Who asks for the reviews, what for, and where the reports go."""

    person: "Principal"
    #: All of the request but the file
    request: dict[str, Any]
    as_json: bool


def _addresses(names: list[str]) -> list[str]:
    """Return the addresses; what is none would be found out only after the whole review."""
    from interlock.serving.settings import is_mail_address

    for name in names:
        if not is_mail_address(name):
            raise BadInput(
                what=f"--notify {name!r}",
                why="it is no mail address",
                next_step="Write it as name@domain.",
            )
    return names


def _gathered(
    names: list[str], home: Path, *, as_json: bool
) -> tuple[list[Path], list[int]]:
    """Return the files to review, and an exit code for each name that is refused."""
    paths: list[Path] = []
    codes: list[int] = []
    for name in names:
        try:
            if name == "-":
                paths.append(intake.kept(home, sys.stdin.buffer))
            else:
                paths += intake.contracts(name)
        except BadInput as error:
            codes.append(
                _refused(
                    name,
                    error,
                    as_json=as_json,
                )
            )
    return list(dict.fromkeys(paths)), codes


async def _all(home: "Home", paths: list[Path], asking: Asking) -> list[int]:
    if asking.request["playbook"]:
        home.playbooks.named(asking.request["playbook"])
    codes = []
    session.under_way.not_begun = [shown(path.name).plain for path in paths]
    for number, path in enumerate(paths, start=1):
        name = session.under_way.not_begun.pop(0)
        quiet = asking.as_json or session.choices().quiet or not err.is_terminal
        count = f"{number} of {len(paths)}: " if len(paths) > 1 else ""
        doing = Text(f"reviewing {count}{name}")
        with nullcontext() if quiet else err.status(doing):
            view, code = await _one(home, path, asking)
        if view is not None:
            shown_code = report(view, as_json=asking.as_json)
            code = shown_code if code is None else code
        codes.append(session.DONE if code is None else code)
        session.under_way.run_id = None
    return codes


async def _one(
    home: "Home", path: Path, asking: Asking
) -> tuple[dict[str, object] | None, int | None]:
    """Review one file; return its view, and the exit code of what stopped it.

    What stops one review stops no other, unless nothing can be recorded any more.
    """
    from interlock.serving.operations import runs
    from interlock.serving.view import view

    request = asking.request | {"path": str(path)}
    try:
        run = await runs.start(
            home,
            person=asking.person,
            agent="contract_review",
            request=request,
        )
    except BadInput as error:
        return None, _refused(
            path.name,
            error,
            as_json=asking.as_json,
        )
    session.under_way.run_id = run.id
    code = None
    try:
        await home.drive(run)
    except NotRecorded:
        raise
    except InterlockError as error:  # the run has recorded it, and its view says so
        code = error.exit_code
    result = await view(home, run.id)
    if (
        path.parent == home.settings.home / intake.FOLDER
        and "digest" in result["document"]
    ):
        intake.forget(path)  # the run has read it and keeps it, sealed
    return result, code


def _refused(name: str, error: BadInput, *, as_json: bool) -> int:
    """Say that one of the files is refused, and return its exit code."""
    plain = shown(name).plain
    why = str(error).removeprefix(f"{name}: ")
    session.complain(f"{plain}: {why}")
    if as_json:
        refusal = {
            "run_id": None,
            "status": "refused",
            "document": {"path": plain},
        }
        session.print_json(refusal | {"code": error.code, "why": str(error)})
    return error.exit_code
