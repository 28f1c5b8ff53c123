"""First rows: the row of a run or an approval as the entry that begins one says it must be."""

from interlock.runtime.record.entry_values import committed, same, sealed
from interlock.runtime.record.spend import Values


def of_run(log: str, run_id: str, body: Values) -> Values:
    """Return the first row of the run that *body* begins."""
    return {
        "id": run_id,
        "tenant": log,
        "label": committed(run_id, body["label"]),
        "budget_id": body["budget"],
        "attempts": body["fence"],
        "refusals": 0,
        "outcome": None,
        "created": body["at"],
        "updated": body["at"],
        **same(body, "agent", "status", "autonomy", "revision", "fence"),
        **sealed(body),
    }


def of_approval(log: str, run_id: str, body: Values) -> Values:
    """Return the row of the approval that *body* asks for."""
    return {
        "id": body["approval"],
        "run_id": run_id,
        "action_id": body["action"],
        "tenant": log,
        "digest": committed(run_id, body["bind"]),
        "evidence_digest": committed(run_id, body["evidence"]),
        "state": "waiting",
        "reviewer": None,
        "reviewer_roles": None,
        "note": None,
        "created": body["at"],
        "decided": 0,
        **same(body, "tool", "revision", "role", "expires"),
        **sealed(body),
    }
