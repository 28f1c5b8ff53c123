"""The OpenAPI document: made from the routes, with what no route says by itself."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from interlock.runtime.policy.act import Act
from interlock.serving.http.examples import example_of
from interlock.serving.http.problem import Problem
from interlock.serving.http.values.job import NewJob
from interlock.serving.http.values.run import NewRun

#: The act that the policy is asked about, by operation; it stands in the document as `x-act`
ACTS: Final[Mapping[str, Act]] = {
    "start_run": "run.start",
    "list_runs": "run.read",
    "get_run": "run.read",
    "follow_run": "run.read",
    "cancel_run": "run.cancel",
    "resume_run": "run.resume",
    "widen_run": "run.widen",
    "submit_job": "job.submit",
    "list_jobs": "job.read",
    "get_job": "job.read",
    "pause_job": "job.pause",
    "resume_job": "job.resume",
    "retry_job": "job.retry",
    "cancel_job": "job.cancel",
    "get_results": "record.export",
    "hand_in_document": "document.keep",
    "erase_document": "document.erase",
    "list_readings": "document.open",
    "list_documents": "document.open",
    "get_document": "document.open",
    "get_text": "document.open",
    "list_approvals": "approval.read",
    "get_approval": "approval.read",
    "decide_approval": "approval.decide",
    "edit_approval": "approval.edit",
    "claim_approval": "approval.claim",
    "release_approval": "approval.release",
    "delegate_approval": "approval.delegate",
    "escalate_approval": "approval.escalate",
    "ask_about_approval": "approval.ask",
    "answer_about_approval": "approval.answer",
    "list_decisions": "run.read",
    "get_log": "ledger.read",
    "list_entries": "ledger.read",
    "list_checkpoints": "ledger.read",
    "prove_inclusion": "ledger.read",
    "prove_consistency": "ledger.read",
    "export_log": "ledger.export",
    "list_policies": "policy.read",
    "get_policy": "policy.read",
    "list_releases": "release.read",
    "get_release": "release.read",
    "compare_release": "release.read",
    "promote_release": "release.promote",
    "roll_back_release": "release.rollback",
    "list_rollouts": "release.read",
    "get_rollout": "release.read",
    "start_rollout": "rollout.start",
    "pause_rollout": "rollout.turn",
    "resume_rollout": "rollout.resume",
    "stop_rollout": "rollout.turn",
    "list_budgets": "budget.read",
    "get_budget": "budget.read",
    "raise_budget": "budget.raise",
    "set_budget": "budget.set",
    "metrics": "metrics.read",
    "get_quality": "quality.read",
    "get_own_quality": "quality.own",
    "access_evaluation": "access.evaluate",
    "access_evaluations": "access.evaluate",
    "access_request": "access.request",
    "access_task": "access.read",
    "cancel_access_task": "access.cancel",
    "add_webhook": "webhook.add",
    "list_webhooks": "webhook.read",
    "get_webhook": "webhook.read",
    "remove_webhook": "webhook.remove",
    "rotate_webhook": "webhook.rotate",
    "ping_webhook": "webhook.ping",
    "list_deliveries": "webhook.read",
    "resend_delivery": "webhook.resend",
}
_ABOUT: Final = """\
Agents that do real work under policy rails. Every change is an act of yours: the policy decides
about it, the decision is recorded, and only then is it done. The act of each operation is its
`x-act`. Everything you see and change is of your tenant; what is of another tenant is not there.

Errors are RFC 9457 problems: `code` is for programs and never changes, `next_step` says what to do.
Lists are pages: hand `next` on as `cursor`. Numbers that are times are Unix seconds.
"""
_REF: Final = "#/components/schemas/{model}"
_JSON: Final = "application/json"


def documented(app: FastAPI) -> None:
    """Let *app* answer with the whole document."""
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # as FastAPI documents it


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document; made once for an application."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=_ABOUT,
            routes=app.routes,
        )
        schemas = made["components"]["schemas"]
        for model in (Problem, NewRun, NewJob):
            schema = model.model_json_schema(ref_template=_REF)
            schemas |= schema.pop("$defs", {})
            schemas[model.__name__] = schema
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for operation in operations(made):
            _drop_unmeant(operation)
            _complete(operation, schemas)
        app.openapi_schema = made
    return app.openapi_schema


def operations(made: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every operation of the document."""
    for path in made["paths"].values():
        yield from path.values()


def _drop_unmeant(operation: dict[str, Any]) -> None:
    """Drop the answer that FastAPI assumes where a route has another status for it."""
    assumed = operation["responses"].get("422", {}).get("content", {})
    if _JSON in assumed:
        del operation["responses"]["422"]


def _complete(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Name the act of the operation, and give its answers examples."""
    name = operation["operationId"]
    if name in ACTS:
        operation["x-act"] = ACTS[name]
    for answer in operation["responses"].values():
        content = answer.get("content", {}).get(_JSON)
        if content is not None and "example" not in content:
            content["example"] = example_of(content["schema"], schemas)
