"""Ordinary requests: one for each grant of a policy, made of its own data.

The policy ought to permit them. They are the proof that a rule lets the main job pass: a policy
that denies everything denies every attack, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.policy.act import CLASSES, Act, persons_act
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import (
    EXTERNAL,
    FACTS,
    AccessRequest,
    Action,
    Amounts,
    BudgetFacts,
    Context,
    IntentFacts,
    Principal,
    Resource,
    RunFacts,
    SubjectFacts,
)

#: The person for whom an agent works, or whose request an act is about
REQUESTER: Final = "requester"
#: The person who acts
PERSON: Final = "person"
#: In Unix seconds; the policy reads no clock, so any time serves
NOW: Final = 1_800_000_000
_PLENTY: Final = Amounts(
    money_micro=100,
    tokens=100,
    steps=100,
    effects=100,
    wall_ms=100,
)


def ordinary(bundle: Bundle, *, tenant: str = "default") -> Iterator[AccessRequest]:
    """Yield a request for each tool and each act that a role of *bundle* is granted.

    The arguments keep to the limits and come from the principal, who is of *tenant*. A tool that
    sends something out is asked for a tenant that may send, *tenant* first, and left out when no
    tenant may send anything to anywhere.
    """
    config = at(bundle.data, "rails", "config")
    grants = at(config, "grants") or {}
    for grant, names in grants.items():
        role, _, proposer = grant.partition(".")
        for name in names:
            if at(config, "tools", name):
                yield from _tool(bundle, grant, name, tenant)
            elif at(config, "acts", name) and name in CLASSES and not proposer:
                yield from _act(bundle, role, name, tenant)


def at(document: Any, *path: str) -> Any:
    """Return what stands at *path* in a JSON document, or None: a configuration may be any."""
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _tool(
    bundle: Bundle,
    grant: str,
    tool: str,
    tenant: str,
) -> Iterator[AccessRequest]:
    rules = at(bundle.data, "rails", "config", "tools", tool)
    role, proposer = _asker(grant, rules)
    egress = at(bundle.data, "rails", "config", "egress")
    destination = _destination(egress, at(rules, "egress"), tenant)
    if destination is None:
        return
    sender, resource = destination
    arguments = _arguments(rules)
    if resource.type == "mail":
        arguments |= {"to": [f"somebody@{resource.id}"], "cc": []}
    agent = Principal(
        id=f"agent:{role}",
        tenant=sender,
        roles=(role,),
        on_behalf_of=REQUESTER,
    )
    action = Action(
        tool=tool,
        action_class=at(rules, "action_class"),
        arguments=arguments,
    )
    run = RunFacts(
        id="run",
        agent=EXTERNAL if _is_external(rules) else role,
        autonomy=2,
        refusals=0,
        revision=bundle.revision,
        label=TRUSTED,
    )
    context = _context(run, arguments, at(rules, "schema"))
    yield AccessRequest(
        principal=agent,
        action=action,
        resource=resource,
        context=_proposed(context, tool, proposer),
    )


def _asker(grant: str, rules: Any) -> tuple[str, str]:
    """Return the role of *grant* and who proposes; an application asks as fixed steps do."""
    role, _, proposer = grant.partition(".")
    return role, "steps" if _is_external(rules) else proposer


def _is_external(rules: Any) -> bool:
    return bool(at(rules, "egress") == "external")


def _proposed(context: Context, tool: str, proposer: str) -> Context:
    if proposer == "steps":
        return replace(context, proposer="steps")
    if proposer == "undo":
        return replace(context, proposer="undo")
    return replace(context, proposer="planner", offered=(tool,))


def _context(
    run: RunFacts, arguments: Mapping[str, Json], schema: str | None
) -> Context:
    none = Amounts()
    return Context(
        now=NOW,
        run=run,
        schema_valid=True,
        labels=dict.fromkeys(arguments, TRUSTED),
        actionable=dict.fromkeys(arguments, TRUSTED),
        cost=Amounts(steps=1),
        budget=BudgetFacts(
            limits=_PLENTY,
            spent=none,
            reserved=none,
        ),
        tool_schema=schema,
        intent=IntentFacts(spoken=False),
        version=FACTS,
    )


def _act(
    bundle: Bundle,
    role: str,
    act: Act,
    tenant: str,
) -> Iterator[AccessRequest]:
    rules = at(bundle.data, "rails", "config", "acts", act)
    egress = at(bundle.data, "rails", "config", "egress")
    destination = _destination(egress, at(rules, "egress"), tenant)
    if destination is None:
        return
    sender, resource = destination
    arguments = _arguments(rules)
    if "note" in arguments:
        arguments["note"] = "ordinary"
    is_own = at(bundle.data, "rails", "config", "acts", act, "by") == "requester"
    subject = SubjectFacts(
        tenant=sender,
        person=PERSON,
        requester=PERSON if is_own else REQUESTER,
        agent=role,
        state="waiting",
        role=role,
        canaries=(),
        evals=tuple(at(rules, "measured") or ()),
    )
    yield persons_act(
        act,
        person=Principal(
            id=PERSON,
            tenant=sender,
            roles=(role,),
        ),
        arguments=arguments,
        resource=resource,
        subject=subject,
        now=NOW,
        revision=bundle.revision,
    )


def _destination(egress: Any, kind: object, tenant: str) -> tuple[str, Resource] | None:
    """Return a tenant and a resource that a tool of this kind may reach, or None."""
    match kind:
        case "mail":
            return _first(at(egress, "mail_domains"), "mail", tenant)
        case "web":
            return _first(at(egress, "web_hosts"), "web", tenant)
        case "model" | "mcp":
            return tenant, Resource(
                type=kind,
                id="planner",
            )
        case _:
            return tenant, Resource(
                type="thing",
                id="thing",
            )


def _first(allowed: Any, kind: str, tenant: str) -> tuple[str, Resource] | None:
    for name in (tenant, *(allowed or {})):
        places = at(allowed, name)
        if places:
            return name, Resource(
                type=kind,
                id=places[0],
            )
    return None


def _arguments(rules: Any) -> dict[str, Json]:
    """Return a small value for each argument that keeps to its limits."""
    arguments = at(rules, "arguments") or {}
    values = {name: _value(limits) for name, limits in arguments.items()}
    for name, limits in arguments.items():
        values[name] = values.get(limits.get("same_as"), values[name])
    return values


def _value(limits: Mapping[str, Any]) -> Json:
    if "one_of" in limits:
        choice: str = limits["one_of"][0]
        return choice
    if "max_items" in limits:
        return []
    if "min" in limits or "max" in limits:
        number: int = limits.get("min", limits.get("max"))
        return number
    return ""
