"""What is shown of a run: one object, the same for JSON, terminal and page."""

from dataclasses import asdict
from typing import Any

from interlock.runtime.door.outcome import failure_of
from interlock.runtime.run import action, budget
from interlock.runtime.run.action import Action
from interlock.serving.home import Home
from interlock.tools.contracts.extraction import CERTAIN

SHOWN = ("digest", "name", "chars", "pages")


async def view(home: Home, run_id: str) -> dict[str, Any]:
    """Return the run as plain data: document, findings, risk, decisions, waiting approvals, spend and ledger head.

    Raises `NotFound`.
    """
    run = await home.runs.read(run_id)
    outcome = await home.runs.outcome(run_id) or {}
    actions = await home.store.read(
        lambda connection: action.of_run(connection, run_id, home.vault.key(connection, run_id))
    )
    spent = await home.store.read(lambda connection: budget.read(connection, run.budget_id))
    waiting = [each for each in await home.approvals.list(state="waiting") if each.run_id == run_id]
    head = await home.ledger.head(run.tenant)
    document: Any = outcome.get("document") or {}
    risk: Any = outcome.get("risk")
    return {
        "run_id": run.id,
        "status": run.status,
        "document": {name: document[name] for name in SHOWN}
        if document
        else {"path": run.request.get("path")},
        "findings": [finding(each) for each in _list(outcome.get("findings"))],
        "risk": risk,
        "decisions": [decision(each) for each in actions],
        "waiting": [each.id for each in waiting if each.state == "waiting"],
        "spend": {
            "limits": asdict(spent.facts.limits),
            "spent": asdict(spent.facts.spent),
            "reserved": asdict(spent.facts.reserved),
        },
        "ledger": {"size": head.size, "root": head.root},
        "stopped": _error(outcome) or outcome.get("stopped"),
    }


def finding(clause: dict[str, Any]) -> dict[str, Any]:
    """Return a clause with its confidence as a share of one."""
    return clause | {"confidence": clause["confidence"] / CERTAIN}


def decision(each: Action) -> dict[str, Any]:
    """Return one decision; *state* is what became of the action since, *failure* why nothing did."""
    failure = failure_of(each)
    reasons = [{"code": why.code, "rule": why.rule, "message": why.message} for why in each.reasons]
    return {
        "id": each.id,
        "tool": each.tool,
        "class": each.action_class,
        "effect": each.effect,
        "state": each.state,
        "reasons": reasons,
        "revision": each.revision,
        "failure": failure and {"code": failure[0], "detail": failure[1]},
    }


def _error(outcome: dict[str, Any]) -> dict[str, str] | None:
    if "error" not in outcome:
        return None
    return {"step": "", "kind": "guard", "code": "guard", "why": str(outcome["error"])}


def _list(value: Any) -> list[dict[str, Any]]:
    return list(value or [])
