"""`/access/v1`: OpenID AuthZEN, for applications outside that ask before they act."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Request
from fastapi.responses import JSONResponse

from interlock.serving.access.access import Access
from interlock.serving.access.handle import ROOT, metadata, told
from interlock.serving.http.caller import HomeOf, PersonOf
from interlock.serving.http.documented import problems
from interlock.serving.http.values.run import Key

router = APIRouter(tags=["access"])
#: The status that AuthZEN has for a request that is not well formed
_MALFORMED: Final = 400
_QUESTION: Final[dict[str, Any]] = {
    "subject": {"type": "user", "id": "rick"},
    "action": {"name": "todo.delete"},
    "resource": {"type": "todo", "id": "1"},
}
_DENIAL: Final[dict[str, Any]] = {
    "evaluation_id": "eval-0123456789abcdef01234567",
    "expires_at": "2026-11-27T06:30:00Z",
    "binding_token": "eyJhbGciOiJFZDI1NTE5In0.e30.c2lnbmF0dXJl",
}
Question = Annotated[dict[str, Any], Body(examples=[_QUESTION])]
Questions = Annotated[
    dict[str, Any],
    Body(examples=[_QUESTION | {"evaluations": [{"action": {"name": "todo.read"}}]}]),
]
Submission = Annotated[dict[str, Any], Body(examples=[_QUESTION | {"denial": _DENIAL}])]
TaskId = Annotated[str, Path(max_length=64, description="The id of the task")]


@router.get("/.well-known/authzen-configuration")
async def access_metadata(request: Request) -> dict[str, Any]:
    """Say where the endpoints of the policy decision point are."""
    return metadata(_base(request))


@router.get(f"{ROOT}/jwks")
async def access_keys(home: HomeOf) -> dict[str, Any]:
    """Give the keys with which the signed tokens can be checked."""
    return Access.over(home).signer.keys()


@router.post(f"{ROOT}/evaluation", responses=problems(malformed=_MALFORMED))
async def access_evaluation(
    question: Question, home: HomeOf, asking: PersonOf
) -> dict[str, Any]:
    """Answer whether a subject may do something; the answer is recorded first.

    A denial is an answer: its status is 200. Where `context.access_request` is there, people may be
    asked.
    """
    return await Access.over(home).evaluate(question, asker=asking)


@router.post(f"{ROOT}/evaluations", responses=problems(malformed=_MALFORMED))
async def access_evaluations(
    questions: Questions, home: HomeOf, asking: PersonOf
) -> dict[str, Any]:
    """Answer many questions, with the parts beside the list as their defaults."""
    return await Access.over(home).evaluate_all(questions, asker=asking)


@router.post(
    f"{ROOT}/requests",
    status_code=202,
    responses=problems(
        "not_requestable",
        "invalid_denial_binding",
        "expired_denial",
        "unknown_task",
        "key_reused",
        malformed=_MALFORMED,
    ),
)
async def access_request(
    submission: Submission,
    request: Request,
    home: HomeOf,
    asking: PersonOf,
    key: Key = "",
) -> JSONResponse:
    """Put a requestable denial before people; the same denial gives the same task.

    An `Idempotency-Key` stands for one request and no other.
    """
    access = Access.over(home)
    task = await access.request(submission, asker=asking, key=key)
    written = told(task, access.signer, base=_base(request))
    place = written["task"]["status_endpoint"]
    return JSONResponse(written, status_code=202, headers={"Location": place})


@router.get(
    f"{ROOT}/requests/{{task_id}}",
    responses=problems("unknown_task", malformed=_MALFORMED),
)
async def access_task(
    task_id: TaskId, request: Request, home: HomeOf, asking: PersonOf
) -> dict[str, Any]:
    """Show where a task stands; approved, with what to evaluate again with."""
    access = Access.over(home)
    task = await access.task(task_id, asker=asking)
    return told(task, access.signer, base=_base(request))


@router.post(
    f"{ROOT}/requests/{{task_id}}/cancel",
    responses=problems("unknown_task", "invalid_task_state", malformed=_MALFORMED),
)
async def cancel_access_task(
    task_id: TaskId, request: Request, home: HomeOf, asking: PersonOf
) -> dict[str, Any]:
    """Take a pending task back."""
    access = Access.over(home)
    task = await access.cancel(task_id, asker=asking)
    return told(task, access.signer, base=_base(request))


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
