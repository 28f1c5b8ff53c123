"""The command `interlock sign-out`."""

from typing import TYPE_CHECKING

import typer

from interlock.serving.cli import asker, session
from interlock.serving.cli.session import AsJson

if TYPE_CHECKING:
    from interlock.serving.desk import Desk

application = typer.Typer(add_completion=False)


@application.command()
def sign_out(as_json: AsJson = False) -> None:
    """End the session of this terminal, on the machine and in the home."""
    settings = session.configured()
    cookie = asker.kept(settings)

    async def work(desk: "Desk") -> str:
        from interlock.serving.identity.identity import Identity

        return await Identity.over(desk).sign_out(cookie)

    elsewhere = session.act(work, using=settings) if cookie else ""
    asker.drop(settings)
    if as_json:
        session.print_json({"signed_in": False, "issuer": elsewhere or None})
        return
    session.say("Signed out.")
    if elsewhere:
        session.next_step(f"the issuer knows you still; sign out there: {elsewhere}")
