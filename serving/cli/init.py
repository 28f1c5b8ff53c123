"""The command `interlock init`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from interlock.runtime.errors import BadInput
from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson
from interlock.serving.people import Person
from interlock.serving.workspace import FILE

application = typer.Typer(add_completion=False)
PEOPLE: Final = "people.yaml"
_TEXT: Final = f"""\
# An Interlock workspace. `interlock config show` lists every setting and where it is set.
home = ".interlock"
people = "{PEOPLE}"
tenant = "default"

# How restricted the data may be that each mail domain gets; any other domain gets public data only.
# Which domains may be written to at all is for the policy.
[clearances]
"example.com" = "confidential"

# A served model that plans, instead of the scripted planner:
# [model]
# url = "http://127.0.0.1:8000/v1"
# name = "the model's name there"
# clearance = "confidential"
"""


@application.command()
def init(
    folder: Annotated[
        Path, typer.Argument(help="Where; the current folder by default.")
    ] = Path(),
    *,
    reviewer: Annotated[
        list[str] | None,
        typer.Option(
            help="Who decides approvals, another person than you; repeat it for more."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a workspace: its settings, and people so that what one asks for another can approve.

    This account becomes analyst and administrator. Without --reviewer a person named "reviewer" is
    listed as one.
    """
    file = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as target:
            target.write(_TEXT)
    except OSError as error:
        why = "there is a workspace already" if file.exists() else str(error.strerror)
        next_step = "See `interlock config show`, or name another folder."
        raise BadInput(
            what=str(file),
            why=why,
            next_step=next_step,
        ) from error
    account = people.current()
    deciding = [
        Person(id=name, roles=("reviewer",)) for name in reviewer or ["reviewer"]
    ]
    if not (folder / PEOPLE).exists():
        this = Person(id=account, roles=("analyst", "administrator"))
        people.write(
            folder / PEOPLE, [this, *(one for one in deciding if one.id != account)]
        )
    if as_json:
        session.print_json(
            {"workspace": str(file.resolve()), "people": str(folder / PEOPLE)}
        )
        return
    decider = deciding[0].id
    session.say(
        f"Workspace {file}: {account} asks for reviews, {decider} decides approvals."
    )
    session.next_step("interlock review CONTRACT --notify legal@example.com")
    session.next_step(
        f"interlock approvals list, then approve as another: --as {decider}"
    )
