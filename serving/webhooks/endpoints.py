"""Webhooks as people add, rotate and remove them; each change is an act, decided and recorded."""

import base64
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import subject
from interlock.runtime.run.webhook import (
    NEWS,
    News,
    Secret,
    Webhook,
    keep_webhook,
    webhook_of,
    webhooks_of,
)
from interlock.serving.desk import Desk
from interlock.serving.webhooks.sending import Sending

MOST: Final = 20
OVERLAP_S: Final = 24 * 3600
LONGEST_OVERLAP_S: Final = 7 * 24 * 3600
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A webhook with a new secret, which is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)


async def add(
    desk: Desk, url: str, events: Sequence[str], *, person: Principal
) -> Made:
    """Have the place at *url* told of *events*, in the name of *person*, from now on.

    Raises `BadInput` for an address that no message may go to, for events that there are not, and
    for more webhooks than a tenant may have; `NotPermitted` ("egress_host") for a host that the
    policy does not list.
    """
    destination = Sending(settings=desk.settings).destination(url)
    chosen = _chosen(events)
    new = Webhook(
        id=f"wh-{secrets.token_hex(6)}",
        tenant=person.tenant,
        owner=person.id,
        url=url,
        events=chosen,
        state="active",
        secrets=(Secret(text=_new_secret()),),
        told=0,
    )

    def written(tx: Tx) -> Webhook:
        return _kept(
            tx,
            desk.storage.vault,
            new,
        )

    webhook = await desk.acts.perform(
        "webhook.add",
        lambda: desk.storage.store.write(written, logs=(person.tenant,)),
        person=person,
        arguments={"events": list(chosen)},
        look=subject.tenant("web", destination.host),
    )
    return Made(webhook=webhook, secret=new.secrets[0].text)


async def listed(desk: Desk, *, person: Principal) -> list[Webhook]:
    """Return the webhooks of the person's tenant, oldest first."""
    await _may_read(desk, "", person)
    vault = desk.storage.vault
    return await desk.storage.store.of(person.tenant).read(
        lambda connection: webhooks_of(vault, connection, person.tenant)
    )


async def read(desk: Desk, webhook_id: str, *, person: Principal) -> Webhook:
    """Return one webhook of the person's tenant; raises `NotFound`."""
    await _may_read(
        desk,
        webhook_id,
        person,
    )
    return await known(
        desk,
        webhook_id,
        person,
    )


async def remove(desk: Desk, webhook_id: str, *, person: Principal) -> Webhook:
    """Tell the webhook nothing more; what was not sent yet is not sent. Raises as `rotate`."""
    await known(
        desk,
        webhook_id,
        person,
    )
    change = _changing(
        desk,
        webhook_id,
        person,
        _removed,
    )
    return await desk.acts.perform(
        "webhook.remove",
        lambda: desk.storage.store.write(change, logs=(person.tenant,)),
        person=person,
        arguments={"webhook": webhook_id},
        look=subject.tenant("webhook", webhook_id),
    )


async def rotate(
    desk: Desk, webhook_id: str, *, person: Principal, overlap_s: int = OVERLAP_S
) -> Made:
    """Sign with a new secret; messages have both signatures for *overlap_s* seconds more.

    Raises `NotFound`, and `BadInput` for an overlap that is longer than a week and for a webhook
    that was removed ("wrong_state").
    """
    _check_overlap(overlap_s)
    await known(
        desk,
        webhook_id,
        person,
    )
    secret = _new_secret()
    change = _changing(
        desk,
        webhook_id,
        person,
        lambda tx, one: _signing(one, secret, until=tx.now + overlap_s, now=tx.now),
    )
    webhook = await desk.acts.perform(
        "webhook.rotate",
        lambda: desk.storage.store.write(change, logs=(person.tenant,)),
        person=person,
        arguments={"webhook": webhook_id, "overlap": overlap_s},
        look=subject.tenant("webhook", webhook_id),
    )
    return Made(
        webhook=webhook,
        secret=secret,
    )


