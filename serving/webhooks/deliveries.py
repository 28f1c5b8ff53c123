"""Deliveries as people look at them, and have them sent again."""

import secrets
from typing import Final

from sqlalchemy import Connection

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import delivery as rows
from interlock.runtime.run import subject
from interlock.runtime.run.delivery import LIFE_S, Delivery
from interlock.serving.desk import Desk
from interlock.serving.webhooks import endpoints
from interlock.serving.webhooks.news import draft_of

#: A webhook in one of these states is told nothing
_OVER: Final = frozenset({"removed", "disabled"})


async def listed(
    desk: Desk,
    webhook_id: str,
    *,
    person: Principal,
    after: str | None = None,
    limit: int,
) -> list[Delivery]:
    """Return the deliveries to the webhook, newest first, after the one named *after*.

    Raises `NotFound` for a webhook that is not of the person's tenant.
    """
    webhook = await endpoints.read(
        desk,
        webhook_id,
        person=person,
    )

    def look(connection: Connection) -> list[Delivery]:
        last = None
        if after is not None:
            last = rows.delivery_of(
                connection, after, webhook=webhook_id, tenant=person.tenant
            )
        return rows.deliveries_of(
            connection,
            webhook,
            after=last,
            limit=limit,
        )

    return await desk.storage.store.of(person.tenant).read(look)


async def resend(
    desk: Desk, webhook_id: str, delivery_id: str, *, person: Principal
) -> Delivery:
    """Have the message sent once more, under its own id, for another day; raises `NotFound`.

    Raises `BadInput` ("wrong_state") for a webhook that is told nothing any more.
    """
    await endpoints.known(
        desk,
        webhook_id,
        person,
    )
    vault = desk.storage.vault

    def read(connection: Connection) -> Delivery:
        return rows.delivery_of(
            connection, delivery_id, webhook=webhook_id, tenant=person.tenant
        )

    def work(tx: Tx) -> Delivery:
        endpoints.going_on(
            tx,
            vault,
            webhook_id,
            tenant=person.tenant,
            unless=_OVER,
        )
        rows.turn(
            tx,
            read(tx.connection),
            state="waiting",
            code="resent",
            attempts=0,
            due=tx.now,
            until=tx.now + LIFE_S,
            of_claim=None,
            by=person.id,
        )
        return read(tx.connection)

    await desk.storage.store.of(person.tenant).read(read)
    return await desk.acts.perform(
        "webhook.resend",
        lambda: desk.storage.store.write(work, logs=(person.tenant,)),
        person=person,
        arguments={"delivery": delivery_id},
        look=subject.tenant("delivery", delivery_id),
    )


async def ping(desk: Desk, webhook_id: str, *, person: Principal) -> Delivery:
    """Send the webhook a message of the event "ping", for a test; raises `NotFound`."""
    await endpoints.known(
        desk,
        webhook_id,
        person,
    )
    vault = desk.storage.vault

    def work(tx: Tx) -> Delivery:
        webhook = endpoints.going_on(
            tx, vault, webhook_id, tenant=person.tenant, unless=_OVER
        )
        draft = draft_of(
            webhook,
            "ping",
            key=secrets.token_hex(16),
            at=tx.now,
            data={"webhook": webhook_id},
        )
        rows.tell(tx, vault, webhook, [draft], told=webhook.told)
        return rows.delivery_of(
            tx.connection, draft.id, webhook=webhook_id, tenant=person.tenant
        )

    return await desk.acts.perform(
        "webhook.ping",
        lambda: desk.storage.store.write(work, logs=(person.tenant,)),
        person=person,
        arguments={"webhook": webhook_id},
        look=subject.tenant("webhook", webhook_id),
    )
