"""Problems: every error as RFC 9457 has it, with a code for programs and the next step for people.

The one place where an error of ours becomes a status. What is no error of ours is a defect: its
text stays in the log, under the id that the problem names.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from pydantic import BaseModel, Field

from interlock.runtime.errors import (
    BadInput,
    Code,
    Erased,
    Fenced,
    GuardFailed,
    InterlockError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Tampered,
)
from interlock.runtime.run.difference import EvidenceChanged
from interlock.serving.access.problem import AccessProblem
from interlock.serving.access.query import Malformed
from interlock.serving.http.refusal import RequestRefused, Why

MEDIA: Final = "application/problem+json"
#: Seconds after which a guard that failed may be there again
_AGAIN_S: Final = 5
#: What was handed in cannot be used
STATUS_OF_INPUT: Final[Mapping[Code, int]] = {
    "invalid": 422,
    "not_found": 404,
    "nobody": 422,
    "own_request": 403,
    "own_edit": 403,
    "same_arguments": 422,
    "arguments_unfit": 422,
    "wrong_tenant": 404,
    "role_missing": 403,
    "note_missing": 422,
    "evidence_changed": 409,
    "decided_already": 409,
    "voted_already": 409,
    "already_claimed": 409,
    "not_claimed": 409,
    "not_above": 422,
    "asked_already": 409,
    "nothing_asked": 409,
    "not_requester": 403,
    "expired": 409,
    "not_waiting": 409,
    "not_alike": 409,
    "wrong_state": 409,
    "may_still_act": 409,
    "ambiguous": 422,
    "claimed": 409,
    "ended": 409,
    "not_ended": 409,
    "priority": 422,
    "below_spend": 409,
    "not_limited": 409,
    "nothing_to_undo": 409,
    "job_ended": 409,
    "taken_already": 409,
    "duplicate": 409,
    "unconfirmed": 422,
    "pinned_already": 409,
    "no_words": 409,
    "no_kind": 422,
    "no_model": 503,
    "never_in_force": 409,
    "rollout_moved": 409,
    "rollout_open": 409,
    "no_rollout": 409,
    "rollout_unlike": 409,
    "rollout_step": 422,
    "release_in_force": 409,
    "another_in_force": 409,
    "erased": 410,
    "key_reused": 422,
    "in_use": 409,
}
#: The request is not taken
STATUS_OF_REQUEST: Final[Mapping[Why, int]] = {
    "host_unknown": 421,
    "too_large": 413,
    "unsupported": 415,
    "too_many": 429,
    "in_progress": 409,
    "bad_cursor": 422,
}
#: The first class that an error is decides
STATUS_OF_CLASS: Final[tuple[tuple[type[InterlockError], int], ...]] = (
    (NotAuthenticated, 401),
    (NotPermitted, 403),
    (Erased, 410),
    (Fenced, 409),
    (GuardFailed, 503),
)
TITLES: Final[Mapping[int, str]] = {
    400: "Not taken",
    401: "Not authenticated",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported",
    421: "Misdirected",
    422: "Invalid",
    429: "Too many requests",
    500: "Defect",
    503: "Unavailable",
}
#: What to do next, by code, in the words of the API; for other codes the error says so itself
_NEXT: Final[Mapping[str, str]] = {
    "not_found": "Check the id; list what there is.",
    "not_permitted": "Ask somebody whose role grants it.",
    "evidence_changed": "Get the approval anew and look at its evidence again.",
    "voted_already": "Let somebody else decide what is still open.",
    "not_claimed": "Get the approval to see who looks at it.",
    "nothing_asked": "Get the approval to see what was asked.",
    "decided_already": "Get the approval to see what was decided.",
    "expired": "Nothing can be decided any more; the run says so to its agent.",
    "not_waiting": "Get the approval to see what became of it.",
    "not_alike": "Decide them one by one.",
    "claimed": "Wait until the worker ends its step.",
    "ended": "Start a new run.",
    "not_ended": "Cancel the run first.",
    "nothing_to_undo": "Look at the run: each effect says why it stands.",
    "job_ended": "Submit a new job.",
    "erased": "The ledger keeps what was done; nothing else is left.",
}


class Changed(BaseModel):
    """One field of the evidence, as it was shown and as it is now."""

    field: str
    before: str
    now: str


class Problem(BaseModel):
    """Why a request was not fulfilled, after RFC 9457."""

    type: str = Field(description="A URN that ends with the code")
    title: str = Field(description="The kind of problem, the same for each status")
    status: int = Field(description="The status of the answer")
    detail: str = Field(description="What is the matter, for people")
    code: str = Field(description="What is the matter, for programs; it never changes")
    codes: list[str] | None = Field(
        None, description="All codes of the policy, where the policy said no"
    )
    approval: str | None = Field(
        None, description="The approval that waits, where the evidence has changed"
    )
    differences: list[Changed] | None = Field(
        None, description="What is other now than what was shown to you"
    )
    field: str | None = Field(None, description="The part of the request at fault")
    next_step: str = Field(description="What to do about it")
    request_id: str = Field(description="The id of the request, as in X-Request-Id")


def described(
    status: int,
    code: str,
    *,
    detail: str,
    next_step: str,
    request_id: str,
    codes: tuple[str, ...] = (),
    field: str | None = None,
) -> Problem:
    """Return the problem of that status and code."""
    return Problem(
        type=f"urn:interlock:problem:{code}",
        title=TITLES.get(status, "Problem"),
        status=status,
        detail=detail,
        code=code,
        codes=list(codes) or None,
        approval=None,
        differences=None,
        field=field,
        next_step=_NEXT.get(code, next_step),
        request_id=request_id,
    )


def status_of(error: InterlockError) -> int:
    """Return the status of the answer to *error*; 500 for one that no request can bring about."""
    if isinstance(error, AccessProblem):
        return error.status
    if isinstance(error, RequestRefused):
        return STATUS_OF_REQUEST[error.code]
    if isinstance(error, BadInput):
        is_malformed = isinstance(error, Malformed)
        return 400 if is_malformed else STATUS_OF_INPUT[error.code]
    if _is_elsewhere(error):
        return STATUS_OF_INPUT["not_found"]
    for kind, status in STATUS_OF_CLASS:
        if isinstance(error, kind):
            return status
    return 500


def problem_of(error: InterlockError, *, request_id: str) -> Problem:
    """Return the problem that tells *error*; a guard's failure tells no more than its code.

    What belongs to another tenant is told as what is not there.
    """
    status = status_of(error)
    if isinstance(error, AccessProblem):
        return _of_access(error, request_id)
    if status == STATUS_OF_INPUT["not_found"]:
        return _not_found(error, request_id)
    if isinstance(error, EvidenceChanged):
        return _of_change(error, status, request_id)
    if isinstance(error, NotPermitted):
        return described(
            status,
            "not_permitted",
            detail=_act_of(error),
            next_step="",
            request_id=request_id,
            codes=error.codes,
        )
    if isinstance(error, BadInput):
        detail, next_step = f"{error.what}: {error.why}.", error.next_step
    elif isinstance(error, RequestRefused):
        detail, next_step = error.why, error.next_step
    elif isinstance(error, NotAuthenticated):
        detail = "The credential is missing or not valid."
        next_step = "Send a valid key: Authorization: Bearer ilk_..."
    else:
        detail = "A guard or what it depends on is unavailable; nothing was done."
        next_step = "Send the same request again later."
    return described(
        status,
        error.code,
        detail=detail,
        next_step=next_step,
        request_id=request_id,
        field=_field_of(error),
    )


def headers_of(error: InterlockError) -> dict[str, str]:
    """Return the headers that the answer to *error* needs."""
    if isinstance(error, NotAuthenticated):
        return {"WWW-Authenticate": 'Bearer realm="interlock"'}
    if isinstance(error, RequestRefused) and error.retry_after:
        return {"Retry-After": str(error.retry_after)}
    is_away = isinstance(error, GuardFailed) and not isinstance(error, Tampered)
    if is_away and status_of(error) == 503:  # noqa: PLR2004 - the status says it
        return {"Retry-After": str(_AGAIN_S)}
    return {}


def _of_change(error: EvidenceChanged, status: int, request_id: str) -> Problem:
    """Return the problem with what is other, as far as that is known."""
    problem = described(
        status,
        error.code,
        detail=f"{error.what}: {error.why}.",
        next_step=error.next_step,
        request_id=request_id,
    )
    changes = [Changed.model_validate(asdict(one)) for one in error.differences]
    more = {"approval": error.approval, "differences": changes or None}
    return problem.model_copy(update=more)


def _of_access(error: AccessProblem, request_id: str) -> Problem:
    """Return the problem in the words of the AuthZEN draft, whose type is its own."""
    problem = described(
        error.status,
        error.code,
        detail=f"The request for approval is not taken: {error.why}.",
        next_step=error.next_step,
        request_id=request_id,
    )
    return problem.model_copy(update={"type": error.type})


def _is_elsewhere(error: InterlockError) -> bool:
    return isinstance(error, NotPermitted) and "wrong_tenant" in error.codes


def _not_found(error: InterlockError, request_id: str) -> Problem:
    kind = error.kind if isinstance(error, NotFound) else "thing"
    kind = "thing" if kind not in {"agent", "log"} else kind
    name = f" {error.name!r}" if isinstance(error, NotFound) and kind == "agent" else ""
    return described(
        404,
        "not_found",
        detail=f"There is no such {kind}{name}.",
        next_step="",
        request_id=request_id,
    )


def _field_of(error: InterlockError) -> str | None:
    """Return the part of the request that *error* says is at fault."""
    field = error.data.get("field") if isinstance(error, BadInput) else None
    return None if field is None else str(field)


def _act_of(error: NotPermitted) -> str:
    return str(error)
