"""The command `interlock run list|show|report|start|resume|repin|widen|resolve|cancel|erase`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import run_list, run_pin, run_widen, session
from interlock.serving.cli.fields import field
from interlock.serving.cli.output import write_new
from interlock.serving.cli.result import report
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home

application = typer.Typer(
    help="Look at runs, carry them on, end them.",
    no_args_is_help=True,
    add_completion=False,
)
RunId = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, or its beginning."),
]
Queued = Annotated[
    bool, typer.Option("--queue", help="Leave it to `interlock worker`.")
]
Priority = Annotated[
    int, typer.Option(help="Workers take the higher first, from -100 to 100.")
]

application.command("list")(run_list.list_runs)
application.command("repin")(run_pin.repin)
application.command("widen")(run_widen.widen)


@application.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show one run whole."""

    async def work(storage: "Storage") -> dict[str, Any]:
        return await _view(storage, run_id)

    report(session.read(work), as_json=as_json)


@application.command("report")
def print_report(
    run_id: RunId,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="A new file; else the page is printed.",
        ),
    ] = None,
) -> None:
    """Print the report of a run, or write it to a file: a page of HTML that needs nothing else."""
    settings = session.configured()

    async def work(storage: "Storage") -> tuple[str, bytes]:
        from interlock.serving.report import page

        whole_id = await _whole(storage, run_id)
        return whole_id, await page(storage, whole_id)

    whole_id, page = session.read(work, using=settings)
    if output is None:
        sys.stdout.buffer.write(page)
        sys.stdout.flush()
        return
    write_new(output, page)
    session.say(f"The report of {whole_id} is in {output}")


@application.command()
def start(
    agent: Annotated[str, typer.Argument(help="The agent's name.")],
    *,
    request: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="A field of its request; repeat it.",
        ),
    ] = None,
    queue: Queued = False,
    priority: Priority = 0,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Start a run of any agent of this workspace, and carry the run on until it ends or waits."""
    settings = session.configured()
    who = session.acting(settings, person)
    fields = dict(field(text) for text in request or [])

    async def work(home: "Home") -> int:
        from interlock.serving.operations import runs

        run = await runs.start(
            home,
            person=who,
            agent=agent,
            request=fields,
            claim=not queue,
            priority=priority,
        )
        session.under_way.run_id = run.id
        if not queue:
            await home.drive(run)
        seen = await _view(home.runtime.storage, run.id)
        return report(seen, as_json=as_json)

    session.leave(session.run(work, using=settings))


@application.command()
def resume(run_id: RunId, person: As = None, as_json: AsJson = False) -> None:
    """Carry on a run that waits for a person, is held by a guard, or whose worker died."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> int:
        from interlock.serving.operations import runs

        whole_id = await _whole(home.runtime.storage, run_id)
        session.under_way.run_id = whole_id
        await runs.resume(
            home,
            whole_id,
            person=who,
        )
        seen = await _view(home.runtime.storage, whole_id)
        return report(seen, as_json=as_json)

    session.leave(session.run(work, using=settings))


@application.command()
def resolve(
    run_id: RunId,
    action_id: Annotated[str, typer.Argument(help="An action's id, or its beginning.")],
    *,
    happened: Annotated[
        bool, typer.Option("--happened/--did-not-happen", help="What you found.")
    ],
    note: Annotated[str, typer.Option("--note", help="How you know; recorded.")],
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Record what became of an action whose outcome is unknown.

    The action is not tried again, and no money moves.
    """
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> dict[str, Any]:
        from interlock.serving.operations import runs

        whole_id = await _whole(home.runtime.storage, run_id)
        await runs.resolve(
            home,
            whole_id,
            action_id,
            person=who,
            happened=happened,
            note=note,
        )
        return await _view(home.runtime.storage, whole_id)

    report(session.run(work, using=settings), as_json=as_json)


@application.command()
def erase(run_id: RunId, person: As = None, as_json: AsJson = False) -> None:
    """Destroy everything an ended run holds; the ledger keeps its entries and still verifies."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> str:
        from interlock.serving.operations import runs

        whole_id = await _whole(home.runtime.storage, run_id)
        await runs.erase(home, whole_id, person=who)
        return whole_id

    whole_id = session.run(work, using=settings)
    if as_json:
        session.print_json({"run_id": whole_id, "erased": True})
        return
    session.say(f"Erased {whole_id}.")


@application.command()
def cancel(
    run_id: RunId,
    *,
    undo: Annotated[
        bool,
        typer.Option("--undo", help="Take back what it did, the newest effect first."),
    ] = False,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """End a run for good; whoever works on it can write nothing more.

    With --undo each effect is taken back by the call that its tool names: an action like any other,
    decided by the policy. What cannot be undone is listed.
    """
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> dict[str, Any]:
        from interlock.serving.operations import runs

        whole_id = await _whole(home.runtime.storage, run_id)
        session.under_way.run_id = whole_id
        await runs.cancel(home, whole_id, person=who, undo=undo)
        return await _view(home.runtime.storage, whole_id)

    code = report(session.run(work, using=settings), as_json=as_json)
    if undo:
        session.leave(code)


async def _whole(storage: "Storage", beginning: str) -> str:
    from interlock.serving.names import run_named

    return await run_named(storage.store, beginning)


async def _view(storage: "Storage", beginning: str) -> dict[str, Any]:
    from interlock.serving.view import view

    return await view(storage, await _whole(storage, beginning))
