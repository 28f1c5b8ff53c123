"""Why an action was decided as it was, and how another policy would decide the same request."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine import DecisionPoint
from interlock.serving.policy.replay import recorded


async def explained(
    entries: Iterable[Mapping[str, Any]], action_id: str, point: DecisionPoint
) -> dict[str, Any]:
    """Return the recorded decision on one action and the one that *point* gives now.

    *entries* are those of the ledger, *action_id* is an id or its beginning. Raises `NotFound`
    when no recorded decision has such an id, `BadInput` when several actions have. An action that
    was decided again, after its verdict, is explained by its newest decision.
    """
    of_action = [entry for entry in entries if _is_of(entry, action_id)]
    newest = _newest(of_action, action_id)
    body = newest["body"]
    payload = newest["payload"]
    states = [entry["body"]["state"] for entry in of_action if "state" in entry["body"]]
    now = await point.decide(recorded(body, payload))
    return {
        "action": body["action"],
        "tool": body["tool"],
        "arguments": payload["arguments"],
        "recorded": {
            "effect": body["effect"],
            "state": states[-1],
            "revision": body["revision"],
            "reasons": payload["reasons"],
        },
        "now": _shown(now),
    }


def _newest(
    of_action: Sequence[Mapping[str, Any]], action_id: str
) -> Mapping[str, Any]:
    """Return the entry of the newest decision; raises as `explained` does."""
    decisions = [entry for entry in of_action if "context" in (entry["payload"] or {})]
    ids = {str(entry["body"]["action"]) for entry in decisions}
    if not decisions:
        next_step = "See the ids with `interlock run show RUN --json`."
        raise NotFound(
            kind="action",
            name=action_id,
            next_step=next_step,
        )
    if len(ids) > 1:
        raise BadInput(
            what=f"action {action_id!r}",
            why=f"{len(ids)} actions begin so",
            next_step="Write more of its id.",
            code="ambiguous",
        )
    return decisions[-1]


def _is_of(entry: Mapping[str, Any], action_id: str) -> bool:
    if not action_id:
        return False
    action = str(entry["body"].get("action") or "")
    return action.startswith(action_id)


def _shown(decision: Decision) -> dict[str, Any]:
    return {
        "effect": decision.effect,
        "revision": decision.revision,
        "obligations": [obligation.kind for obligation in decision.obligations],
        "reasons": [
            {
                "code": reason.code,
                "rule": reason.rule,
                "message": reason.message,
            }
            for reason in decision.reasons
        ],
    }
