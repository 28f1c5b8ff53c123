"""The commands `interlock release rollout start|show|pause|resume|stop`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer
from rich.table import Table

from interlock.runtime.errors import BadInput
from interlock.runtime.run.rollout import Kind, Plan
from interlock.serving.cli import release_looks, session
from interlock.serving.cli.asker import asker
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import grid, moment, whole

if TYPE_CHECKING:
    from interlock.runtime.run.rollout import Rollout
    from interlock.runtime.storage import Storage
    from interlock.serving.desk import Desk
    from interlock.serving.home import Home
    from interlock.serving.operations.rollouts import Turn

application = typer.Typer(
    help="A release for new runs step by step, promoted or taken back by what they come to.",
    no_args_is_help=True,
    add_completion=False,
)
#: Decisions that are shown
_MOST: Final = 20
_PLAN: Final = Plan()
Note: TypeAlias = Annotated[
    str,
    typer.Option("--note", help="Why; the ledger keeps the reason."),
]
Way: TypeAlias = Annotated[
    Kind,
    typer.Option("--kind", help="More runs step by step, or all at once."),
]
Steps: TypeAlias = Annotated[
    str,
    typer.Option(help="Shares of a hundred new runs, such as 1,5,25,50,100."),
]
LeastRuns: TypeAlias = Annotated[
    int,
    typer.Option(min=1, help="Runs at each step before the next is taken."),
]
Hold: TypeAlias = Annotated[
    int,
    typer.Option(min=0, help="Seconds that all at once is watched."),
]
Shadow: TypeAlias = Annotated[
    int,
    typer.Option(min=0, help="Runs that are copied first, without effects."),
]
Longest: TypeAlias = Annotated[
    int,
    typer.Option(min=1, help="Milliseconds of work of the slowest run."),
]


@application.command()
def start(
    release: release_looks.Name,
    *,
    note: Note,
    kind: Way = "canary",
    steps: Steps = "",
    least_runs: LeastRuns = _PLAN.least_runs,
    hold: Hold = _PLAN.hold_s,
    longest: Longest = _PLAN.longest_ms,
    shadow: Shadow = _PLAN.shadow,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Give a release to new runs, beside the one in force; by default not one that you made."""
    settings = session.configured()
    who = session.acting(settings, person)
    plan = Plan(
        kind=kind,
        steps=_steps(steps, kind, shadow=shadow),
        shadow=shadow,
        least_runs=least_runs,
        hold_s=hold,
        longest_ms=longest,
    )

    async def work(home: "Home") -> "Rollout":
        from interlock.serving import releases
        from interlock.serving.operations import rollouts

        ahead = await releases.ahead(home.runtime.storage, release)
        if ahead is not None and not as_json:
            release_looks.tell(ahead)
        return await rollouts.start(home, release, plan=plan, person=who, note=note)

    _tell(session.run(work, using=settings), as_json=as_json)


@application.command()
def show(as_json: AsJson = False) -> None:
    """Show how the newest rollout stands, on which figures, and what was decided about it."""

    async def work(storage: "Storage") -> "list[Rollout]":
        from interlock.serving import rollouts

        return await rollouts.history(storage, most=_MOST)

    told = session.read(work)
    if as_json:
        session.print_json([_document(one) for one in told])
        return
    if not told:
        session.say("No release was ever rolled out.")
        return
    newest = told[0]
    session.say(
        f"{newest.id}: {newest.status}, {newest.percent} % of new runs get "
        f"{newest.candidate[:12]}, the rest {newest.control[:12]}"
    )
    out.print(_shares(newest))
    session.say(_apart(newest))
    table = grid(whole("When"), whole("Decision"), whole("Percent"), "Because of")
    for one in told:
        if one.id == newest.id:
            because = _reason(one)
            how = one.how.replace("_", " ")
            table.add_row(moment(one.at), how, f"{one.percent}", because)
    out.print(table)


@application.command()
def pause(*, note: Note, person: As = None, as_json: AsJson = False) -> None:
    """Give the candidate no new run until the rollout is resumed; not once all runs have it."""
    _turn("paused", note, person, as_json=as_json)


@application.command()
def resume(*, note: Note, person: As = None, as_json: AsJson = False) -> None:
    """Let a paused rollout go on where it was."""
    _turn("resumed", note, person, as_json=as_json)


@application.command()
def stop(*, note: Note, person: As = None, as_json: AsJson = False) -> None:
    """End the rollout; the release that was in force before stays, or comes back."""
    _turn("stopped", note, person, as_json=as_json)


def _turn(how: "Turn", note: str, person: str | None, *, as_json: bool) -> None:
    async def work(desk: "Desk") -> "Rollout":
        from interlock.serving.operations import rollouts

        who = await asker(desk, person)
        return await rollouts.turn(desk, how=how, person=who, note=note)

    turned = session.act(work)
    if as_json:
        session.print_json({"rollout": turned.id, "how": how})
        return
    session.say(f"{turned.id}: {how}")


def _tell(begun: "Rollout", *, as_json: bool) -> None:
    if as_json:
        session.print_json(_document(begun))
        return
    session.say(f"{begun.id}: {begun.percent} % of new runs get {begun.candidate}")
    session.next_step(f"interlock worker --release {begun.candidate[:12]}")


def _steps(text: str, kind: Kind, *, shadow: int) -> tuple[int, ...]:
    """Return the steps that are named, or the usual; raises `BadInput` for no shares."""
    from interlock.serving.rollouts import steps_of

    shares = [share.strip() for share in text.split(",") if share.strip()]
    if not all(share.isdecimal() for share in shares):
        raise BadInput(
            what=f"steps {text!r}",
            why="they are no shares of a hundred",
            next_step="Write them as 1,5,25,50,100, for instance.",
        )
    return steps_of(kind, [int(share) for share in shares], shadow=shadow)


def _shares(one: "Rollout") -> Table:
    from interlock.serving.rollouts import lines

    table = grid("Share", whole("Control"), whole("Candidate"), whole("Higher by"))
    for line in lines(one):
        table.add_row(
            line.measure,
            f"{line.control:.3f} of {line.control_runs}",
            f"{line.canary:.3f} of {line.canary_runs}",
            f"{line.least:.3f} to {line.most:.3f}",
        )
    return table


def _apart(one: "Rollout") -> str:
    """Return in words how many runs are compared with nothing."""
    from interlock.serving.rollouts import apart

    told = apart(one)
    control, canary = told["control"], told["canary"]
    return (
        f"Counted apart: cancelled {control['cancelled']} and {canary['cancelled']}, "
        f"held from outside {control['outside']} and {canary['outside']}"
    )


def _reason(one: "Rollout") -> str:
    from interlock.serving.rollouts import reason

    return reason(one)


def _document(one: "Rollout") -> dict[str, Any]:
    from interlock.serving.rollouts import apart, lines

    return {
        "rollout": one.id,
        "candidate": one.candidate,
        "control": one.control,
        "status": one.status,
        "how": one.how,
        "percent": one.percent,
        "because": _reason(one),
        "at": one.at,
        "by": one.by,
        "plan": one.plan.document,
        "shares": [asdict(line) for line in lines(one)],
        "apart": apart(one),
    }
