"""The command `interlock sign-in`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import asker, at_issuer, session
from interlock.serving.cli.session import AsJson

if TYPE_CHECKING:
    from interlock.serving.desk import Desk
    from interlock.serving.identity.caller import Caller

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
        _check_alone(name, code, password_stdin)
    elif code is None and not password_stdin:
        _check_terminal()

    async def work(desk: "Desk") -> tuple[str, "Caller"]:
        from interlock.serving.identity.identity import Identity

        identity = Identity.over(desk)
        if issuer:
            return await at_issuer.signed_in(
                identity, asker.kept(settings), may_show=not as_json
            )
        if code is not None:
            return await identity.sign_in_by_link(code)
        if password_stdin:
            return await identity.sign_in(name or "", sys.stdin.readline().rstrip("\n"))
        return await identity.sign_in(*asker.credentials(typer.prompt, name))

    cookie, caller = session.act(work, using=settings)
    asker.keep(settings, cookie)
    person = caller.principal
    if as_json:
        session.print_json({"id": person.id, "roles": list(person.roles)})
        return
    session.say(f"Signed in: {person.id} ({', '.join(person.roles) or 'no roles'})")


def _check_alone(*others: str | bool | None) -> None:
    """Raise `BadInput` where something of a sign-in here stands beside --issuer."""
    if any(others):
        raise BadInput(
            what="sign-in --issuer",
            why="the issuer says who somebody is, and asks for the password itself",
            next_step="Leave the name, --code and --password-stdin out.",
        )


def _check_terminal() -> None:
    """Raise `BadInput` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise BadInput(
            what="sign-in",
            why="there is no terminal to ask for a password on",
            next_step="Say --password-stdin with a name, or --code of a link.",
        )
