"""The tables: one database holds runs, actions, approvals, budgets, checkpoints and the ledger.

One database is what makes a step cheap: intent, outcome, budget movement, audit entry and
checkpoint commit together. Times are Unix seconds, money is in millionths, every blob of content
and every person's name is sealed (`interlock.runtime.record.vault`).
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from interlock.runtime.record.store import (
    approval_tables,
    document_tables,
    identity_tables,
    job_tables,
    order_tables,
    release_tables,
    version,
    webhook_tables,
)

KINDS: Final = (
    "money_micro",
    "tokens",
    "steps",
    "effects",
    "wall_ms",
    "gpu_ms",
    "reviewer_ms",
)

#: On SQLite this is the table's own order, so that it needs no index beside it
ROWID: Final = BigInteger().with_variant(Integer, "sqlite")

#: Which runs are for workers at all
READY: Final = "ready_at IS NOT NULL AND paused = 0"

metadata = version.metadata
approval = approval_tables.approval
approval_step = approval_tables.approval_step
attention = approval_tables.attention
approval_opening = approval_tables.approval_opening
job = job_tables.job
job_item = job_tables.job_item
account = identity_tables.account
api_key = identity_tables.api_key
sign_in = identity_tables.sign_in
sign_in_link = identity_tables.sign_in_link
guess = identity_tables.guess
order = order_tables.order
webhook = webhook_tables.webhook
delivery = webhook_tables.delivery
document = document_tables.document
artefact = release_tables.artefact
release = release_tables.release

run = Table(
    "run",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("agent", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("principal", LargeBinary, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("pins", LargeBinary, nullable=False),
    Column("label", Text, nullable=False),
    Column("autonomy", Integer, nullable=False),
    Column("revision", String(64), nullable=False),
    #: The release that it keeps to, empty where none was in force
    Column("release", String(64), nullable=False),
    #: The kinds of effect that the request's words ask for, as JSON; empty where it has no words
    Column("intent", Text, nullable=False),
    Column("budget_id", String(64), nullable=False),
    Column("fence", BigInteger, nullable=False),
    #: The token of the newest claim, empty before the first
    Column("claim", String(32), nullable=False),
    Column("owner", String(128), nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    #: The job the run belongs to, empty for none
    Column("job", String(64), nullable=False),
    #: Higher goes first
    Column("priority", Integer, nullable=False),
    #: A digest of the agent and of all that the run is pinned to
    Column("pinned", String(16), nullable=False),
    #: Claims since the run last got on, and how many of them an outage ended
    Column("tries", Integer, nullable=False),
    Column("outages", Integer, nullable=False),
    #: From when a worker may claim the run; NULL for never
    Column("ready_at", BigInteger),
    #: 1 for not while its job is paused
    Column("paused", Integer, nullable=False),
    #: 1 once a person cancels the run and has its effects undone
    Column("undoing", Integer, nullable=False),
    #: 1 once the run of a canary has ended; before, nothing tells such a run from work
    Column("canary", Integer, nullable=False),
    #: The run that it copies without effects, empty for none
    Column("shadow", String(64), nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("trace", String(64), nullable=False),
    Column("outcome", LargeBinary),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    # One for each way to list runs, newest first
    Index("run_by_age", "created", "id"),
    Index("run_by_tenant", "tenant", "created", "id"),
    Index("run_by_status", "status", "created", "id"),
    Index("run_of_job", "job", "status"),
    # What workers may claim, and nothing else
    Index(
        "run_ready",
        "pinned",
        "tenant",
        "priority",
        "ready_at",
        "id",
        sqlite_where=text(READY),
        postgresql_where=text(READY),
    ),
)

#: Runs that somebody asked for: no canary that is told, and no shadow
WORK: Final = (run.c.canary == 0) & (run.c.shadow == "")

action = Table(
    "action",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("run_id", String(64), nullable=False, index=True),
    Column("tenant", String(64), nullable=False),
    Column("tool", String(128), nullable=False),
    Column("action_class", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    #: A commitment under the run's key to the resource that it acts on
    Column("about", String(64), nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("effect", String(8), nullable=False),
    Column("reasons", LargeBinary, nullable=False),
    Column("revision", String(64), nullable=False),
    Column("result", LargeBinary),
    #: Until when whoever started the action may be at work on it; 0 when nobody can be any more
    Column("until", BigInteger, nullable=False),
    #: The state that a worker reported after it had lost the run; empty for none
    Column("late", String(16), nullable=False),
    #: What was seen of what the effect should have left; empty where nobody looked
    Column("readback", String(16), nullable=False),
    #: The call that takes its effect back, and the action whose effect it takes back itself
    Column("undo", LargeBinary),
    Column("undoes", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

budget = Table(
    "budget",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("tenant", String(64), nullable=False, index=True),
    #: "run", "job" or "tenant"
    Column("level", String(8), nullable=False),
    #: The budget that pays too, where it is there; NULL for a tenant's
    Column("parent", String(80)),
    #: Soft limits by kind, and the kinds of which they are passed, as JSON
    Column("soft", Text, nullable=False),
    Column("passed", Text, nullable=False),
    *(
        Column(f"{group}_{kind}", BigInteger, nullable=False)
        for group in ("limit", "spent", "reserved")
        for kind in KINDS
    ),
)

reservation = Table(
    "reservation",
    metadata,
    Column("action_id", String(64), primary_key=True),
    Column("budget_id", String(64), nullable=False),
    Column("tenant", String(64), nullable=False),
    *(Column(kind, BigInteger, nullable=False) for kind in KINDS),
)

kill_switch = Table(
    "kill_switch",
    metadata,
    Column("scope", String(16), primary_key=True),
    Column("id", String(128), primary_key=True),
    #: Whose it is; the home's (`HOME`) for everything and for a tool
    Column("tenant", String(64), nullable=False),
    Column("engaged", BigInteger, nullable=False),
)

#: What tools keep: one row a run and thing, sealed under the run's own key and written in one
#: transaction with it
record = Table(
    "record",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("status", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("action_id", String(64), nullable=False),
    Column("updated", BigInteger, nullable=False),
    # One for each way to list what is kept, newest first
    Index("record_of_key", "kind", "key", "updated", "run_id"),
    Index("record_by_age", "kind", "updated", "run_id", "key"),
)

data_key = Table(
    "data_key",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

#: Entries written by one commit follow each other, and the last of them carries the signed
#: checkpoint
ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("log", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("run_id", String(64), nullable=False),
    Column("event", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    #: What the body commits to, sealed under the run's data key
    Column("payload", LargeBinary),
    Column("note", Text),
    Index("ledger_entry_of_run", "run_id", "log", "seq"),
)

#: One log for each tenant, and one of the home; whoever adds entries locks the log's row
ledger_head = Table(
    "ledger_head",
    metadata,
    Column("log", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)

#: Every policy that was in force, as the archive of its bundle: it is what its revision says
policy = Table(
    "policy",
    metadata,
    Column("revision", String(64), primary_key=True),
    Column("archive", LargeBinary, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("thread_id", String(64), primary_key=True),
    Column("ns", String(512), primary_key=True),
    Column("checkpoint_id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    #: The claim that wrote it: a later claim's is newer, whatever the clocks of their machines say
    Column("fence", BigInteger, nullable=False),
    Column("parent_id", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("metadata", LargeBinary, nullable=False),
)

checkpoint_write = Table(
    "checkpoint_write",
    metadata,
    Column("thread_id", String(64), primary_key=True),
    Column("ns", String(512), primary_key=True),
    Column("checkpoint_id", String(64), primary_key=True),
    Column("task_id", String(64), primary_key=True),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String(64), nullable=False),
    Column("channel", String(128), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("task_path", Text, nullable=False),
)

#: What checkpoints and writes of a namespace share, by its commitment under the run's key
checkpoint_piece = Table(
    "checkpoint_piece",
    metadata,
    Column("thread_id", String(64), primary_key=True),
    Column("ns", String(512), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

#: The version of these tables, which a database of theirs states
NEWEST: Final = version.version_of(metadata)
