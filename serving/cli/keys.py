"""The command `interlock keys issue|list|rotate|revoke`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import session
from interlock.serving.cli.asker import asker
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import folded, grid, moment, shown, whole

if TYPE_CHECKING:
    from interlock.runtime.run.api_key import ApiKey
    from interlock.serving.desk import Desk
    from interlock.serving.operations.keys import Issued

application = typer.Typer(
    help="Your keys for programs: issue, list, rotate, revoke.",
    no_args_is_help=True,
    add_completion=False,
)
Key = Annotated[str, typer.Argument(help="The key's id, from `interlock keys list`.")]


@application.command()
def issue(
    name: Annotated[str, typer.Argument(help="Which program will hold it.")],
    role: Annotated[
        list[str], typer.Option("--role", help="One of your roles; repeat it for more.")
    ],
    days: Annotated[int, typer.Option(help="How long it is good.")] = 90,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Issue a key that acts in your name; it is shown once."""

    async def work(desk: "Desk") -> "Issued":
        from interlock.serving.operations import keys

        who = await asker(desk, person)
        return await keys.issue(desk, name, role, person=who, days=days)

    _tell(session.act(work), as_json=as_json)


@application.command("list")
def list_keys(person: As = None, as_json: AsJson = False) -> None:
    """List your keys, newest first."""

    async def work(desk: "Desk") -> "list[ApiKey]":
        from interlock.serving.operations import keys

        return await keys.listed(desk, person=await asker(desk, person))

    keys = session.act(work)
    if as_json:
        session.print_json([_document(key) for key in keys])
        return
    table = grid(whole("Key"), folded("Name"), folded("Roles"), "State", "Expires")
    for key in keys:
        table.add_row(
            key.id,
            shown(key.name),
            ", ".join(key.roles),
            key.state,
            moment(key.expires),
        )
    out.print(table)


@application.command()
def rotate(
    key: Key,
    overlap: Annotated[
        int, typer.Option(help="Seconds for which the old key stays good.")
    ] = 0,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Issue another key like this one, which ends."""

    async def work(desk: "Desk") -> "Issued":
        from interlock.serving.operations import keys

        who = await asker(desk, person)
        return await keys.rotate(desk, key, person=who, overlap_s=overlap)

    _tell(session.act(work), as_json=as_json)


@application.command()
def revoke(key: Key, person: As = None, as_json: AsJson = False) -> None:
    """End a key at once; another person's takes an administrator."""

    async def work(desk: "Desk") -> "ApiKey":
        from interlock.serving.operations import keys

        return await keys.revoke(desk, key, person=await asker(desk, person))

    revoked = session.act(work)
    if as_json:
        session.print_json(_document(revoked))
        return
    session.say(f"Revoked: {revoked.id}")


def _tell(issued: "Issued", *, as_json: bool) -> None:
    if as_json:
        session.print_json(_document(issued.key) | {"text": issued.text})
        return
    session.say(issued.text)
    session.say("Keep it now: it is shown this once.")


def _document(key: "ApiKey") -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "owner": key.owner,
        "roles": list(key.roles),
        "state": key.state,
        "created": key.created,
        "expires": key.expires,
        "last_used": key.seen or None,
    }
