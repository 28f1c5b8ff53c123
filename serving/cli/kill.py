"""The command `interlock kill show|engage|release`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import folded, grid, moment, shown, whole

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home

application = typer.Typer(
    help="Stop everything, one tenant, one tool or one run, at once.",
    no_args_is_help=True,
    add_completion=False,
)
Scope = Annotated[str, typer.Argument(help="all, tenant, tool or run.")]
Name = Annotated[str, typer.Argument(help="Which; nothing for all.")]


@application.command()
def show(as_json: AsJson = False) -> None:
    """Show the switches that are engaged, and since when; 3 when one is."""

    async def work(storage: "Storage") -> list[dict[str, Any]]:
        from interlock.runtime.run.kill_switch import KillSwitches

        return [asdict(switch) for switch in await KillSwitches(storage.store).list()]

    switches = session.read(work)
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
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Stop: from the next decision on, everything covered is denied. Anybody may stop."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> str:
        from interlock.serving.names import run_named
        from interlock.serving.operations import kill_switches

        covered = await run_named(home.store, name) if scope == "run" else name
        await kill_switches.engage(
            home,
            scope,
            covered,
            person=who,
        )
        return covered

    _say(
        scope,
        session.run(work, using=settings),
        engaged=True,
        as_json=as_json,
    )


@application.command()
def release(
    scope: Scope,
    name: Name = "",
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Let go again; takes an administrator, while anyone may stop."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> None:
        from interlock.serving.operations import kill_switches

        await kill_switches.release(
            home,
            scope,
            name,
            person=who,
        )

    session.run(work, using=settings)
    _say(
        scope,
        name,
        engaged=False,
        as_json=as_json,
    )


def _say(scope: str, name: str, *, engaged: bool, as_json: bool) -> None:
    if as_json:
        session.print_json(
            {
                "scope": scope,
                "id": name,
                "engaged": engaged,
            }
        )
        return
    switch = f"{scope} {name}".strip()
    session.say(f"{'Engaged' if engaged else 'Released'}: {switch}")
