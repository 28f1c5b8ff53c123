"""The tables of webhooks; what is true of the other tables is true of these."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from interlock.runtime.record.store.version import metadata

#: A place outside that is told of events. Its address, secrets and owner are in the sealed `body`
webhook = Table(
    "webhook",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    #: How many entries of the tenant's log its deliveries account for
    Column("told", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Index("webhook_by_age", "tenant", "created", "id"),
)

#: One message to one webhook; the id is the `webhook-id` of every attempt
delivery = Table(
    "delivery",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("webhook", String(64), nullable=False),
    Column("event", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    #: What is sent, sealed
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    #: What became of the last attempt
    Column("code", String(64), nullable=False),
    #: When it is tried next
    Column("due", BigInteger, nullable=False),
    #: After this time it is not tried any more
    Column("until", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    #: The attempt that is under way, and until when nobody else begins one
    Column("claim", String(32), nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Index("delivery_due", "webhook", "state", "due"),
    Index("delivery_by_age", "tenant", "webhook", "created", "id"),
)
