"""The command `interlock approvals`: what waits, the verdicts, and what else people do."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from interlock.serving.cli import approvals_handling, approvals_joint, session
from interlock.serving.cli.panel import risk_line
from interlock.serving.cli.result import exit_code, report
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, moment, shown, whole

if TYPE_CHECKING:
    from interlock.runtime.policy.request import Verdict
    from interlock.runtime.run.question import Approval, ApprovalSummary
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home

application = typer.Typer(
    help="Decide what waits for a person.",
    no_args_is_help=True,
    add_completion=False,
)
application.add_typer(approvals_handling.application)
MaybeId = Annotated[
    str | None,
    typer.Argument(metavar="APPROVAL", help="An approval's id, or its beginning."),
]
JobOption = Annotated[
    str | None,
    typer.Option("--job", help="All that this job asks for, if it is alike."),
]
ToolOption = Annotated[
    str | None, typer.Option("--tool", help="Of the job, only what this tool would do.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; for --job.")]
Reviewer = Annotated[
    str | None, typer.Option("--as", help="The reviewer; default: your account.")
]
Note = Annotated[
    str,
    typer.Option(
        "--note", help="Why, in at least three letters; recorded with the verdict."
    ),
]
Evidence = Annotated[
    str | None,
    typer.Option(
        "--evidence",
        help="The evidence digest you were shown; refused when it is another.",
    ),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chosen:
    """What is to be decided: one approval, or what a job asks for."""

    approval: str | None
    job: str | None
    tool: str | None
    yes: bool


@application.command("list")
def list_approvals(
    every: Annotated[bool, typer.Option("--all", help="Also those decided.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", help="How many at most.", min=1)
    ] = 100,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person."""

    async def work(storage: "Storage") -> "list[ApprovalSummary]":
        return await storage.approvals.list(
            state=None if every else "waiting", limit=limit + 1
        )

    approvals = session.cut(session.read(work), limit)
    if as_json:
        session.print_json([asdict(approval) for approval in approvals])
        return
    if not approvals:
        session.say("Nothing waits.")
        return
    table = grid(
        whole("Approval, run"),
        whole("State"),
        whole("Action"),
        "Asked for by",
        whole("Until"),
    )
    for approval in approvals:
        table.add_row(
            Text(f"{approval.id}\n{approval.run_id}"),
            approval.state,
            approval.tool,
            approval.requester,
            moment(approval.expires),
        )
    out.print(table)
    session.next_step(f"interlock approvals show {approvals[0].id}")
    if len(approvals) == limit:
        more = f"interlock approvals list --limit {limit * 10}"
        session.next_step(f"{more}{' --all' if every else ''}, for older ones")


@application.command()
def show(approval_id: approvals_handling.Id, as_json: AsJson = False) -> None:
    """Show exactly what would be done: this is the evidence a verdict binds to."""

    async def work(storage: "Storage") -> "tuple[Approval, dict[str, Any]]":
        from interlock.serving.names import approval_named
        from interlock.serving.view import view

        whole_id = await approval_named(storage.store, approval_id)
        approval = await storage.approvals.read(whole_id)
        return approval, await view(storage, approval.run_id)

    approval, view = session.read(work)
    if as_json:
        run = {
            "status": view["status"],
            "risk": view["risk"],
            "document": view["document"],
        }
        session.print_json(asdict(approval) | {"run": run})
        return
    _print(approval, view)


def _print(approval: "Approval", view: dict[str, Any]) -> None:
    until = moment(approval.expires)
    session.say(
        Text.assemble(
            (approval.id, "bold"),
            f" {approval.state}, until {until}{_needs(approval)}",
        )
    )
    document = view["document"].get("name") or view["document"].get("path") or ""
    session.say(f"run       {approval.run_id} {document}")
    session.say(f"asked by  {approval.requester}")
    if view["risk"]:
        session.say(risk_line(view))
    evidence: dict[str, Any] = approval.evidence
    session.say(
        Text.assemble(
            "would do  ",
            shown(evidence["tool"], style="bold"),
            f" ({evidence['class']})",
        )
    )
    for name, value in evidence["arguments"].items():
        origin = ", ".join(evidence["labels"].get(name, []))
        session.say(shown(f"  {name} ({origin})", style="dim"))
        for line in _lines(value):
            session.say(f"    {line}")
    session.say(f"evidence  {approval.evidence_digest}")
    approvals_handling.say_steps(approval.steps)
    if view["report"]:
        session.next_step(f"interlock run report {approval.run_id} -o report.html")
    if approval.state == "waiting":
        verdict = f"{approval.id} --as REVIEWER --note WHY --evidence {approval.evidence_digest}"
        session.next_step(f"interlock approvals approve {verdict}")


