"""What runs of a rollout came to, as the entries of their tenants' logs say.

Each run is compared once: with the first entry that says it is over, or held. What says nothing of
its release is counted apart: that a person cancelled the run, or that the run is held by what no
release can help. Such a hold ends no run: the run is compared once it has gone on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, bindparam, select

from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import HOME, RunEnded
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.run.assignment import Arm
from interlock.runtime.run.claim_ends import ClaimEnd, claim_ends
from interlock.runtime.run.rollout import Rollout

#: What says nothing of a release: a person "cancelled" the run, or the run is held from "outside"
#: its release: the engine is away, or the budget of its job or its tenant is used up
Apart: TypeAlias = Literal["cancelled", "outside"]

_ENTRIES: Final = tables.ledger_entry.c
_HEADS: Final = Statement(
    select(tables.ledger_head.c.log, tables.ledger_head.c.size).where(
        tables.ledger_head.c.log != HOME
    )
)
_ENDS: Final = Statement(
    select(_ENTRIES.seq, _ENTRIES.run_id)
    .where(
        _ENTRIES.log == bindparam("of_log"),
        _ENTRIES.seq > bindparam("above"),
        _ENTRIES.seq <= bindparam("upto"),
        _ENTRIES.event == RunEnded.event,
    )
    .order_by(_ENTRIES.seq)
    .limit(bindparam("most"))
)
_OF_RUN: Final = Statement(
    select(_ENTRIES.seq, _ENTRIES.body)
    .where(_ENTRIES.run_id == bindparam("of_run"), _ENTRIES.log == bindparam("of_log"))
    .order_by(_ENTRIES.seq)
)
#: Ends of runs that one look takes in, of each tenant
MOST: Final = 500
_OVER: Final = frozenset({"done", "failed", "dead", "held", "cancelled"})
#: Why a shadow does not what the policy permits
_SHADOW: Final = ["shadow"]
_UNFIT: Final = "model_unfit"
_OF_MODEL: Final = "model_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What one run came to."""

    run_id: str
    tenant: str
    agent: str
    arm: Arm
    #: The rollout and the step in which the run was given its release
    tag: str
    at: int
    status: str
    #: Why it is counted apart and compared with nothing; None for a run that is compared
    apart: Apart | None = None
    #: The policy's engine was there and could not decide about something of the run
    is_stopped: bool = False
    #: An effect did not leave what its tool said
    is_contradicted: bool = False
    is_denied: bool = False
    #: An answer of a model did not fit its schema
    is_unfit: bool = False
    #: A call to a model failed: another one stood in, or none did
    is_degraded: bool = False
    #: How many questions people answered with no, of how many
    rejected: int = 0
    judged: int = 0
    #: The tools whose call was done
    done: frozenset[str] = frozenset()
    spent: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, int | None] = field(default_factory=dict)
    #: What the run came to that this one copies; None for a run that copies none
    original: "Result | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """The runs that ended since the last look, and up to where each log was looked through."""

    results: list[Result]
    seen: Mapping[str, int]
    #: Whether a log has ends that this look did not take in
    is_cut: bool = False


def heads(connection: Connection) -> dict[str, int]:
    """Return the number of the newest entry of each tenant's log."""
    return {row["log"]: row["size"] - 1 for row in _HEADS.all(connection, {})}


def since(connection: Connection, rollout: Rollout) -> Counted:
    """Return what ended since the rollout was decided on last, of each tenant in its own order."""
    results: list[Result] = []
    seen = dict(rollout.seen)
    is_cut = False
    for log, head in sorted(heads(connection).items()):
        above = seen.get(log, -1)
        place = {"of_log": log, "above": above, "upto": head, "most": MOST}
        ends = _ENDS.all(connection, place)
        for row in ends:
            result = _result(connection, rollout, log, row["run_id"], row["seq"])
            if result is not None:
                results.append(result)
        seen[log] = ends[-1]["seq"] if len(ends) == MOST else head
        is_cut = is_cut or len(ends) == MOST
    results.sort(key=lambda result: result.at)
    return Counted(results=results, seen=seen, is_cut=is_cut)


