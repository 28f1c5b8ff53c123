"""The command `interlock kill engage|release`."""

from typing import Annotated

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.home import Home
from interlock.serving.operations import kill_switches

application = typer.Typer(
    help="Stop everything, one tenant, one tool or one run, at once.", no_args_is_help=True
)
Scope = Annotated[str, typer.Argument(help="all, tenant, tool or run.")]
Name = Annotated[str, typer.Argument(help="Which; nothing for all.")]


@application.command()
def engage(
    scope: Scope,
    name: Name = "",
    person: Annotated[
        str | None, typer.Option("--as", help="Who stops; default: your account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Stop: from the next decision on, everything covered is denied."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: Home) -> None:
        await kill_switches.engage(home, scope, name, person=who)

    session.run(work, using=settings)
    _say(scope, name, engaged=True, as_json=as_json)


@application.command()
def release(
    scope: Scope,
    name: Name = "",
    person: Annotated[
        str | None, typer.Option("--as", help="Who lets go; default: your account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let go again; takes an administrator, while anyone may stop."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: Home) -> None:
        await kill_switches.release(home, scope, name, person=who)

    session.run(work, using=settings)
    _say(scope, name, engaged=False, as_json=as_json)


def _say(scope: str, name: str, *, engaged: bool, as_json: bool) -> None:
    if as_json:
        session.print_json({"scope": scope, "id": name, "engaged": engaged})
        return
    switch = f"{scope} {name}".strip()
    out.print(f"{'Engaged' if engaged else 'Released'}: {switch}", markup=False)
