"""The command `interlock approvals list|show|approve|reject`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from interlock.runtime.policy.request import Verdict
from interlock.runtime.run.approvals import PAGE, ApprovalSummary
from interlock.serving.cli import session
from interlock.serving.cli.review import exit_code, report
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, shown, whole
from interlock.serving.home import Home
from interlock.serving.operations import approvals as operations
from interlock.serving.view import view

application = typer.Typer(help="Decide what waits for a person.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="An approval's id.")]
Reviewer = Annotated[str | None, typer.Option("--as", help="The reviewer; default: your account.")]
Note = Annotated[str, typer.Option("--note", help="Why; recorded with the verdict.")]
Evidence = Annotated[
    str | None,
    typer.Option(
        "--evidence", help="The evidence digest you were shown; refused when it is another."
    ),
]


@application.command("list")
def list_approvals(
    every: Annotated[bool, typer.Option("--all", help="Also those decided.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1)] = PAGE,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person."""

    async def work(home: Home) -> list[ApprovalSummary]:
        return await home.approvals.list(state=None if every else "waiting", limit=limit)

    found = session.run(work)
    if as_json:
        session.print_json([asdict(each) for each in found])
        return
    table = grid(*map(whole, ("Approval, run", "State", "Action")), "Asked for by", whole("Until"))
    for each in found:
        asked = shown(each.requester)
        table.add_row(
            f"{each.id}\n{each.run_id}", each.state, each.tool, asked, _time(each.expires)
        )
    out.print(table if found else "Nothing waits.")


@application.command()
def show(approval_id: Id, as_json: AsJson = False) -> None:
    """Show exactly what would be done: this is the evidence a verdict binds to."""
    found = session.run(lambda home: home.approvals.read(approval_id))
    if as_json:
        session.print_json(asdict(found))
        return
    out.print(
        Text.assemble(
            (found.id, "bold"),
            f"  {found.state}, until {_time(found.expires)}, needs a {found.role}",
        )
    )
    for line in json.dumps(
        found.evidence, indent=2, ensure_ascii=False, sort_keys=True
    ).splitlines():
        out.print(shown(line), soft_wrap=True)
    out.print(f"evidence {found.evidence_digest}", highlight=False)
    out.print(
        f"Next: interlock approvals approve {found.id} --as REVIEWER --note WHY",
        markup=False,
        highlight=False,
    )


@application.command()
def approve(
    approval_id: Id,
    note: Note,
    reviewer: Reviewer = None,
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Approve, then carry the run on: the policy is asked again before anything is done."""
    _decide(approval_id, reviewer, "approved", evidence, note, as_json=as_json)


@application.command()
def reject(
    approval_id: Id,
    note: Note,
    reviewer: Reviewer = None,
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Reject, then carry the run on: the agent is told no."""
    _decide(approval_id, reviewer, "rejected", evidence, note, as_json=as_json)


def _decide(
    approval_id: str,
    name: str | None,
    verdict: Verdict,
    evidence: str | None,
    note: str,
    *,
    as_json: bool,
) -> None:
    settings = session.configured()
    reviewer = session.acting(settings, name)

    async def work(home: Home) -> int:
        found = await home.approvals.read(approval_id)
        shown_digest = evidence or found.evidence_digest
        await operations.decide(
            home, approval_id, person=reviewer, verdict=verdict, shown=shown_digest, note=note
        )
        await operations.carry_on(home, found.run_id)
        seen = await view(home, found.run_id)
        report(seen, as_json=as_json)
        return exit_code(
            seen
            | {"decisions": [each for each in seen["decisions"] if each["id"] == found.action_id]}
        )

    session.leave(session.run(work, using=settings))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