def _result(
    connection: Connection, rollout: Rollout, log: str, run_id: str, seq: int
) -> Result | None:
    """Return what the run came to; None unless it is the rollout's and that entry ends it."""
    entries = _entries(connection, log, run_id)
    first = entries[0][1]
    tag = str(first.get("rollout", ""))
    if tag.rpartition("/")[0] != rollout.id:
        return None
    ends = claim_ends(entries)
    if not _counts(ends, seq):
        return None
    bodies = [body for at, body in entries if at <= seq]
    is_canary = first["release"] == rollout.candidate
    return Result(
        original=_original(connection, rollout, log, first["shadow"]),
        run_id=run_id,
        tenant=log,
        agent=first["agent"],
        arm="canary" if is_canary else "control",
        tag=tag,
        at=bodies[-1]["at"],
        status=bodies[-1]["status"],
        limits=first["limits"],
        **_ended([end for end in ends if end.seq <= seq]),
        **_told(bodies),
    )


def _entries(
    connection: Connection,
    log: str,
    run_id: str,
) -> list[tuple[int, dict[str, Any]]]:
    rows = _OF_RUN.all(connection, {"of_run": run_id, "of_log": log})
    return [(int(row["seq"]), body_of(row["body"])) for row in rows]


def _original(
    connection: Connection, rollout: Rollout, log: str, run_id: str
) -> Result | None:
    """Return what the run came to that a shadow copies, as it was when it ended first."""
    if not run_id:
        return None
    entries = _entries(connection, log, run_id)
    firsts = [
        end.seq
        for end in claim_ends(entries)
        if end.status in _OVER and not end.is_outside
    ]
    return _result(connection, rollout, log, run_id, firsts[0]) if firsts else None


def _counts(ends: list[ClaimEnd], seq: int) -> bool:
    """Whether the entry of that number is the first of its kind: over, or held from outside."""
    firsts: dict[bool, int] = {}
    for end in ends:
        if end.status in _OVER and False not in firsts:
            firsts.setdefault(end.is_outside, end.seq)
    return seq in firsts.values()


def _ended(ends: list[ClaimEnd]) -> dict[str, Any]:
    """Return what the ends of its claims say of a run."""
    last = ends[-1]
    apart: Apart | None = None
    if last.is_outside:
        apart = "outside"
    if last.status == "cancelled":
        apart = "cancelled"
    return {
        "apart": apart,
        "is_stopped": any(end.is_stopped for end in ends),
    }


def _told(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the entries of a run say of its actions."""
    actions = [body for body in bodies if "action" in body and "tool" in body]
    failures = list(_failures(actions))
    verdicts = [body["state"] for body in bodies if body["event"] == "approval"]
    return {
        "is_contradicted": any(
            body.get("readback") == "contradicted" for body in actions
        ),
        "is_denied": any(
            body["state"] == "denied" and body.get("codes") != _SHADOW
            for body in actions
        ),
        "is_unfit": _UNFIT in failures,
        "is_degraded": any(
            code.startswith(_OF_MODEL) and code != _UNFIT for code in failures
        ),
        "rejected": verdicts.count("rejected"),
        "judged": len(verdicts),
        "done": frozenset(body["tool"] for body in actions if _is_done(body)),
        "spent": _sum(actions),
    }


def _is_done(body: Mapping[str, Any]) -> bool:
    """Whether the action was done, or would have been if the run were no shadow."""
    is_shadowed: bool = body.get("codes") == _SHADOW
    return is_shadowed or body["state"] == "done"


def _failures(actions: list[dict[str, Any]]) -> Iterator[str]:
    for body in actions:
        if "failure" in body:
            yield str(body["failure"])


def _sum(actions: list[dict[str, Any]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for body in actions:
        for kind, amount in body.get("spent", {}).items():
            total[kind] = total.get(kind, 0) + amount
    return total
