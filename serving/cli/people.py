"""The command `interlock people list|add|remove`."""

from typing import Annotated

import typer
from rich.table import Column

from interlock.runtime.errors import BadInput, NotFound
from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, shown
from interlock.serving.people import Person
from interlock.serving.policy.in_force import in_force
from interlock.serving.policy.in_force import roles as roles_of
from interlock.serving.settings import Settings

application = typer.Typer(
    help="Who may do what: add, list, remove.",
    no_args_is_help=True,
    add_completion=False,
)
Name = Annotated[str, typer.Argument(help="The person's name, as given to --as.")]
ADMINISTRATOR = "administrator"


@application.command("list")
def list_people(as_json: AsJson = False) -> None:
    """List everyone with their roles, and the roles that can be given."""
    settings = session.configured()
    roles = sorted(roles_of(in_force(settings)) or ())
    everyone = people.load(settings.people, roles=roles).values()
    if as_json:
        listed = [{"id": person.id, "roles": list(person.roles)} for person in everyone]
        session.print_json(
            {
                "file": str(settings.people),
                "people": listed,
                "roles": roles,
            }
        )
        return
    table = grid("Person", Column("Roles", overflow="fold"))
    for person in everyone:
        table.add_row(shown(person.id), ", ".join(person.roles) or "none")
    out.print(table)
    session.say(f"Roles are {', '.join(roles)}. The list is {settings.people}")
    if not any("reviewer" in person.roles for person in everyone):
        session.next_step(
            "interlock people add NAME --role reviewer, so that somebody can approve"
        )


@application.command()
def add(
    name: Name,
    role: Annotated[
        list[str], typer.Option("--role", help="A role; repeat it for more.")
    ],
    as_json: AsJson = False,
) -> None:
    """Add a person, or give somebody more roles."""
    settings = session.configured()
    roles = roles_of(in_force(settings))
    if not name.strip() or not name.isprintable():
        raise BadInput(
            what="the name",
            why="it cannot be read",
            next_step="Write a plain name.",
        )
    unknown = [] if roles is None else sorted(set(role) - roles)
    if roles is not None and unknown:
        next_step = f"Roles are {', '.join(sorted(roles))}."
        raise BadInput(
            what=f"--role {unknown[0]}",
            why="there is no such role",
            next_step=next_step,
        )
    everyone = people.load(
        settings.people, roles=roles
    )  # a new list begins with this account
    before = everyone.get(name, Person(id=name)).roles
    everyone[name] = Person(id=name, roles=tuple(dict.fromkeys([*before, *role])))
    first = not settings.people.exists()
    people.write(settings.people, everyone.values())
    if as_json:
        session.print_json({"id": name, "roles": list(everyone[name].roles)})
        return
    session.say(f"{name}: {', '.join(everyone[name].roles)}")
    if first and name != people.current():
        kept = ", ".join(everyone[people.current()].roles)
        session.say(f"{people.current()} (this account) stays: {kept}")


@application.command()
def remove(name: Name, as_json: AsJson = False) -> None:
    """Remove a person; the last administrator stays."""
    settings = session.configured()
    everyone = people.load(settings.people)
    if name not in everyone or not settings.people.exists():
        next_step = f"{settings.people} lists {', '.join(everyone)}."
        raise NotFound(
            kind="person",
            name=name,
            next_step=next_step,
        )
    del everyone[name]
    _keep_an_administrator(settings, name, everyone)
    people.write(settings.people, everyone.values())
    if as_json:
        session.print_json({"id": name, "removed": True})
        return
    session.say(f"Removed {name}.")
    if name == people.current():
        session.say("That is this account: name somebody else with --as from now on.")


def _keep_an_administrator(
    settings: Settings, name: str, left: dict[str, Person]
) -> None:
    if any(ADMINISTRATOR in person.roles for person in left.values()):
        return
    raise BadInput(
        what=f"{name!r} in {settings.people}",
        why="nobody else is administrator, and nobody could release a kill switch any more",
        next_step=f"First: interlock people add NAME --role {ADMINISTRATOR}.",
    )
