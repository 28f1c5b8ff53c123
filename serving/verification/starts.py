"""The requests that a probe starts from: each one passes, and is made of this installation's own tools and configuration."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.policy.act import Act, persons_act
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import (
    FACTS,
    AccessRequest,
    Action,
    Amounts,
    ApprovalFact,
    BudgetFacts,
    Context,
    Principal,
    Resource,
    RunFacts,
    SubjectFacts,
)

#: A look at something; a write; a mail that waits; an irreversible action somebody approved; a look
#: whose arguments must come from the request itself; a person's verdict; a person who ends a run
Start: TypeAlias = Literal["look", "write", "mail", "approved", "trusted", "verdict", "cancel"]
REQUESTER: Final = "requester"
REVIEWER: Final = "reviewer"
_NOW: Final = 1_800_000_000  # the policy reads no clock, so any time serves
_LABEL: Final = Label(integrity="trusted", confidentiality="public")
_PLENTY: Final = Amounts(money_micro=100, tokens=100, steps=100, effects=100, wall_ms=100)
_ACTS: Final[Mapping[Start, Act]] = {"verdict": "approval.decide", "cancel": "run.cancel"}
_TAKES: Final[Mapping[Start, Callable[[AnyTool, Any], bool]]] = {
    "look": lambda tool, _: tool.action_class in {"pure", "read"},
    "write": lambda tool, _: tool.action_class == "write",
    "mail": lambda _, rules: at(rules, "egress") == "mail",
    "approved": lambda tool, _: tool.action_class == "irreversible",
    "trusted": lambda _, rules: (
        at(rules, "egress") == "none" and bool(at(rules, "trusted_arguments"))
    ),
}


def starts(
    bundle: Bundle, tools: Mapping[str, AnyTool], *, tenant: str
) -> dict[Start, AccessRequest]:
    """Return each request that can be made here, by its name; one is missing when no tool of this installation fits.

    A tool that somebody may propose is taken before one that nobody may, and *tenant* before any
    other.
    """
    config = at(bundle.data, "rails", "config")
    found: dict[Start, AccessRequest] = {}
    for name, takes in _TAKES.items():
        fitting = [tool for tool in tools.values() if takes(tool, at(config, "tools", tool.name))]
        fitting.sort(key=lambda tool: not _roles(config, tool.name))
        if fitting and (
            request := _request(name, fitting[0], config, tenant=tenant, revision=bundle.revision)
        ):
            found[name] = request
    for name, act in _ACTS.items():
        if at(config, "acts", act):
            found[name] = _act(act, config, tenant=tenant, revision=bundle.revision)
    return found


def at(document: Any, *path: str) -> Any:
    """Return what stands at *path* in a JSON document, or None: a configuration may be any."""
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _request(
    name: Start, tool: AnyTool, config: Any, *, tenant: str, revision: str
) -> AccessRequest | None:
    arguments = dict(_arguments(at(config, "tools", tool.name, "arguments") or {}))
    if name == "mail":
        domains = at(config, "egress", "mail_domains") or {}
        tenant = next((each for each in (tenant, *domains) if at(domains, each)), "")
        if not tenant:
            return None
        arguments |= {"to": [f"probe@{domains[tenant][0]}"], "cc": []}
    request = AccessRequest(
        principal=Principal(
            id="agent:probe", tenant=tenant, roles=_roles(config, tool.name), on_behalf_of=REQUESTER
        ),
        action=Action(tool=tool.name, action_class=tool.action_class, arguments=arguments),
        resource=Resource(type="probe", id="probe"),
        context=_context(arguments, schema_digest(tool), revision),
    )
    return (
        _approved(request, str(at(config, "approval", "role"))) if name == "approved" else request
    )


def _act(act: Act, config: Any, *, tenant: str, revision: str) -> AccessRequest:
    arguments = dict(_arguments(at(config, "acts", act, "arguments") or {}))
    if "note" in arguments:
        arguments["note"] = "probe"
    roles = _roles(config, act)
    subject = SubjectFacts(
        tenant=tenant,
        person=REVIEWER,
        requester=REQUESTER,
        role=roles[0] if roles else None,
    )
    return persons_act(
        act,
        person=Principal(id=REVIEWER, tenant=tenant, roles=roles),
        arguments=arguments,
        resource=Resource(type="probe", id="probe"),
        subject=subject,
        now=_NOW,
        revision=revision,
    )


def _context(arguments: Mapping[str, Json], tool_schema: str, revision: str) -> Context:
    return Context(
        now=_NOW,
        run=RunFacts(id="probe", agent="probe", autonomy=2, refusals=0, revision=revision),
        schema_valid=True,
        labels=dict.fromkeys(arguments, _LABEL),
        cost=Amounts(steps=1),
        budget=BudgetFacts(limits=_PLENTY, spent=Amounts(), reserved=Amounts()),
        tool_schema=tool_schema,
        version=FACTS,
    )


def _approved(request: AccessRequest, role: str) -> AccessRequest:
    verdict = ApprovalFact(
        id="probe",
        verdict="approved",
        reviewer=REVIEWER,
        reviewer_roles=(role,),
        requester=REQUESTER,
        expires=_NOW + 60,
        revision=request.context.run.revision,
        used=False,
    )
    return AccessRequest(
        principal=request.principal,
        action=request.action,
        resource=request.resource,
        context=replace(request.context, approvals=(verdict,)),
    )


def _roles(config: Any, tool: str) -> tuple[str, ...]:
    return tuple(role for role, tools in (at(config, "grants") or {}).items() if tool in tools)


def _arguments(limits: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Json]]:
    """Yield a value for each argument that keeps to its limits."""
    for name, limit in limits.items():
        if "one_of" in limit:
            yield name, limit["one_of"][0]
        elif "max_items" in limit:
            yield name, []
        else:
            yield name, limit.get("min", limit.get("max", ""))
