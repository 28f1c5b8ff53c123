"""What is shown of a run: one object, the same for JSON, terminal and page."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from interlock.runtime.door.outcome import failure_of
from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.record.ledger import Ledger
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import level, recorded_action, undo
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.runtime.run.run import Run, row_of
from interlock.runtime.run.runs import Runs
from interlock.serving.unsettled import unsettled

#: What is shown of a review, and what stands there when there is none
REVIEW: Final[dict[str, Any]] = {
    "findings": [],
    "possible": [],
    "more": {},
    "unsupported": [],
    "unread": 0,
    "side": None,
    "inventory": None,
    "risk": None,
    "consulted": None,
}
SHOWN: Final = ("digest", "name", "chars", "pages")
BASIS_POINTS: Final = (
    10_000  # of one: how the record keeps a confidence, without floats
)


class Readable(Protocol):
    """What a view reads: a storage, or a home that has one."""

    @property
    def store(self) -> Store:
        """The database."""
        ...

    @property
    def vault(self) -> Vault:
        """The keys."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The audit record."""
        ...

    @property
    def runs(self) -> Runs:
        """The runs."""
        ...

    @property
    def approvals(self) -> Approvals:
        """What waits, or waited, for a person."""
        ...


async def view(home: Readable, run_id: str) -> dict[str, Any]:
    """Return the run as plain data: request, result, decisions, what waits, spend, ledger head.

    An erased run has its dates and nothing else. Raises `NotFound`.
    """
    try:
        run = await _asked_for(home, run_id)
    except BadInput as error:
        if error.code != "erased":
            raise
        return await _erased(home, run_id)
    outcome = await home.runs.outcome(run_id) or {}
    actions, spent = await _recorded(home, run)
    waiting = await home.approvals.list(run=run_id, state="waiting")
    head = await home.ledger.head(run.tenant)
    return {
        **_request(run),
        "document": _document(run, outcome),
        **{
            name: shares(outcome.get(name, nothing)) for name, nothing in REVIEW.items()
        },
        "answer": outcome.get("answer"),
        **_acted(actions),
        "unknown": await unsettled(home, run.id, actions),
        "undo": _undo(actions) if run.undoing else None,
        "waiting": [approval.id for approval in waiting],
        "spend": asdict(spent.facts),
        "ledger": {"size": head.size, "root": head.root},
        "stopped": _error(outcome) or outcome.get("stopped"),
    }


async def _asked_for(home: Readable, run_id: str) -> Run:
    """Return the run, which somebody asked for; raises as `Runs.read` does."""
    run = await home.runs.read(run_id)
    if run.shadow:
        raise NotFound(
            kind="run",
            name=run.id,
            next_step=f"A copy of {run.shadow} is no result: look at that run.",
        )
    return run


async def _recorded(
    home: Readable, run: Run
) -> tuple[list[RecordedAction], level.Budget]:
    """Return the actions of the run and its budget, as they are at one moment."""

    def look(connection: Connection) -> tuple[list[RecordedAction], level.Budget]:
        key = home.vault.key(connection, run.id)
        actions = recorded_action.of_run(connection, run.id, key)
        return actions, level.read(connection, run.budget_id)

    return await home.store.read(look)


def _request(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "status": run.status,
        "agent": run.agent,
        "job": run.job or None,
        "priority": run.priority,
        "for": run.principal.on_behalf_of or "",
        "created": run.created,
        "intent": run.intent,
        "release": run.release or None,
    }


def _document(run: Run, outcome: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown of the document: only its path until the document was read."""
    document = outcome.get("document")
    if not document:
        return {"path": run.request.get("path")}
    return {name: document[name] for name in SHOWN}


def _acted(actions: Sequence[RecordedAction]) -> dict[str, Any]:
    """Return what was decided on, and whether a report came of it."""
    return {
        "report": _has_report(actions),
        "decisions": [decision(action) for action in actions],
    }


def _has_report(actions: Sequence[RecordedAction]) -> bool:
    """Whether a report was written and is not withdrawn."""
    undone = {action.undoes for action in actions if action.state == "done"}
    return any(
        action.tool == "report.write"
        and action.state == "done"
        and action.id not in undone
        for action in actions
    )


def _undo(actions: Sequence[RecordedAction]) -> dict[str, Any]:
    """Return which effects of a cancelled run are undone, and which are not, with the code."""
    effects = [asdict(effect) for effect in undo.effects(actions)]
    return {
        "undone": [effect for effect in effects if not effect["code"]],
        "not_undone": [effect for effect in effects if effect["code"]],
    }


async def _erased(home: Readable, run_id: str) -> dict[str, Any]:
    row = await home.store.read(lambda connection: row_of(connection, run_id))
    return {
        "run_id": run_id,
        "status": "erased",
        "agent": row["agent"],
        "job": row["job"] or None,
        "priority": row["priority"],
        "for": "",
        "created": row["created"],
        "release": row["release"] or None,
        "document": {},
        **REVIEW,
        "answer": None,
        "report": False,
        "decisions": [],
        "unknown": [],
        "undo": None,
        "waiting": [],
        "spend": None,
        "stopped": None,
    }


def shares(value: Any) -> Any:
    """Return *value* with every confidence in it as a share of one."""
    if isinstance(value, list):
        return [shares(part) for part in value]
    if not isinstance(value, dict):
        return value
    parts = {name: shares(part) for name, part in value.items()}
    if "confidence" in parts:
        parts["confidence"] /= BASIS_POINTS
    return parts


def decision(step: RecordedAction) -> dict[str, Any]:
    """Return one decision.

    *state* is what became of the action since, *failure* why nothing did. *readback* is what was
    seen of what an effect should have left. *undoes* is the action whose effect this one takes
    back. *late* is what a worker reported that had lost the run by then.
    """
    failure = failure_of(step)
    reasons = [
        {
            "code": reason.code,
            "rule": reason.rule,
            "message": reason.message,
        }
        for reason in step.reasons
    ]
    return {
        "id": step.id,
        "tool": step.tool,
        "class": step.action_class,
        "effect": step.effect,
        "state": step.state,
        "reasons": reasons,
        "revision": step.revision,
        "failure": failure and {"code": failure[0], "detail": failure[1]},
        "readback": step.readback or None,
        "undoes": step.undoes or None,
        "late": step.late or None,
    }


def _error(outcome: dict[str, Any]) -> dict[str, str] | None:
    if "error" not in outcome:
        return None
    return {
        "step": "",
        "kind": "guard",
        "code": "guard",
        "why": str(outcome["error"]),
    }
