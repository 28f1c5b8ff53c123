"""The table of orders: which run a request with an idempotency key began."""

from sqlalchemy import BigInteger, Column, Index, String, Table

from interlock.runtime.record.store.version import metadata

#: One request that began a run; name and digest are keyed, so they tell nothing
order = Table(
    "run_order",
    metadata,
    Column("tenant", String(64), primary_key=True),
    #: Of the person and the key that the person chose
    Column("name", String(64), primary_key=True),
    #: Of everything that was asked
    Column("digest", String(64), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("run_order_by_age", "created"),
)
