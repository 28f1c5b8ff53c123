"""Deliveries: one message to one webhook, from the entry that it tells of to its end.

    waiting -> delivered | dead | cancelled

A delivery is made in one transaction with how far its webhook has been told, and claimed for one
attempt at a time. A claim that came to nothing ends by itself, so a message may be sent twice, and
then under the same id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    insert,
    select,
    tuple_,
    update,
)

from interlock.runtime.errors import NotFound
from interlock.runtime.record.events import HOME, DeliveryTurned, Message, WebhookTold
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.webhook import Webhook

DeliveryState: TypeAlias = Literal["waiting", "delivered", "dead", "cancelled"]
STATES: Final[tuple[DeliveryState, ...]] = get_args(DeliveryState)
#: How long a message is tried, in seconds
LIFE_S: Final = 24 * 3600
#: How long an attempt may take before another one may begin
LEASE_S: Final = 60
_DELIVERY: Final = tables.delivery.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A message that is to be made; the same id is made once."""

    id: str
    event: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message as it stands."""

    id: str
    tenant: str
    webhook: str
    event: str
    state: DeliveryState
    attempts: int
    #: What became of the last attempt
    code: str
    due: int
    until: int
    created: int
    updated: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A message for one attempt."""

    delivery: Delivery
    claim: str
    body: bytes = field(repr=False)


def tell(
    tx: Tx, vault: Vault, webhook: Webhook, drafts: Sequence[Draft], *, told: int
) -> int:
    """Make the deliveries of *drafts*, which account for the log up to *told*; return how many.

    The caller holds the tenant's log and has read the webhook in this transaction.
    """
    known = _known(tx, [draft.id for draft in drafts])
    messages = [
        _made(tx, vault, webhook, draft) for draft in drafts if draft.id not in known
    ]
    if not messages:
        return 0
    columns = tables.webhook.c
    accounted = update(tables.webhook).where(columns.id == webhook.id)
    tx.connection.execute(accounted.values(told=told))
    tx.events.append(
        WebhookTold(
            log=webhook.tenant,
            webhook=webhook.id,
            told=told,
            messages=messages,
        )
    )
    return len(messages)


def is_due(connection: Connection, webhook_id: str, *, now: int) -> bool:
    """Whether a message to the webhook can be claimed."""
    query = select(_DELIVERY.id).where(*_claimable(webhook_id, now)).limit(1)
    return connection.execute(query).first() is not None


def claim(
    tx: Tx, vault: Vault, webhook: Webhook, *, name: str, most: int
) -> list[Claimed]:
    """Claim the messages to the webhook that have been due longest, under a *name* of their own.

    Raises what opening raises, for a message that somebody changed or gave to another webhook.
    """
    query = (
        select(tables.delivery)
        .where(*_claimable(webhook.id, tx.now))
        .order_by(
            _DELIVERY.due,
            _DELIVERY.id,
        )
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = tx.connection.execute(query).mappings().all()
    home = vault.key(
        tx.connection,
        HOME,
    )
    claimed = []
    for row in rows:
        taken = update(tables.delivery).where(_DELIVERY.id == row["id"])
        tx.connection.execute(taken.values(claim=name, lease_until=tx.now + LEASE_S))
        body = home.open(row["body"], place=_place(webhook, row["id"]))
        claimed.append(Claimed(delivery=_shown(row), claim=name, body=body))
    return claimed


def turn(
    tx: Tx,
    delivery: Delivery,
    *,
    state: DeliveryState,
    code: str,
    attempts: int,
    due: int,
    until: int,
    of_claim: str | None,
    by: str | None = None,
) -> bool:
    """Record where the delivery stands; False, and nothing, where *of_claim* has it no more."""
    query = select(_DELIVERY.claim).where(_DELIVERY.id == delivery.id)
    claimed = tx.connection.execute(query.with_for_update()).scalar_one()
    if of_claim is not None and claimed != of_claim:
        return False
    values = {
        "state": state,
        "attempts": attempts,
        "code": code,
        "due": due,
        "until": until,
    }
    turned = update(tables.delivery).where(_DELIVERY.id == delivery.id)
    tx.connection.execute(
        turned.values(values | {"updated": tx.now, "claim": "", "lease_until": 0})
    )
    tx.events.append(
        DeliveryTurned(
            log=delivery.tenant,
            delivery=delivery.id,
            by=by,
            state=state,
            attempts=attempts,
            code=code,
            due=due,
            until=until,
        )
    )
    return True


def delivery_of(
    connection: Connection, delivery_id: str, *, webhook: str, tenant: str
) -> Delivery:
    """Return a delivery to the *tenant*'s *webhook*; raises `NotFound`, also for any other."""
    query = select(tables.delivery).where(
        _DELIVERY.id == delivery_id,
        _DELIVERY.webhook == webhook,
        _DELIVERY.tenant == tenant,
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(
            kind="delivery",
            name=delivery_id,
            next_step="List them with `interlock webhooks deliveries`.",
        )
    return _shown(row)


def deliveries_of(
    connection: Connection, webhook: Webhook, *, after: Delivery | None, limit: int
) -> list[Delivery]:
    """Return the deliveries to the webhook, newest first, after one of them."""
    query = select(tables.delivery).where(
        _DELIVERY.tenant == webhook.tenant, _DELIVERY.webhook == webhook.id
    )
    if after is not None:
        place = tuple_(
            _DELIVERY.created,
            _DELIVERY.id,
        )
        query = query.where(place < (after.created, after.id))
    query = query.order_by(_DELIVERY.created.desc(), _DELIVERY.id.desc())
    rows = connection.execute(query.limit(limit)).mappings()
    return [_shown(row) for row in rows]


def _claimable(webhook_id: str, now: int) -> tuple[ColumnElement[bool], ...]:
    return (
        _DELIVERY.webhook == webhook_id,
        _DELIVERY.state == "waiting",
        _DELIVERY.due <= now,
        _DELIVERY.lease_until <= now,
    )


def _made(tx: Tx, vault: Vault, webhook: Webhook, draft: Draft) -> Message:
    """Make the row of a message, and return what the ledger says of it."""
    home = vault.key(
        tx.connection,
        HOME,
    )
    message = Message(
        delivery=draft.id,
        event=draft.event,
        until=tx.now + LIFE_S,
        sealed={"body": home.seal(draft.body, place=_place(webhook, draft.id))},
    )
    row = {
        "id": draft.id,
        "tenant": webhook.tenant,
        "webhook": webhook.id,
        "event": draft.event,
        "state": "waiting",
        "attempts": 0,
        "code": "",
        "due": tx.now,
        "until": message.until,
        "created": tx.now,
        "updated": tx.now,
        "claim": "",
        "lease_until": 0,
        **message.sealed,
    }
    tx.connection.execute(insert(tables.delivery).values(row))
    return message


def _known(tx: Tx, ids: Sequence[str]) -> set[str]:
    query = select(_DELIVERY.id).where(_DELIVERY.id.in_(ids))
    return set(tx.connection.execute(query.with_for_update()).scalars())


def _shown(row: RowMapping) -> Delivery:
    return Delivery(
        id=row["id"],
        tenant=row["tenant"],
        webhook=row["webhook"],
        event=row["event"],
        state=row["state"],
        attempts=row["attempts"],
        code=row["code"],
        due=row["due"],
        until=row["until"],
        created=row["created"],
        updated=row["updated"],
    )


def _place(webhook: Webhook, delivery_id: str) -> str:
    return f"delivery/{webhook.tenant}/{webhook.id}/{delivery_id}"
