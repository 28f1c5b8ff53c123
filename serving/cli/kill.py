"""The command `interlock kill engage|release`."""

from typing import Annotated, cast, get_args

import typer

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.request import KillScope
from interlock.runtime.run import kill_switch
from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.home import Home

application = typer.Typer(
    help="Stop everything, one tenant, one tool or one run, at once.", no_args_is_help=True, add_completion=False
)
Scope = Annotated[str, typer.Argument(help="all, tenant, tool or run.")]
Name = Annotated[str, typer.Argument(help="Which; nothing for all.")]


@application.command()
def engage(scope: Scope, name: Name = "", as_json: AsJson = False) -> None:
    """Stop: from the next decision on, everything covered is denied."""
    _set(scope, name, by=people.current(), on=True, as_json=as_json)


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
    who = people.named(person)
    people.entitle(
        session.configured().home, who, role="administrator", what="release kill switches"
    )
    _set(scope, name, by=who, on=False, as_json=as_json)


def _set(scope: str, name: str, *, by: str, on: bool, as_json: bool) -> None:
    if scope not in get_args(KillScope) or (scope == "all") != (name == ""):
        next_step = "Say `all`, or tenant, tool or run with a name."
        raise BadInput(
            what=f"kill switch {scope} {name}".strip(),
            why="there is no such switch",
            next_step=next_step,
        )
    move = kill_switch.engage if on else kill_switch.release

    async def work(home: Home) -> None:
        if on:  # a switch for what is not there would stop nothing, and whoever pulled it would believe otherwise
            await _there(home, scope, name)
        await move(home.store, scope=cast(KillScope, scope), id=name, by=by)

    session.run(work)
    done = {"scope": scope, "id": name, "engaged": on}
    session.print_json(done) if as_json else out.print(
        f"{'Engaged' if on else 'Released'}: {scope} {name}", markup=False
    )


async def _there(home: Home, scope: str, name: str) -> None:
    """Raise `BadInput` for a tool or run that this home does not know, and for a name with characters that cannot be seen."""
    if scope == "tool" and name not in home.pep.tools:
        raise NotFound(
            kind="tool", name=name, next_step=f"Tools are {', '.join(sorted(home.pep.tools))}."
        )
    if scope == "run":
        await home.runs.read(name)
    if not name.isprintable():
        raise BadInput(
            what=f"kill switch {scope}",
            why="its name has hidden characters",
            next_step="Write it again.",
        )
