"""The command `interlock verify`."""

from typing import NoReturn

import typer
from rich.table import Table
from rich.text import Text

from interlock.runtime.errors import InterlockError
from interlock.serving import verification
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.verification import Finding

application = typer.Typer(add_completion=False)


@application.command()
def verify(as_json: AsJson = False) -> None:
    """Try every rule and every guard of this installation, without touching what is in it; 5 when one does not fire."""
    try:
        found = session.run(verification.verify)
    except InterlockError as error:
        found = [Finding(check="open", ok=False, detail=str(error))]
    tell(found, as_json=as_json)


def tell(found: list[Finding], *, as_json: bool) -> NoReturn:
    """Print what was found and end the command: 0 when all is well, 5 when anything is wrong."""
    if as_json:
        session.print_json(
            [{"check": each.check, "ok": each.ok, "detail": each.detail} for each in found]
        )
    else:
        table = Table("Check", "", "Detail")
        for each in found:
            mark = Text("ok", style="green") if each.ok else Text("WRONG", style="bold red")
            table.add_row(each.check, mark, Text(each.detail))
        out.print(table)
    session.leave(session.DONE if all(each.ok for each in found) else session.FAILED_CLOSED)
