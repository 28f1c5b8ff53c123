"""The command `interlock init`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from interlock.runtime.errors import BadInput
from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.output import write_new
from interlock.serving.cli.session import AsJson
from interlock.serving.founders import founders
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
# key_variable = "the variable that holds its key"
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
    listed as one. A list of people that is there already is kept.
    """
    listed = founders(reviewer or ())
    file = folder / FILE
    _write(file)
    people_file = folder / PEOPLE
    kept = people_file.exists()
    if not kept:
        people.write(people_file, listed)
    if as_json:
        places = {"workspace": file, "people": people_file}
        session.print_json({name: str(path.resolve()) for name, path in places.items()})
        return
    if kept:
        session.say(f"Workspace {file}, with the people of {people_file}.")
        session.next_step("interlock people list")
        return
    account, decider, *_ = (person.id for person in listed)
    session.say(
        f"Workspace {file}: {account} asks for reviews, {decider} decides approvals."
    )
    session.next_step("interlock review CONTRACT --notify legal@example.com")
    session.next_step(
        f"interlock approvals list, then approve as another: --as {decider}"
    )


def _write(file: Path) -> None:
    """Write the settings; raises `BadInput` where there is a workspace or nothing can be made."""
    if file.exists():
        raise BadInput(
            what=str(file),
            why="there is a workspace already",
            next_step="See `interlock config show`, or name another folder.",
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            what=str(file.parent),
            why=error.strerror or "it cannot be made",
            next_step="Name another folder.",
        ) from error
    write_new(file, _TEXT)
