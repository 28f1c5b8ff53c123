"""Handles: a task as an application is told it."""

from interlock.serving.access import answer
from interlock.serving.access.answer import Document
from interlock.serving.access.binding import Signer
from interlock.serving.access.tasks import Task

#: Where the endpoints stand, below the address of the service
ROOT = "/access/v1"
CAPABILITY = "urn:openid:authzen:capability:access-request"


def told(task: Task, signer: Signer, *, base: str) -> Document:
    """Return the *task* as the draft writes it; its endpoints begin with *base*."""
    place = f"{base}/access/v1/requests/{task.id}"
    handle: Document = {
        "id": task.id,
        "status": task.status,
        "status_endpoint": place,
    }
    approval = task.approval
    if task.status == "pending":
        handle["links"] = {"cancel": f"{place}/cancel"}
    if approval is not None and task.status == "pending":
        handle["expires_at"] = answer.moment(approval.expires)
        handle["display"] = {
            "title": f"Waits for somebody with the role {approval.role}"
        }
    if approval is None or task.status != "approved":
        return {"task": handle}
    state = signer.signed("approval", task.bound, now=approval.created)
    result = {
        "mode": "reevaluate",
        "approval": {
            "id": approval.id,
            "approved_until": answer.moment(approval.expires),
            "state": state,
        },
    }
    return {"task": handle, "result": result}


def metadata(base: str) -> Document:
    """Return what a service at the address *base* says of itself."""
    return {
        "policy_decision_point": base,
        "access_evaluation_endpoint": f"{base}{ROOT}/evaluation",
        "access_evaluations_endpoint": f"{base}{ROOT}/evaluations",
        "access_request_endpoint": f"{base}{ROOT}/requests",
        "jwks_uri": f"{base}{ROOT}/jwks",
        "capabilities": [CAPABILITY],
    }
