"""The requests that a probe starts from: ordinary ones, for the tools of this installation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import (
    Any,
    Final,
    Literal,
    TypeAlias,
)

from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest, ApprovalFact
from interlock.serving.policy.ordinary import (
    NOW,
    PERSON,
    REQUESTER,
    at,
    ordinary,
)

#: The names of the requests that probes start from
Start: TypeAlias = Literal[
    "look",  # reads something
    "write",
    "mail",  # waits for a person
    "approved",  # an action that another person approved
    "trusted",  # reads; the arguments must come from the request of the run
    "verdict",  # a person's decision on an approval
    "cancel",  # a person ends a run
    "promote",  # a person puts a release in force
]
#: The policy's entry of a tool, and the request -> whether a probe may start from the request
Fits: TypeAlias = Callable[[Any, AccessRequest], bool]


def installed(
    bundle: Bundle,
    tools: Mapping[str, AnyTool],
    *,
    tenant: str,
) -> list[AccessRequest]:
    """Return the ordinary requests for people's acts and for *tools*.

    The request for a tool states the class and the schema of the tool's code.
    """
    requests = []
    for request in ordinary(bundle, tenant=tenant):
        name = request.action.tool
        if request.context.subject is not None:
            requests.append(request)
        elif name in tools:
            requests.append(_as_installed(request, tools[name]))
    return requests


def starts(
    bundle: Bundle,
    tools: Mapping[str, AnyTool],
    *,
    tenant: str,
) -> dict[Start, AccessRequest]:
    """Return the requests that probes can start from here, by the name of the start.

    A start is missing when it fits no tool that is installed and granted to a role.
    """
    config = at(bundle.data, "rails", "config")
    role = at(config, "approval", "role")
    chosen: dict[Start, AccessRequest] = {}
    for request in installed(bundle, tools, tenant=tenant):
        rules = at(config, "tools", request.action.tool)
        for start, fits in _FITS.items():
            if start not in chosen and fits(rules, request):
                chosen[start] = request
    if "approved" in chosen:
        chosen["approved"] = _approved(chosen["approved"], role)
    elif "write" in chosen:
        chosen["approved"] = _supervised(chosen["write"], role)
    return chosen


def _looks(rules: Any, request: AccessRequest) -> bool:
    return rules is not None and request.action.action_class in {"pure", "read"}


def _writes(rules: Any, request: AccessRequest) -> bool:
    return rules is not None and request.action.action_class == "write"


def _mails(rules: Any, request: AccessRequest) -> bool:
    return request.resource.type == "mail"


def _waits(rules: Any, request: AccessRequest) -> bool:
    return rules is not None and request.action.action_class == "irreversible"


def _trusts(rules: Any, request: AccessRequest) -> bool:
    if at(rules, "egress") != "none":
        return False
    return bool(at(rules, "trusted_arguments"))


def _decides(rules: Any, request: AccessRequest) -> bool:
    return request.action.tool == "approval.decide"


def _cancels(rules: Any, request: AccessRequest) -> bool:
    return request.action.tool == "run.cancel"


def _promotes(rules: Any, request: AccessRequest) -> bool:
    return request.action.tool == "release.promote"


_FITS: Final[Mapping[Start, Fits]] = {
    "look": _looks,
    "write": _writes,
    "mail": _mails,
    "approved": _waits,
    "trusted": _trusts,
    "verdict": _decides,
    "cancel": _cancels,
    "promote": _promotes,
}


def _as_installed(request: AccessRequest, tool: AnyTool) -> AccessRequest:
    action = replace(request.action, action_class=tool.action_class)
    context = replace(request.context, tool_schema=schema_digest(tool))
    return replace(request, action=action, context=context)


def _approved(request: AccessRequest, role: object) -> AccessRequest:
    """Return the request with a valid verdict of another person."""
    verdict = ApprovalFact(
        id="probe",
        verdict="approved",
        reviewer=PERSON,
        reviewer_roles=(str(role),),
        requester=REQUESTER,
        expires=NOW + 60,
        revision=request.context.run.revision,
        used=False,
        seat=str(role),
        role=str(role),
    )
    context = replace(request.context, approvals=(verdict,))
    return replace(request, context=context)


def _supervised(request: AccessRequest, role: object) -> AccessRequest:
    """Return the approved write of a run that may do nothing alone, so the write had to wait."""
    run = replace(request.context.run, autonomy=1)
    context = replace(request.context, run=run)
    supervised = replace(request, context=context)
    return _approved(supervised, role)
