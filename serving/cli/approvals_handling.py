"""The part of `interlock approvals` that handles a question: claim, release, delegate and so on."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.text import Text

from interlock.serving.cli import session
from interlock.serving.cli.fields import document
from interlock.serving.cli.session import As, AsJson
from interlock.serving.cli.show import moment, shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from interlock.runtime.policy.request import Principal
    from interlock.runtime.run.approval_step import Step
    from interlock.runtime.run.handling import Handling
    from interlock.runtime.run.question import Approval
    from interlock.serving.home import Home

application = typer.Typer(add_completion=False)
Id = Annotated[
    str,
    typer.Argument(metavar="APPROVAL", help="An approval's id, or its beginning."),
]
Note = Annotated[
    str,
    typer.Option("--note", help="In words, at least three letters; recorded."),
]
#: What each step is called; of some who or which role it goes to follows
DID: Final = {
    "approved": "approved",
    "rejected": "rejected",
    "claimed": "looks at it",
    "released": "looks at it no more",
    "delegated": "asked",
    "escalated": "passed it up to",
    "asked": "asked back",
    "answered": "answered",
}


@application.command()
def claim(approval_id: Id, person: As = None, as_json: AsJson = False) -> None:
    """Say that you look at it, for 15 minutes: a courtesy that keeps nobody from deciding."""
    from interlock.runtime.run.handling import Look

    _handle(approval_id, Look(kind="claimed"), person, as_json=as_json)


@application.command()
def release(approval_id: Id, person: As = None, as_json: AsJson = False) -> None:
    """Say that you look at it no more."""
    from interlock.runtime.run.handling import Look

    _handle(approval_id, Look(kind="released"), person, as_json=as_json)


@application.command()
def delegate(
    approval_id: Id,
    to: Annotated[str, typer.Argument(help="Somebody who could decide it.")],
    *,
    note: Note,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Ask somebody by name to decide it."""

    async def work(home: "Home", whole_id: str, by: "Principal") -> None:
        from interlock.serving.operations import approvals as operations

        await operations.delegate(home, whole_id, to, note=note, person=by)

    _do(approval_id, work, person, as_json=as_json)


@application.command()
def escalate(
    approval_id: Id,
    to: Annotated[str, typer.Argument(help="A role that the policy names above.")],
    *,
    note: Note,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Pass it to the people of a role above, who decide in place of your role."""
    from interlock.runtime.run.handling import Escalation

    _handle(approval_id, Escalation(to=to, note=note), person, as_json=as_json)


@application.command()
def ask(
    approval_id: Id, *, note: Note, person: As = None, as_json: AsJson = False
) -> None:
    """Ask whoever asked for it something; the deadline stays."""
    from interlock.runtime.run.handling import Inquiry

    _handle(approval_id, Inquiry(kind="asked", note=note), person, as_json=as_json)


@application.command()
def answer(
    approval_id: Id, *, note: Note, person: As = None, as_json: AsJson = False
) -> None:
    """Answer the question about what was asked in your name."""
    from interlock.runtime.run.handling import Inquiry

    handling = Inquiry(kind="answered", note=note)
    _handle(approval_id, handling, person, as_json=as_json)


@application.command()
def edit(
    approval_id: Id,
    arguments: Annotated[
        Path, typer.Argument(help="A JSON file with all arguments, or - for input.")
    ],
    *,
    note: Note,
    evidence: Annotated[
        str | None,
        typer.Option("--evidence", help="The evidence digest you were shown."),
    ] = None,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Reject it with the arguments that you would agree to, then carry the run on.

    The agent may propose these anew; you approve nothing of it, somebody else decides.
    """
    proposal = document(arguments)

    async def work(home: "Home", whole_id: str, by: "Principal") -> None:
        from interlock.runtime.run.verdict import Shown
        from interlock.serving.operations import approvals as operations

        asked = await home.approvals.read(whole_id)
        seen = Shown(approval=whole_id, evidence=evidence or asked.evidence_digest)
        await operations.edit(home, seen, person=by, arguments=proposal, note=note)
        session.under_way.run_id = asked.run_id
        await operations.carry_on(home, asked.run_id)

    _do(approval_id, work, person, as_json=as_json)


def _handle(
    beginning: str, handling: "Handling", name: str | None, *, as_json: bool
) -> None:
    async def work(home: "Home", whole_id: str, by: "Principal") -> None:
        from interlock.serving.operations import approvals as operations

        await operations.handle(home, whole_id, handling, person=by)

    _do(beginning, work, name, as_json=as_json)


def _do(
    beginning: str,
    work: "Callable[[Home, str, Principal], Awaitable[None]]",
    name: str | None,
    *,
    as_json: bool,
) -> None:
    """Have *work* done in the name of whoever acts, and show the step that came of it."""
    settings = session.configured()
    by = session.acting(settings, name)

    async def inside(home: "Home") -> "Approval":
        from interlock.serving.names import approval_named

        whole_id = await approval_named(home.store, beginning)
        await work(home, whole_id, by)
        return await home.approvals.read(whole_id)

    approval = session.run(inside, using=settings)
    if as_json:
        step = asdict(approval.steps[-1])
        session.print_json(
            {"id": approval.id, "state": approval.state, "needs": approval.role}
            | {"step": step}
        )
        return
    session.say(Text.assemble((approval.id, "bold"), f" {approval.state}"))
    _say_step(approval.steps[-1])


def say_steps(steps: "Sequence[Step]") -> None:
    """Print what people did about an approval, in order; nothing where nobody did anything."""
    if steps:
        session.say("what people did")
    for step in steps:
        _say_step(step)


def _say_step(step: "Step") -> None:
    """Print what one person did: when, who, what, to whom, in which words, with which arguments."""
    until = f", until {moment(step.until)}" if step.until else ""
    to = f" {step.to}" if step.to else ""
    words = f": {step.text}" if step.text else ""
    line = f"{step.person} {DID[step.kind]}{to}{until}{words}"
    session.say(shown(f"  {moment(step.at)}  {line}"))
    for name, value in (step.proposal or {}).items():
        session.say(shown(f"    would agree to {name} = {_written(value)}"))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
