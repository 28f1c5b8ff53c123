"""The command `interlock sign-in`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import asker, at_issuer, session
from interlock.serving.cli.session import AsJson

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from interlock.serving.desk import Desk
    from interlock.serving.identity.caller import Caller
    from interlock.serving.settings import Settings

application = typer.Typer(add_completion=False)


@application.command()
def sign_in(
    name: Annotated[str | None, typer.Argument(help="Your name.")] = None,
    *,
    code: Annotated[
        str | None,
        typer.Option(help="The code of a sign-in link, in place of a password."),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option(help="Read the password from standard input.")
    ] = False,
    issuer: Annotated[
        bool, typer.Option(help="Sign in at the issuer of the settings, in a browser.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign in for the next 8 hours of commands on this machine."""
    settings = session.configured()
    if issuer:
        at_issuer.check_alone(name, code, password_stdin)
        _enter(settings, at_issuer.signing_in(settings, may_show=not as_json), as_json)
        return
    if code is None and not password_stdin:
        _check_terminal()

    async def work(desk: "Desk") -> tuple[str, "Caller"]:
        from interlock.serving.identity.identity import Identity

        identity = Identity.over(desk)
        if code is not None:
            return await identity.sign_in_by_link(code)
        if password_stdin:
            return await identity.sign_in(name or "", sys.stdin.readline().rstrip("\n"))
        return await identity.sign_in(*asker.credentials(typer.prompt, name))

    _enter(settings, work, as_json)


def _enter(
    settings: "Settings",
    work: "Callable[[Desk], Awaitable[tuple[str, Caller]]]",
    as_json: AsJson,
) -> None:
    """Sign in by *work*, keep the session, and say who signed in."""
    cookie, caller = session.act(work, using=settings)
    asker.keep(settings, cookie)
    person = caller.principal
    if as_json:
        session.print_json({"id": person.id, "roles": list(person.roles)})
        return
    session.say(f"Signed in: {person.id} ({', '.join(person.roles) or 'no roles'})")


def _check_terminal() -> None:
    """Raise `BadInput` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise BadInput(
            what="sign-in",
            why="there is no terminal to ask for a password on",
            next_step="Say --password-stdin with a name, or --code of a link.",
        )
