"""The command `interlock kill show|engage|release`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import session
from interlock.serving.cli.asker import asker, stopper
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import folded, grid, moment, shown, whole

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage
    from interlock.serving.desk import Desk
    from interlock.serving.operations.kill_switches import Stopped

application = typer.Typer(
    help="Stop everything, one tenant, one tool or one run, at once.",
    no_args_is_help=True,
    add_completion=False,
)
Scope = Annotated[str, typer.Argument(help="all, tenant, tool or run.")]
Anyway = Annotated[
    bool,
    typer.Option(help="Take a name of a tenant or tool that is yet to come."),
]
Name = Annotated[str, typer.Argument(help="Which; nothing for all.")]


@application.command()
def show(as_json: AsJson = False) -> None:
    """Show the switches that are engaged, and since when; 3 when one is."""

    async def work(storage: "Storage") -> list[dict[str, Any]]:
        from interlock.runtime.run.kill_switch import KillSwitches

        return [asdict(switch) for switch in await KillSwitches(storage.store).list()]

    switches = session.read(work, using=session.stopping())
    if as_json:
        session.print_json(switches)
    elif not switches:
        session.say("No switch is engaged.")
    else:
        table = grid(whole("Scope"), folded("Name"), whole("Since"))
        for switch in switches:
            table.add_row(
                switch["scope"], shown(switch["id"]), moment(switch["engaged"])
            )
        out.print(table)
        session.next_step("interlock kill release SCOPE NAME --as ADMINISTRATOR")
    session.leave(session.WAITING if switches else session.DONE)


@application.command()
def engage(
    scope: Scope,
    name: Name = "",
    anyway: Anyway = False,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Stop: from the next decision on, everything covered is denied. Anybody may stop."""

    async def work(desk: "Desk") -> "tuple[str, Stopped]":
        from interlock.serving.names import run_named
        from interlock.serving.operations import kill_switches

        store = desk.storage.store
        covered = await run_named(store, name) if scope == "run" else name
        stopped = await kill_switches.engage(
            desk,
            scope,
            covered,
            person=await stopper(desk, person),
            anyway=anyway,
        )
        return covered, stopped

    covered, stopped = session.act(work, using=session.stopping())
    if as_json:
        codes = [reason.code for reason in stopped.decision.reasons]
        switch = _switch(scope, covered, engaged=True)
        session.print_json({**switch, "codes": codes, "checked": stopped.is_checked})
        return
    session.say(f"Engaged: {scope} {covered}".rstrip())
    if stopped.trouble:
        session.say(
            shown(f"No policy was asked, and the record says so. {stopped.trouble}")
        )
    if not stopped.is_checked:
        session.say("The name was not looked up: look at its spelling.")


@application.command()
def release(
    scope: Scope,
    name: Name = "",
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Let go again; takes an administrator, while anyone may stop."""

    async def work(desk: "Desk") -> tuple[str, bool]:
        from interlock.serving.names import run_named
        from interlock.serving.operations import kill_switches

        store = desk.storage.store
        covered = await run_named(store, name) if scope == "run" else name
        was_engaged = await kill_switches.release(
            desk,
            scope,
            covered,
            person=await asker(desk, person),
        )
        return covered, was_engaged

    covered, was_engaged = session.act(work)
    if as_json:
        switch = _switch(scope, covered, engaged=False)
        session.print_json({**switch, "was_engaged": was_engaged})
    elif was_engaged:
        session.say(f"Released: {scope} {covered}".rstrip())
    else:
        session.say(shown(f"It was not engaged: {scope} {covered}".rstrip()))
        session.say("See what is with `interlock kill show`.")


def _switch(scope: str, name: str, *, engaged: bool) -> dict[str, Any]:
    return {
        "scope": scope,
        "id": name,
        "engaged": engaged,
    }
