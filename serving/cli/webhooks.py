"""The command `interlock webhooks add|list|remove|rotate|ping|deliveries|resend`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import session
from interlock.serving.cli.asker import asker
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import folded, grid, moment, whole

if TYPE_CHECKING:
    from interlock.runtime.run.delivery import Delivery
    from interlock.runtime.run.webhook import Webhook
    from interlock.serving.desk import Desk
    from interlock.serving.webhooks.endpoints import Made

application = typer.Typer(
    help="Tell other systems what happens: add, list, rotate, deliveries.",
    no_args_is_help=True,
    add_completion=False,
)
Id = Annotated[
    str, typer.Argument(help="The webhook's id, from `interlock webhooks list`.")
]
Message = Annotated[
    str, typer.Argument(help="The message's id, from `interlock webhooks deliveries`.")
]


@application.command()
def add(
    url: Annotated[str, typer.Argument(help="Where to send: https, without a query.")],
    event: Annotated[
        list[str],
        typer.Option("--event", help="What to tell, such as run.ended; repeat it."),
    ],
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Have a place told of events from now on; its secret is shown once."""

    async def work(desk: "Desk") -> "Made":
        from interlock.serving.webhooks import endpoints

        return await endpoints.add(desk, url, event, person=await asker(desk, person))

    _tell(session.act(work), as_json=as_json)


@application.command("list")
def list_webhooks(person: As = None, as_json: AsJson = False) -> None:
    """List the webhooks of your tenant."""

    async def work(desk: "Desk") -> "list[Webhook]":
        from interlock.serving.webhooks import endpoints

        return await endpoints.listed(desk, person=await asker(desk, person))

    webhooks = session.act(work)
    if as_json:
        session.print_json([_document(webhook) for webhook in webhooks])
        return
    table = grid(whole("Webhook"), folded("Address"), folded("Events"), "State")
    for webhook in webhooks:
        table.add_row(
            webhook.id,
            webhook.url,
            ", ".join(webhook.events),
            webhook.state,
        )
    out.print(table)


@application.command()
def remove(webhook: Id, person: As = None, as_json: AsJson = False) -> None:
    """Tell a webhook nothing more; what was not sent yet is not sent."""

    async def work(desk: "Desk") -> "Webhook":
        from interlock.serving.webhooks import endpoints

        return await endpoints.remove(desk, webhook, person=await asker(desk, person))

    removed = session.act(work)
    if as_json:
        session.print_json(_document(removed))
        return
    session.say(f"Removed: {removed.id}")


@application.command()
def rotate(
    webhook: Id,
    overlap: Annotated[
        int, typer.Option(help="Seconds for which the old secret signs as well.")
    ] = 86_400,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Sign with a new secret, which is shown once."""

    async def work(desk: "Desk") -> "Made":
        from interlock.serving.webhooks import endpoints

        who = await asker(desk, person)
        return await endpoints.rotate(desk, webhook, person=who, overlap_s=overlap)

    _tell(session.act(work), as_json=as_json)


@application.command()
def ping(webhook: Id, person: As = None, as_json: AsJson = False) -> None:
    """Send a webhook a message for a test; a worker sends it."""

    async def work(desk: "Desk") -> "Delivery":
        from interlock.serving.webhooks import deliveries

        return await deliveries.ping(desk, webhook, person=await asker(desk, person))

    _show([session.act(work)], as_json=as_json)


@application.command("deliveries")
def list_deliveries(
    webhook: Id,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """List the messages to a webhook, and what became of each."""

    async def work(desk: "Desk") -> "list[Delivery]":
        from interlock.serving.webhooks import deliveries

        who = await asker(desk, person)
        return await deliveries.listed(desk, webhook, person=who, limit=limit)

    _show(session.act(work), as_json=as_json)


@application.command()
def resend(
    webhook: Id, message: Message, person: As = None, as_json: AsJson = False
) -> None:
    """Send a message once more, under its own id; a worker sends it."""

    async def work(desk: "Desk") -> "Delivery":
        from interlock.serving.webhooks import deliveries

        who = await asker(desk, person)
        return await deliveries.resend(desk, webhook, message, person=who)

    _show([session.act(work)], as_json=as_json)


def _tell(made: "Made", *, as_json: bool) -> None:
    if as_json:
        session.print_json(_document(made.webhook) | {"secret": made.secret})
        return
    session.say(f"{made.webhook.id}  {made.secret}")
    session.say("Keep the secret now: it is shown this once.")


def _document(webhook: "Webhook") -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "state": webhook.state,
        "owner": webhook.owner,
        "created": webhook.created,
    }


def _show(deliveries: "list[Delivery]", *, as_json: bool) -> None:
    if as_json:
        session.print_json([_sent(delivery) for delivery in deliveries])
        return
    table = grid(whole("Message"), "Event", "State", "Attempts", "Last", "Next")
    for delivery in deliveries:
        table.add_row(
            delivery.id,
            delivery.event,
            delivery.state,
            str(delivery.attempts),
            delivery.code,
            moment(delivery.due) if delivery.due else "",
        )
    out.print(table)


def _sent(delivery: "Delivery") -> dict[str, Any]:
    return {
        "id": delivery.id,
        "webhook": delivery.webhook,
        "event": delivery.event,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "code": delivery.code,
        "due": delivery.due or None,
        "created": delivery.created,
    }