def _kept(tx: Tx, vault: Vault, new: Webhook) -> Webhook:
    """Keep a new webhook, which is told of what comes after it."""
    if len(webhooks_of(vault, tx.connection, new.tenant)) >= MOST:
        raise _too_many()
    size = tx.heads[new.tenant].size
    webhook = replace(
        new,
        told=size,
        created=tx.now,
        updated=tx.now,
    )
    keep_webhook(
        tx,
        vault,
        webhook,
        by=new.owner,
    )
    return webhook


def _changing(
    desk: Desk,
    webhook_id: str,
    person: Principal,
    change: Callable[[Tx, Webhook], Webhook],
) -> Callable[[Tx], Webhook]:
    """Return the work that changes the webhook as it stands then, unless it was removed."""
    vault = desk.storage.vault

    def work(tx: Tx) -> Webhook:
        webhook = going_on(
            tx,
            vault,
            webhook_id,
            tenant=person.tenant,
        )
        changed = replace(change(tx, webhook), updated=tx.now)
        keep_webhook(
            tx,
            vault,
            changed,
            by=person.id,
        )
        return changed

    return work


def going_on(
    tx: Tx,
    vault: Vault,
    webhook_id: str,
    *,
    tenant: str,
    unless: Collection[str] = ("removed",),
) -> Webhook:
    """Return the webhook, read in a transaction that holds the *tenant*'s log.

    Raises `NotFound`, and `BadInput` ("wrong_state") where its state is one of *unless*.
    """
    webhook = webhook_of(
        vault,
        tx.connection,
        webhook_id,
        tenant=tenant,
    )
    if webhook.state in unless:
        raise BadInput(
            code="wrong_state",
            what=f"webhook {webhook_id}",
            why=f"it is {webhook.state}",
            next_step="Add another one.",
        )
    return webhook


def _removed(_: Tx, webhook: Webhook) -> Webhook:
    return replace(webhook, state="removed", secrets=())


def _signing(webhook: Webhook, secret: str, *, until: int, now: int) -> Webhook:
    good = set(webhook.signing(now))
    old = tuple(
        replace(one, until=until if one.until is None else min(one.until, until))
        for one in webhook.secrets
        if one.text in good
    )
    return replace(webhook, secrets=(Secret(text=secret), *old))


async def known(desk: Desk, webhook_id: str, person: Principal) -> Webhook:
    """Return one webhook of the person's tenant, without asking anybody; raises `NotFound`."""
    vault = desk.storage.vault

    def look(connection: Connection) -> Webhook:
        return webhook_of(
            vault,
            connection,
            webhook_id,
            tenant=person.tenant,
        )

    return await desk.storage.store.of(person.tenant).read(look)


async def _may_read(desk: Desk, webhook_id: str, person: Principal) -> None:
    await desk.acts.look(
        "webhook.read",
        person=person,
        arguments={"webhook": webhook_id},
        look=subject.tenant("webhook", webhook_id),
    )


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _chosen(events: Sequence[str]) -> tuple[News, ...]:
    chosen = tuple(news for news in NEWS if news in events)
    if chosen and set(events) <= set(NEWS):
        return chosen
    unknown = sorted(set(events) - set(NEWS))
    raise BadInput(
        what=f"the event {unknown[0]!r}" if unknown else "a webhook without events",
        why="there is no such event" if unknown else "it would be told nothing",
        next_step=f"Choose from {', '.join(NEWS)}.",
    )


def _check_overlap(seconds: int) -> None:
    if 0 <= seconds <= LONGEST_OVERLAP_S:
        return
    raise BadInput(
        what=f"an overlap of {seconds} s",
        why="it is not between nothing and a week",
        next_step=f"Name seconds, at most {LONGEST_OVERLAP_S}.",
    )


def _too_many() -> BadInput:
    return BadInput(
        what="another webhook",
        why=f"a tenant has at most {MOST}",
        next_step="Remove one that is not needed.",
    )
