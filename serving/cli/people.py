"""The command `interlock people list|add|remove|readmit`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column

from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.asker import asker, new_password
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import grid, shown
from interlock.serving.people import Person
from interlock.serving.policy.in_force import in_force
from interlock.serving.policy.in_force import roles as roles_of

if TYPE_CHECKING:
    from interlock.runtime.policy.request import Principal
    from interlock.serving.desk import Desk

application = typer.Typer(
    help="Who may do what: add, list, remove.",
    no_args_is_help=True,
    add_completion=False,
)
Name = Annotated[str, typer.Argument(help="The person's name, as given to --as.")]


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
    person: As = None,
    *,
    password_stdin: Annotated[
        bool, typer.Option(help="Read the person's password from standard input.")
    ] = False,
    link: Annotated[
        bool, typer.Option(help="Print a code with which the person sets a password.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a person, or give somebody more roles; takes an administrator.

    On a terminal a password is asked for, which makes an account. Once there is an account the
    home asks everybody who they are.
    """
    settings = session.configured()
    is_first = not settings.people.exists()

    password = _password(from_input=password_stdin, link=link)

    async def work(desk: "Desk") -> tuple[Person, str]:
        from interlock.serving.operations import people as operations

        who = await asker(desk, person)
        added = await operations.add(desk, name, role, person=who)
        code = await _account(desk, added.id, who, password=password, link=link)
        return added, code

    added, code = session.act(work, using=settings)
    _tell(added, code, is_first=is_first, as_json=as_json)


def _tell(added: Person, code: str, *, is_first: bool, as_json: bool) -> None:
    if as_json:
        document = {"id": added.id, "roles": list(added.roles)}
        session.print_json(document | ({"code": code} if code else {}))
        return
    session.say(f"{added.id}: {', '.join(added.roles)}")
    if code:
        session.say(f"Good once, for 15 minutes: interlock sign-in --code {code}")
    account = people.load(session.configured().people).get(people.current())
    if is_first and account is not None and account.id != added.id:
        session.say(f"{account.id} (this account) stays: {', '.join(account.roles)}")


async def _account(
    desk: "Desk", name: str, who: "Principal", *, password: str, link: bool
) -> str:
    """Open the account that is wanted; return the code of its link, or nothing."""
    from interlock.serving.operations import accounts

    if link:
        return await accounts.open_by_link(desk, name, person=who)
    if password:
        await accounts.open_with_password(desk, name, password, person=who)
    return ""


def _password(*, from_input: bool, link: bool) -> str:
    """Return the password that is typed or read, or nothing where none is wanted."""
    if link:
        return ""
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    return new_password() if sys.stdin.isatty() else ""


@application.command()
def remove(
    name: Name,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Remove a person; takes an administrator, and the last administrator stays."""

    async def work(desk: "Desk") -> None:
        from interlock.serving.operations import people as operations

        await operations.remove(desk, name, person=await asker(desk, person))

    session.act(work)
    if as_json:
        session.print_json({"id": name, "removed": True})
        return
    session.say(f"Removed {name}.")
    if name == people.current():
        session.say("That is this account: name somebody else with --as from now on.")


@application.command()
def readmit(
    name: Name,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Let somebody of the issuer in again who was removed; takes an administrator."""

    async def work(desk: "Desk") -> None:
        from interlock.serving.operations import people as operations

        await operations.readmit(desk, name, person=await asker(desk, person))

    session.act(work)
    if as_json:
        session.print_json({"id": name, "removed": False})
        return
    session.say(f"{name} may sign in at the issuer again. Ended keys stay ended.")
