"""Runs: one execution of an agent each, and the check that every write for a run must pass.

    queued -> running -> waiting | held | queued -> running -> done | failed
    queued, running, held -> dead -> running
    queued, running, waiting, held, dead -> cancelled

A person may have the effects undone first. The run then goes the same ways as before, and ends as
cancelled in every case: `undoing` says so.

A run is held when a guard, or what the guard depends on, failed closed: nothing was done, and a new
claim carries the run on. A run is dead when workers claimed it so often in vain that none does any
more: nothing is lost, and a person carries it on.

A claim raises the fence and leaves its token in the row. Every later write names both, and is
refused when they are no longer those of the row. The fence is the authority; the lease only says
when a worker may be presumed dead.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, select, update

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.errors import Fenced, NotFound, Tampered
from interlock.runtime.policy.intent import Intent
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts, Autonomy, Principal
from interlock.runtime.record.events import RunHeld
from interlock.runtime.record.events.of_run import Held
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.of_many import OfMany
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.held import HeldAlready

Status: TypeAlias = Literal[
    "queued", "running", "waiting", "held", "dead", "done", "failed", "cancelled"
]
#: A run in one of these has not ended
OPEN: Final[frozenset[Status]] = frozenset(
    {"queued", "running", "waiting", "held", "dead"}
)
LEASE_S: Final = 30
#: Of one kind, in the intent of a run
MOST_EFFECTS: Final = 1_000_000
#: Who has claimed a run, and how the run stands
CLAIMS: Final = OfMany(
    tables.run,
    tables.run.c.id,
    only=(
        tables.run.c.id,
        tables.run.c.fence,
        tables.run.c.claim,
        tables.run.c.status,
    ),
    lock=True,
)
_HERE: Final = tables.run.c.id == bindparam("run_id")
_LABEL: Final = Statement(select(tables.run.c.label).where(_HERE).with_for_update())
_JOIN: Final = Statement(
    update(tables.run).where(_HERE).values(label=bindparam("joined"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run as claimed: who it is for, what was asked, under which policy revision and fence."""

    id: str
    tenant: str
    agent: str
    principal: Principal
    request: dict[str, Json]
    autonomy: Autonomy
    revision: str
    #: By name, what else the run keeps to wherever it is resumed
    pins: Mapping[str, str]
    budget_id: str
    fence: int
    #: The token of the claim; empty for a run that was only read or that is queued
    claim: str
    trace: str
    status: Status
    refusals: int
    #: Claims since the run last got on, the one at hand included
    tries: int
    label: Label
    created: int
    #: The release that it keeps to, empty where none was in force
    release: str = ""
    #: What it may do, by kind of effect; None where its request has no words
    intent: Intent | None = None
    #: A person cancels the run, and has its effects undone first
    undoing: bool = False
    #: The job it belongs to, empty for none
    job: str = ""
    priority: int = 0
    #: The run that it copies without effects, empty for none
    shadow: str = ""
    #: The claim before this one is known to be at an end: nothing is at work under it any more
    alone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRun:
    """What is needed to start a run; all of it from the caller, none from the agent."""

    agent: str
    principal: Principal
    request: dict[str, Json]
    limits: Amounts
    autonomy: Autonomy
    revision: str
    #: What the request's words ask for, by kind of effect; None where it has no words. Stated by
    #: every caller: a run without an intent is bounded by its agent's grants alone
    intent: Intent | None
    pins: Mapping[str, str] = field(default_factory=dict)
    #: The release that it keeps to, empty where none is in force
    release: str = ""
    #: The rollout in which the run was given its release, and the step of it; empty for none
    rollout: str = ""
    #: The job it belongs to, empty for none
    job: str = ""
    #: Workers take the higher first
    priority: int = 0
    #: No worker takes the run before, in Unix seconds
    not_before: int = 0
    #: The run that it copies without effects, empty for none
    shadow: str = ""
    #: The id of the run where it must be a certain one; a second run of that id is refused
    id: str = ""


def check(tx: Tx, run: Run, *, closing: bool = False) -> None:
    """Refuse to write for a run that another claim has taken or that is held (fails closed).

    Every writing transaction calls this first; the row of the run is then locked until the
    transaction ends. *closing* is for the outcomes of calls that were under way when the run was
    held; an intent or a checkpoint is refused. Raises `Fenced` and `HeldAlready`.
    """
    claim = (run.id, run.fence, run.claim)
    if claim in tx.checked:
        return
    row = tx.row(CLAIMS, run.id)
    is_ours = row is not None and (row["fence"], row["claim"]) == (run.fence, run.claim)
    status = row["status"] if row is not None and is_ours else None
    if status == "held" and closing:
        return
    if status == "held":
        raise HeldAlready(run_id=run.id)
    if status != "running":
        raise Fenced(run_id=run.id, fence=run.fence)
    tx.checked.add(claim)


