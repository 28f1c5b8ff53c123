"""What a route may answer beside what it is for: its problems, as the document shows them."""

from collections.abc import Mapping
from typing import Any, Final

from interlock.serving.http.problem import MEDIA, described

#: Status and an example of each problem
_EXAMPLES: Final[Mapping[str, tuple[int, str, str]]] = {
    "not_authenticated": (
        401,
        "The credential is missing or not valid.",
        "Send a valid key: Authorization: Bearer ilk_...",
    ),
    "not_permitted": (403, "'nora' may not do run.start: Nothing allows it.", ""),
    "not_found": (404, "There is no such thing.", ""),
    "evidence_changed": (409, "approval apr-1f0c9a7be2d4: it has changed.", ""),
    "voted_already": (409, "approval apr-1f0c9a7be2d4: rita has given a verdict.", ""),
    "already_claimed": (409, "approval apr-1f0c9a7be2d4: rita looks at it.", ""),
    "not_claimed": (409, "approval apr-1f0c9a7be2d4: nobody looks at it.", ""),
    "asked_already": (409, "approval apr-1f0c9a7be2d4: a question is open.", ""),
    "nothing_asked": (409, "approval apr-1f0c9a7be2d4: no question is open.", ""),
    "same_arguments": (
        422,
        "approval apr-1f0c9a7be2d4: the arguments are those that were asked about.",
        "Change one, or decide on them as they are.",
    ),
    "arguments_unfit": (
        422,
        "approval apr-1f0c9a7be2d4: the tool takes no such arguments: to.0: a string is wanted.",
        "Write all arguments as the tool takes them.",
    ),
    "in_use": (
        409,
        "the document: run-1f0c9a7be2d4 has it and has not ended.",
        "Wait until the run ends, or cancel the run.",
    ),
    "not_above": (
        422,
        "approval apr-1f0c9a7be2d4: the policy names no such role above.",
        "Name a role that `approval.escalation` names.",
    ),
    "decided_already": (409, "approval apr-1f0c9a7be2d4: it is approved.", ""),
    "expired": (409, "approval apr-1f0c9a7be2d4: it is expired, not waiting.", ""),
    "wrong_state": (409, "webhook wh-1f0c9a7be2d4: it was removed.", ""),
    "no_words": (
        409,
        "run run-1f0c9a7be2d4: its request has no words, and it is held to what its agent may do.",
        "Start a run of an agent that takes words, or change its grants.",
    ),
    "no_kind": (
        422,
        "run run-1f0c9a7be2d4: 'message.sent' is no kind of effect of a tool with a whole number.",
        "Name a kind in the `effect` of a tool of the policy, and a number or none.",
    ),
    "ended": (409, "run run-1f0c9a7be2d4: it is done.", ""),
    "not_ended": (409, "run run-1f0c9a7be2d4: it is running.", ""),
    "claimed": (409, "run run-1f0c9a7be2d4: a worker holds it.", ""),
    "nothing_to_undo": (
        409,
        "run run-1f0c9a7be2d4: it is done, and nothing takes back what it did.",
        "",
    ),
    "job_ended": (409, "job job-1f0c9a7be2d4: it is cancelled.", ""),
    "below_spend": (
        409,
        "run run-1f0c9a7be2d4: 300 of tokens are spent and reserved.",
        "Set at least that much.",
    ),
    "not_limited": (409, "tenant tenant:default: it has no such limit.", ""),
    "in_progress": (
        409,
        "A request with this Idempotency-Key is still being worked on.",
        "Send the same request again in a moment.",
    ),
    "another_in_force": (
        409,
        "Another policy is in force by now.",
        "Send the request again.",
    ),
    "not_requestable": (
        400,
        "The request for approval is not taken: nobody can approve it as things stand.",
        "Evaluate again, and ask only where context.access_request is there.",
    ),
    "invalid_denial_binding": (
        400,
        "The request for approval is not taken: the denial is not for this.",
        "Send back exactly what was evaluated, with its binding_token.",
    ),
    "unknown_task": (
        404,
        "The request for approval is not taken: there is no such task.",
        "Use the task's status_endpoint.",
    ),
    "invalid_task_state": (
        409,
        "The request for approval is not taken: the task has come to its end.",
        "Read its status, and evaluate again.",
    ),
    "expired_denial": (
        410,
        "The request for approval is not taken: the denial is too old.",
        "Evaluate again, and send the denial at once.",
    ),
    "never_in_force": (
        409,
        "release 3a1f0c9a7be2: it was never in force.",
        "Name one that was.",
    ),
    "rollout_open": (
        409,
        "release 3a1f0c9a7be2: rollout rollout-1f0c9a7b is not over, and there is one at a time.",
        "Wait, or end it.",
    ),
    "rollout_unlike": (
        409,
        "release 3a1f0c9a7be2: it is the release in force.",
        "Promote it.",
    ),
    "rollout_step": (
        422,
        "rollout by (50, 25): its steps are not rising shares of a hundred that end with 100.",
        "Write them as 1, 5, 25, 50, 100, or leave them out.",
    ),
    "rollout_moved": (
        409,
        "rollout rollout-1f0c9a7b: something else was decided about it meanwhile.",
        "Get the rollout anew, and ask again.",
    ),
    "no_rollout": (409, "a rollout: no rollout is live.", "Get the rollout anew."),
    "erased": (410, "run run-1f0c9a7be2d4: it was erased.", ""),
    "too_large": (
        413,
        "The body is larger than 1048576 bytes.",
        "Send less, or several requests.",
    ),
    "unsupported": (
        415,
        "A body of text/plain is not taken here.",
        "Send application/json or multipart/form-data.",
    ),
    "invalid": (422, "request.notify: it is no list.", "Correct the field."),
    "key_reused": (
        422,
        "Idempotency-Key: it stands for another request.",
        "Choose a new key.",
    ),
    "bad_cursor": (
        422,
        "The cursor is none of this list.",
        "Begin without one, and hand on what `next` holds.",
    ),
    "too_many": (
        429,
        "You have asked more often than 50 times a second.",
        "Wait for as long as Retry-After says.",
    ),
    "not_recorded": (
        503,
        "A guard or what it depends on is unavailable; nothing was done.",
        "Send the same request again later.",
    ),
}
#: What every route with a caller may answer
_ALWAYS: Final = (
    "not_authenticated",
    "not_permitted",
    "too_large",
    "invalid",
    "too_many",
    "not_recorded",
)
_TITLES: Final[Mapping[int, str]] = {
    400: "The request is not well formed, or nobody is asked about it",
    401: "No valid credential came with the request",
    403: "The policy does not permit it; the refusal is recorded",
    404: "There is no such thing in your tenant",
    409: "It is not as the request takes it to be",
    410: "It was erased",
    413: "The body is too large",
    415: "The body is of a kind that is not taken",
    422: "The request is not well formed",
    429: "Asked too often",
    503: "A guard failed, so nothing was done",
}


def problems(*codes: str, malformed: int = 422) -> dict[int | str, dict[str, Any]]:
    """Return the problems of a route: those of every route, and those of the *codes*.

    *malformed* is the status of a request that is not well formed.
    """
    by_status: dict[int | str, dict[str, Any]] = {}
    for code in (*_ALWAYS, *codes):
        status, detail, next_step = _EXAMPLES[code]
        status = malformed if code == "invalid" else status
        entry = by_status.setdefault(status, _entry(status))
        value = described(
            status,
            code,
            detail=detail,
            next_step=next_step,
            request_id="req-0123456789abcdef",
        )
        examples = entry["content"][MEDIA]["examples"]
        examples[code] = {"value": value.model_dump(exclude_none=True)}
    return by_status


def _entry(status: int) -> dict[str, Any]:
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {},
    }
    entry: dict[str, Any] = {
        "description": _TITLES[status],
        "content": {MEDIA: content},
    }
    if status in {429, 503}:
        entry["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait",
                "schema": {"type": "integer"},
            }
        }
    return entry
