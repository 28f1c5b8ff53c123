"""Webhooks as the database has them: where people have other systems told of what happens here."""

from dataclasses import asdict, dataclass, field
from typing import Final, Literal, TypeAlias, get_args

import orjson
from sqlalchemy import Connection, bindparam, select, update

from interlock.runtime.errors import NotFound, Tampered
from interlock.runtime.record.events import HOME, WebhookKept
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.upsert import upsert
from interlock.runtime.record.vault import Vault

#: What a webhook can be told of
News: TypeAlias = Literal[
    "run.ended",
    "run.waiting",
    "approval.waiting",
    "approval.decided",
    "approval.expired",
    "job.ended",
]
#: A webhook that answered that it is gone is disabled; one that a person ended is removed
WebhookState: TypeAlias = Literal["active", "disabled", "removed"]
NEWS: Final[tuple[News, ...]] = get_args(News)
_KEEP: Final = Statement(upsert(tables.webhook, keys=("id",), keep=("created",)))
_READ: Final = Statement(
    select(tables.webhook).where(tables.webhook.c.id == bindparam("of_id"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """What messages are signed with, until a time in Unix seconds; None for no end."""

    text: str = field(repr=False)
    until: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """One place outside that is told of some events, in the name of the person who added it."""

    id: str
    tenant: str
    owner: str
    url: str
    events: tuple[News, ...]
    state: WebhookState
    #: Newest first
    secrets: tuple[Secret, ...]
    #: How many entries of the tenant's log its messages account for
    told: int
    created: int = 0
    updated: int = 0

    def signing(self, now: int) -> tuple[str, ...]:
        """Return the secrets that are good *now*, newest first."""
        return tuple(
            secret.text
            for secret in self.secrets
            if secret.until is None or now < secret.until
        )


#: What the columns alone say
_UNSEALED: Final = frozenset({"told", "created", "updated"})


def webhook_of(
    vault: Vault, connection: Connection, webhook_id: str, *, tenant: str
) -> Webhook:
    """Return a webhook of the *tenant*; one of another tenant is not there.

    Raises `NotFound`, and `Tampered` for one that somebody changed.
    """
    row = _READ.one(connection, {"of_id": webhook_id})
    if row is None or row["tenant"] != tenant:
        raise none_such(webhook_id)
    return _opened(
        vault,
        connection,
        row,
    )


def webhooks_of(vault: Vault, connection: Connection, tenant: str) -> list[Webhook]:
    """Return the webhooks of the *tenant* that were not removed, oldest first."""
    columns = tables.webhook.c
    query = select(tables.webhook).where(
        columns.tenant == tenant, columns.state != "removed"
    )
    rows = connection.execute(query.order_by(columns.created, columns.id)).mappings()
    return [_opened(vault, connection, row) for row in rows]


def active(connection: Connection) -> list[tuple[str, str]]:
    """Return tenant and id of each webhook that is told anything, of every tenant."""
    columns = tables.webhook.c
    query = select(columns.tenant, columns.id).where(columns.state == "active")
    rows = connection.execute(query.order_by(columns.tenant, columns.id))
    return [(row.tenant, row.id) for row in rows]


def keep_webhook(tx: Tx, vault: Vault, webhook: Webhook, *, by: str) -> None:
    """Make or change the webhook in the caller's transaction, which holds the tenant's log.

    With one that is not active any more, every message to it that waits is cancelled.
    """
    plain = {
        name: value for name, value in asdict(webhook).items() if name not in _UNSEALED
    }
    home = vault.key(
        tx.connection,
        HOME,
    )
    body = home.seal(orjson.dumps(plain), place=_place(webhook.id))
    row = {
        "id": webhook.id,
        "tenant": webhook.tenant,
        "state": webhook.state,
        "body": body,
        "told": webhook.told,
        "created": tx.now,
        "updated": tx.now,
    }
    _KEEP.run(
        tx.connection,
        row,
    )
    if webhook.state != "active":
        _cancel_waiting(tx, webhook)
    tx.events.append(
        WebhookKept(
            log=webhook.tenant,
            webhook=webhook.id,
            state=webhook.state,
            told=webhook.told,
            by=by,
            sealed={"body": body},
        )
    )


def none_such(webhook_id: str) -> NotFound:
    """Return the error for a webhook that is not there."""
    return NotFound(
        kind="webhook",
        name=webhook_id,
        next_step="List yours with `interlock webhooks list`.",
    )


def _cancel_waiting(tx: Tx, webhook: Webhook) -> None:
    """Cancel what waits; an attempt that is under way has lost its claim then."""
    columns = tables.delivery.c
    waiting = update(tables.delivery).where(
        columns.webhook == webhook.id, columns.state == "waiting"
    )
    values = {"state": "cancelled", "code": f"webhook_{webhook.state}", "due": 0}
    free = {"updated": tx.now, "claim": "", "lease_until": 0}
    tx.connection.execute(waiting.values(values | free))


def _opened(vault: Vault, connection: Connection, row: Row) -> Webhook:
    place = _place(row["id"])
    plain = orjson.loads(vault.key(connection, HOME).open(row["body"], place=place))
    secrets = tuple(Secret(**secret) for secret in plain.pop("secrets"))
    events = tuple(plain.pop("events"))
    webhook = Webhook(
        secrets=secrets,
        events=events,
        told=row["told"],
        created=row["created"],
        updated=row["updated"],
        **plain,
    )
    if (webhook.tenant, webhook.state) != (row["tenant"], row["state"]):
        raise Tampered(what=place, why="its columns are not what was sealed")
    return webhook


def _place(webhook_id: str) -> str:
    return f"webhook/{webhook_id}"