def hold(tx: Tx, run: Run, *, because: Held, until_raised: bool = False) -> None:
    """Mark the run held: this claim may still record outcomes, but no new intent or checkpoint.

    The claim keeps the run until it has ended, so that what is under way is not taken for
    abandoned. No worker claims it *until_raised*: only a person can raise its budget.
    """
    values: dict[str, Any] = {"status": "held"}
    if until_raised:
        values["ready_at"] = None
    tx.connection.execute(
        update(tables.run).where(tables.run.c.id == run.id).values(values)
    )
    tx.checked.clear()
    tx.events.append(
        RunHeld(
            log=run.tenant,
            run_id=run.id,
            fence=run.fence,
            because=because,
        )
    )


def row_of(connection: Connection, run_id: str, *, lock: bool = False) -> RowMapping:
    """Return the run's row as it is stored, locked until the transaction ends if *lock*.

    Raises `NotFound`.
    """
    query = select(tables.run).where(tables.run.c.id == run_id)
    if lock:
        query = query.with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(
            kind="run",
            name=run_id,
            next_step="List runs with `interlock run list`.",
        )
    return row


def opened(
    row: Row | RowMapping, key: DataKey, *, claim: str = "", alone: bool = False
) -> Run:
    """Return the run in *row*, as claimed under the token *claim*."""
    request = key.open(row["request"], place=f"run/{row['id']}")
    return Run(
        id=row["id"],
        tenant=row["tenant"],
        agent=row["agent"],
        principal=principal_of(row, key),
        request=orjson.loads(request),
        autonomy=row["autonomy"],
        revision=row["revision"],
        pins=orjson.loads(key.open(row["pins"], place=f"run/{row['id']}/pins")),
        budget_id=row["budget_id"],
        fence=row["fence"],
        claim=claim,
        trace=row["trace"],
        status=row["status"],
        refusals=row["refusals"],
        tries=row["tries"],
        label=label_of(row["label"]),
        created=row["created"],
        release=row["release"],
        intent=intent_of(row["intent"]),
        undoing=bool(row["undoing"]),
        job=row["job"],
        priority=row["priority"],
        shadow=row["shadow"],
        alone=alone,
    )


def label_of(text: str) -> Label:
    """Read a stored label back; raises `Tampered` for what is none."""
    try:
        fields = orjson.loads(text)
        return Label(**fields | {"sources": tuple(fields["sources"])})
    except (ValueError, TypeError, LookupError) as error:
        raise Tampered(what="label of a run", why="it is no label") from error


def intent_of(text: str) -> Intent | None:
    """Read a stored intent back, None for a run whose request has no words; raises `Tampered`."""
    if not text:
        return None
    try:
        intent: Intent = orjson.loads(text)
        is_one = all(map(is_number, intent.values()))
    except (ValueError, AttributeError) as error:
        raise Tampered(what="intent of a run", why="it is none") from error
    if not is_one:
        raise Tampered(what="intent of a run", why="a number in it is none")
    return intent


def is_number(number: object) -> bool:
    """Whether *number* may stand in an intent: a whole number from 1, or None for any."""
    return number is None or (type(number) is int and 0 < number <= MOST_EFFECTS)


def join_label(tx: Tx, run: Run, label: Label, *, run_label: Label) -> str | None:
    """Join *label* to the run's; return the run's new label as it is stored, None when it stays.

    *run_label* is a label that the run had before: labels only grow, so the run still has it.
    """
    if run_label.join(label) == run_label:
        return None
    row = _LABEL.one(tx.apart, {"run_id": run.id})
    if row is None:
        raise Fenced(run_id=run.id, fence=run.fence)
    stored = row["label"]
    joined = canonical(asdict(label_of(stored).join(label))).decode()
    if joined == stored:
        return None
    _JOIN.run(tx.apart, {"run_id": run.id, "joined": joined})
    return str(joined)


def principal_of(row: Row | RowMapping, key: DataKey) -> Principal:
    """Return the principal of a run's row."""
    fields = orjson.loads(
        key.open(row["principal"], place=f"run/{row['id']}/principal")
    )
    return Principal(**fields | {"roles": tuple(fields["roles"])})


def requester_of(principal: Principal) -> str:
    """Return the person for whom *principal* acts."""
    return principal.on_behalf_of or principal.id
