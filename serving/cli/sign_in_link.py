"""The command `interlock sign-in-link`."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.runtime.errors import NotAuthenticated
from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson

if TYPE_CHECKING:
    from interlock.serving.desk import Desk

application = typer.Typer(add_completion=False)


@application.command()
def sign_in_link(
    name: Annotated[
        str | None, typer.Argument(help="Who signs in; default: your account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a code that signs somebody in once, within 15 minutes; for the home's owner."""
    settings = session.configured()
    if settings.home.exists() and settings.home.stat().st_uid != os.getuid():
        raise NotAuthenticated(
            what="a sign-in link by another account than the home's owner's",
            next_step="Ask the owner of the home's folder.",
        )
    who = name or people.current()

    async def work(desk: "Desk") -> str:
        from interlock.serving.identity.identity import Identity

        return await Identity.over(desk).link(who)

    code = session.act(work, using=settings)
    if as_json:
        session.print_json({"id": who, "code": code})
        return
    session.say(code)
    session.next_step(
        f"interlock sign-in --code CODE, or /sign-in?code={code} of what `interlock serve` serves"
    )
