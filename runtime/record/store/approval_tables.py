"""The tables of approvals; what is true of the other tables is true of these."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from interlock.runtime.record.store.version import metadata

approval = Table(
    "approval",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("run_id", String(64), nullable=False, index=True),
    Column("action_id", String(64), nullable=False, index=True),
    Column("tenant", String(64), nullable=False),
    Column("tool", String(128), nullable=False),
    Column("digest", String(64), nullable=False, index=True),
    Column("revision", String(64), nullable=False),
    Column("requester", LargeBinary, nullable=False),
    #: The role that is asked first of those whose verdicts are missing
    Column("role", String(64), nullable=False),
    #: Whose verdicts it takes, as JSON
    Column("quorum", Text, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("evidence_digest", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    #: From when on it is shown as overdue, and until when it may be decided
    Column("overdue", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("decided", BigInteger, nullable=False),
    #: Commits to whether it is a canary; the other says so once it is decided
    Column("nature", String(64), nullable=False),
    Column("canary", Integer, nullable=False),
    # One for each way to list approvals, newest first
    Index("approval_by_age", "created", "id"),
    Index("approval_by_tenant", "tenant", "created", "id"),
    Index("approval_by_state", "state", "created", "id"),
    # How many of a tenant wait
    Index("approval_open", "tenant", "state", "expires"),
    # What was decided in a stretch of time
    Index("approval_by_verdict", "tenant", "decided"),
)

#: What people did about an approval, in order
approval_step = Table(
    "approval_step",
    metadata,
    Column("approval", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("run_id", String(64), nullable=False, index=True),
    Column("action_id", String(64), nullable=False, index=True),
    Column("tenant", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    #: Of a verdict the role that was needed, and the one it was given in
    Column("seat", String(64), nullable=False),
    Column("role", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    #: Until when a claim lasts; 0 for any other step
    Column("until", BigInteger, nullable=False),
    #: Who did it, and the words
    Column("content", LargeBinary, nullable=False),
)

#: Which canaries people met, and who caught them: it outlives the canary, and names nobody
attention = Table(
    "attention",
    metadata,
    Column("approval", String(64), primary_key=True),
    #: Who decided, in a form that nobody makes or reads without the home's key
    Column("person", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    #: 1 for a rejection
    Column("caught", Integer, nullable=False),
    Index("attention_of", "tenant", "person", "at"),
    Index("attention_by_age", "tenant", "at"),
)

#: When each person was first shown an approval that waits
approval_opening = Table(
    "approval_opening",
    metadata,
    Column("approval", String(64), primary_key=True),
    #: Who, in a form that nobody makes or reads without the home's key
    Column("person", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    #: From when on the time of the person is charged to no other approval
    Column("free_from", BigInteger, nullable=False),
    # Whose time a verdict charges
    Index("opening_of_person", "tenant", "person"),
)
