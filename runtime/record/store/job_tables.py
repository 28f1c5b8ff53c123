"""The tables of jobs; what is true of the other tables is true of these."""

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

#: Many documents, each reviewed by a run of its own
job = Table(
    "job",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("agent", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("items", Integer, nullable=False),
    Column("by", LargeBinary, nullable=False),
    Column("settings", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("job_by_tenant", "tenant", "created", "id"),
)

#: One named document of a job: its run, or why there is none
job_item = Table(
    "job_item",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String(64), nullable=False),
    Column("run_id", String(64), nullable=False),
    #: A keyed digest
    Column("document", String(64), nullable=False, index=True),
    Column("refused", String(32), nullable=False),
    Column("details", LargeBinary, nullable=False),
    # How many have no run, and why, without a look at the documents themselves
    Index("job_item_refused", "job", "refused"),
)
