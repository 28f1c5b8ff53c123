"""The requests that a probe starts from: ordinary ones, for the tools of this installation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest, ApprovalFact
from interlock.serving.policy.ordinary import NOW, PERSON, REQUESTER, at, ordinary

#: A look at something; a write; a mail that waits; an action that somebody approved; a look whose
#: arguments must come from the request itself; a person's verdict; a person who ends a run
Start: TypeAlias = Literal["look", "write", "mail", "approved", "trusted", "verdict", "cancel"]
#: The policy's entry of a tool, and the request -> whether a probe may start from the request
Fits: TypeAlias = Callable[[Any, AccessRequest], bool]


def installed(bundle: Bundle, tools: Mapping[str, AnyTool], *, tenant: str) -> list[AccessRequest]:
    """Return the ordinary requests for acts and for *tools*.

    The class and the schema of a tool are those of its code.
    """
    requests = []
    for request in ordinary(bundle, tenant=tenant):
        if request.context.subject is not None:
            requests.append(request)
        elif request.action.tool in tools:
            requests.append(_as_installed(request, tools[request.action.tool]))
    return requests


def starts(
    bundle: Bundle, tools: Mapping[str, AnyTool], *, tenant: str
) -> dict[Start, AccessRequest]:
    """Return each request that can be made here, by its name.

    A start is missing when no tool of this installation that somebody may propose fits.
    """
    config = at(bundle.data, "rails", "config")
    requests = installed(bundle, tools, tenant=tenant)
    role = at(config, "approval", "role")
    chosen: dict[Start, AccessRequest] = {}
    for request in requests:
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
    return at(rules, "egress") == "none" and bool(at(rules, "trusted_arguments"))


def _decides(rules: Any, request: AccessRequest) -> bool:
    return request.action.tool == "approval.decide"


def _cancels(rules: Any, request: AccessRequest) -> bool:
    return request.action.tool == "run.cancel"


_FITS: Final[Mapping[Start, Fits]] = {
    "look": _looks,
    "write": _writes,
    "mail": _mails,
    "approved": _waits,
    "trusted": _trusts,
    "verdict": _decides,
    "cancel": _cancels,
}


def _as_installed(request: AccessRequest, tool: AnyTool) -> AccessRequest:
    action = replace(request.action, action_class=tool.action_class)
    context = replace(request.context, tool_schema=schema_digest(tool))
    return _changed(request, action=action, context=context)


def _approved(request: AccessRequest, role: object) -> AccessRequest:
    """Return the request with a good verdict of another person."""
    verdict = ApprovalFact(
        id="probe",
        verdict="approved",
        reviewer=PERSON,
        reviewer_roles=(str(role),),
        requester=REQUESTER,
        expires=NOW + 60,
        revision=request.context.run.revision,
        used=False,
    )
    return _changed(request, context=replace(request.context, approvals=(verdict,)))


def _supervised(request: AccessRequest, role: object) -> AccessRequest:
    """Return a write that waits for a person too, because its run may do nothing alone."""
    run = replace(request.context.run, autonomy=1)
    return _approved(_changed(request, context=replace(request.context, run=run)), role)


def _changed(request: AccessRequest, **parts: Any) -> AccessRequest:
    whole = {
        "principal": request.principal,
        "action": request.action,
        "resource": request.resource,
        "context": request.context,
    }
    return AccessRequest(**{**whole, **parts})