def _needs(approval: "Approval") -> str:
    """Return whose verdicts are still to be given, in words."""
    seats = [f"{seat.count} {seat.by}" for seat in approval.unfilled]
    if approval.state != "waiting" or not seats:
        return ""
    return f", needs {' and '.join(seats)}"


def _lines(value: Any) -> list[str]:
    """Return an argument as lines: text as it is, a list one item a line, anything else as JSON."""
    if isinstance(value, str):
        return value.splitlines()
    items = value if isinstance(value, list) else [value]
    return [
        item
        if isinstance(item, str)
        else json.dumps(
            item,
            ensure_ascii=False,
            sort_keys=True,
        )
        for item in items
    ]


@application.command()
def approve(
    approval_id: MaybeId = None,
    *,
    note: Note,
    job: JobOption = None,
    tool: ToolOption = None,
    yes: Yes = False,
    reviewer: Reviewer = None,
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Approve, then carry the run on: the policy is asked again before anything is done."""
    chosen = _Chosen(approval=approval_id, job=job, tool=tool, yes=yes)
    _decide(chosen, "approved", reviewer, note, evidence, as_json=as_json)


@application.command()
def reject(
    approval_id: MaybeId = None,
    *,
    note: Note,
    job: JobOption = None,
    tool: ToolOption = None,
    yes: Yes = False,
    reviewer: Reviewer = None,
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Reject, then carry the run on: the agent is told no."""
    chosen = _Chosen(approval=approval_id, job=job, tool=tool, yes=yes)
    _decide(chosen, "rejected", reviewer, note, evidence, as_json=as_json)


def _decide(
    chosen: _Chosen,
    verdict: "Verdict",
    name: str | None,
    note: str,
    evidence: str | None,
    *,
    as_json: bool,
) -> None:
    """Decide the one approval that was chosen, or what a job asks for together."""
    if (chosen.approval is None) == (chosen.job is None):
        raise typer.BadParameter("name either one APPROVAL, or a job with --job")
    if chosen.job is not None:
        approvals_joint.decide_together(
            verdict,
            job=chosen.job,
            tool=chosen.tool,
            name=name,
            note=note,
            evidence=evidence,
            yes=chosen.yes,
            as_json=as_json,
        )
        return
    _decide_one(str(chosen.approval), verdict, name, note, evidence, as_json=as_json)


def _decide_one(
    beginning: str,
    verdict: "Verdict",
    name: str | None,
    note: str,
    evidence: str | None,
    *,
    as_json: bool,
) -> None:
    settings = session.configured()
    reviewer = session.acting(settings, name)

    async def work(home: "Home") -> int:
        from interlock.runtime.run.verdict import Shown
        from interlock.serving.names import approval_named
        from interlock.serving.operations import approvals as operations
        from interlock.serving.view import view

        approval_id = await approval_named(home.store, beginning)
        approval = await home.approvals.read(approval_id)
        await operations.decide(
            home,
            Shown(
                approval=approval_id,
                evidence=evidence or approval.evidence_digest,
            ),
            person=reviewer,
            verdict=verdict,
            note=note,
        )
        session.under_way.run_id = approval.run_id
        await operations.carry_on(home, approval.run_id)
        seen = await view(home, approval.run_id)
        report(seen, as_json=as_json)
        decided = [
            step for step in seen["decisions"] if step["id"] == approval.action_id
        ]
        return exit_code(seen | {"decisions": decided})

    session.leave(session.run(work, using=settings))
