"""Model runs: what a run did until people were asked, read from its record, to be done alike.

A canary is told from work by nothing that a reviewer can reach, so its run has the steps, the
results, the spend and the pace of a run that was real. Only such a run serves as a model: started
by itself, with one question, and with nothing before that question whose end is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, select

from interlock.runtime.canonical import Json
from interlock.runtime.policy.request import EXTERNAL, Principal
from interlock.runtime.record.store import tables
from interlock.runtime.run import canary, recorded_action
from interlock.runtime.run.question import Approval
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.runtime.run.run import Run
from interlock.runtime.run.shelf import Kept, Shelf
from interlock.serving.audit import entries
from interlock.serving.home import Home

#: One entry of the ledger, opened
Row: TypeAlias = Mapping[str, Any]
#: The entries with which an action is proposed, and those with which it ends
_PROPOSING: Final = frozenset({"step", "intent", "decision"})
_ENDING: Final = frozenset({"step", "outcome", "decision"})
#: What may have become of what was done before the question
_OVER: Final = frozenset({"done", "failed", "denied"})
#: Of the outcome of a run, what there is of it only once the question was answered
_LATER: Final = frozenset({"stopped", "error"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One call of the model run before its question, and what came of it."""

    tool: str
    arguments: Mapping[str, Any]
    #: The tools that the planner was shown which proposed it; None for a fixed step
    offered: tuple[str, ...] | None
    action: RecordedAction
    #: How long it took
    wall_ms: int
    #: What it kept on the shelf of the run, with the kind of the shelf
    kept: Sequence[tuple[str, Kept]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRun:
    """A run that was real, until it asked people."""

    run: Run
    question: Approval
    #: The person for whom it acts, in the roles with which he or she began it
    person: Principal
    #: What that person's act said
    act: dict[str, Json]
    #: Whether a worker claimed it
    queued: bool
    #: What was handed in with it, with the kind of the shelf
    submitted: Sequence[tuple[str, Kept]]
    #: The calls before the question, those together that were under way together
    stages: Sequence[Sequence[Step]]
    offered: tuple[str, ...] | None
    outcome: dict[str, Json]


async def model_run(home: Home, approval_id: str) -> ModelRun | None:
    """Return the run that asked for the approval; None where it is no model for a canary."""
    question = await home.approvals.read(approval_id)
    run = await home.runs.read(question.run_id)
    if not _is_plain(home, run):
        return None
    rows = await entries(home, run.id)
    act = next((row for row in rows if row["body"].get("tool") == "run.start"), None)
    if act is None or _first(rows, "approval_requested")["approval"] != approval_id:
        return None
    kept = await _kept(home, run)
    stages = _stages(
        rows,
        question.action_id,
        await _actions(home, run),
        kept,
    )
    if stages is None:
        return None
    return ModelRun(
        run=run,
        question=question,
        person=_person(act["payload"]["principal"]),
        act=act["payload"]["arguments"],
        queued=_first(rows, "run_started")["status"] == "queued",
        submitted=kept.get("", []),
        stages=stages,
        offered=_offered(_proposed(rows, question.action_id)),
        outcome=await _outcome(home, run),
    )


def _first(rows: Sequence[Row], event: str) -> Mapping[str, Any]:
    bodies = (row["body"] for row in rows)
    return next(body for body in bodies if body["event"] == event)


async def _outcome(home: Home, run: Run) -> dict[str, Json]:
    outcome = await home.runs.outcome(run.id) or {}
    return {name: part for name, part in outcome.items() if name not in _LATER}


def _is_plain(home: Home, run: Run) -> bool:
    """Whether it is work of an agent that is known here, and no part of a job."""
    is_known = run.agent != EXTERNAL and run.agent in home.runtime.agents
    is_alone = not run.job and not run.undoing
    return is_known and is_alone and not canary.is_canary(home.vault, run.id)


def _person(written: Mapping[str, Any]) -> Principal:
    return Principal(
        id=written["id"],
        tenant=written["tenant"],
        roles=tuple(written["roles"]),
    )


async def _actions(home: Home, run: Run) -> Mapping[str, RecordedAction]:
    def look(connection: Connection) -> Mapping[str, RecordedAction]:
        key = home.vault.key(connection, run.id)
        rows = recorded_action.of_run(connection, run.id, key)
        return {action.id: action for action in rows}

    return await home.store.read(look)


async def _kept(home: Home, run: Run) -> Mapping[str, list[tuple[str, Kept]]]:
    """Return what the run keeps, by the action that kept it."""
    records = tables.record.c
    query = select(records.kind, records.key, records.action_id).where(
        records.run_id == run.id
    )
    rows = await home.store.read(lambda connection: connection.execute(query).all())
    kept: dict[str, list[tuple[str, Kept]]] = {}
    for row in rows:
        shelf = Shelf(
            store=home.store,
            vault=home.vault,
            kind=row.kind,
        )
        thing = await shelf.read(run.id, key=row.key)
        if thing is not None:
            kept.setdefault(row.action_id, []).append((row.kind, thing))
    return kept


def _stages(
    rows: Sequence[Row],
    question: str,
    actions: Mapping[str, RecordedAction],
    kept: Mapping[str, list[tuple[str, Kept]]],
) -> list[list[Step]] | None:
    """Return the calls before the question; None where the end of one is open."""
    stages: list[list[Step]] = []
    ends: dict[str, Row] = {
        row["body"]["action"]: row for row in rows if row["body"]["event"] in _ENDING
    }
    seen: set[str] = set()
    last = -1
    for row in rows:
        body = row["body"]
        if body["event"] not in _PROPOSING or body["action"] in seen:
            continue
        if body["action"] == question:
            return stages
        seen.add(body["action"])
        action = actions[body["action"]]
        if action.state not in _OVER:
            return None
        end = ends[action.id]["body"]
        if body["seq"] > last:
            stages.append([])
        stages[-1].append(_step(row, action, end, kept.get(action.id, [])))
        last = max(last, end["seq"])
    return None


def _step(
    row: Row, action: RecordedAction, end: Row, kept: Sequence[tuple[str, Kept]]
) -> Step:
    return Step(
        tool=row["body"]["tool"],
        arguments=row["payload"]["arguments"],
        offered=_offered(row),
        action=action,
        wall_ms=end.get("spent", {}).get("wall_ms", 0),
        kept=kept,
    )


def _proposed(rows: Sequence[Row], action: str) -> Row:
    return next(
        row
        for row in rows
        if row["body"]["event"] == "decision" and row["body"]["action"] == action
    )


def _offered(row: Row) -> tuple[str, ...] | None:
    offered = row["payload"]["context"]["offered"]
    return None if offered is None else tuple(offered)
