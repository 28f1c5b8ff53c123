"""Ordinary requests: one for each grant of a policy, made of its own data.

The policy ought to permit them. They are the proof that a rule lets the main job pass: a policy
that denies everything denies every attack, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import (
    FACTS,
    AccessRequest,
    Action,
    Amounts,
    BudgetFacts,
    Context,
    Principal,
    Resource,
    RunFacts,
)

_NOW: Final = 1_800_000_000  # Unix seconds; the policy reads no clock, so any time serves
_PLENTY: Final = Amounts(money_micro=100, tokens=100, steps=100, effects=100, wall_ms=100)


def ordinary(bundle: Bundle) -> Iterator[AccessRequest]:
    """Yield a request for each tool that a role of *bundle* is granted.

    The arguments keep to the limits of the tool and come from the principal. A tool that sends
    something out is left out when no tenant may send anything to anywhere.
    """
    config = bundle.data["rails"]["config"]
    for role, tools in config["grants"].items():
        for tool in tools:
            rules = config["tools"].get(tool)
            destination = None if rules is None else _destination(config, rules["egress"])
            if destination is not None:
                yield _request(bundle, role, tool, destination)


def _request(
    bundle: Bundle, role: str, tool: str, destination: tuple[str, Resource]
) -> AccessRequest:
    tenant, resource = destination
    rules = bundle.data["rails"]["config"]["tools"][tool]
    arguments = {name: _value(limits) for name, limits in rules["arguments"].items()}
    if rules["egress"] == "mail":
        arguments = {**arguments, "to": [f"somebody@{resource.id}"], "cc": []}
    return AccessRequest(
        principal=Principal(
            id=f"agent:{role}", tenant=tenant, roles=(role,), on_behalf_of="requester"
        ),
        action=Action(tool=tool, action_class=rules["action_class"], arguments=arguments),
        resource=resource,
        context=Context(
            now=_NOW,
            run=RunFacts(id="run", agent=role, autonomy=2, refusals=0, revision=bundle.revision),
            schema_valid=True,
            labels=dict.fromkeys(arguments, TRUSTED),
            cost=Amounts(steps=1),
            budget=BudgetFacts(limits=_PLENTY, spent=Amounts(), reserved=Amounts()),
            tool_schema=rules.get("schema"),
            version=FACTS,
        ),
    )


def _destination(config: Mapping[str, Any], egress: str) -> tuple[str, Resource] | None:
    """Return a tenant and a resource that a tool of this egress may reach, or None."""
    match egress:
        case "mail":
            return _first(config["egress"]["mail_domains"], "mail")
        case "web":
            return _first(config["egress"]["web_hosts"], "web")
        case "model":
            return "default", Resource(type="model", id="planner")
        case _:
            return "default", Resource(type="thing", id="thing")


def _first(allowed: Mapping[str, list[str]], kind: str) -> tuple[str, Resource] | None:
    for tenant, places in allowed.items():
        if places:
            return tenant, Resource(type=kind, id=places[0])
    return None


def _value(limits: Mapping[str, Any]) -> Json:
    """Return a small value that keeps to *limits*."""
    if "one_of" in limits:
        choice: str = limits["one_of"][0]
        return choice
    if "max_items" in limits:
        return []
    if "min" in limits or "max" in limits:
        number: int = limits.get("min", limits.get("max"))
        return number
    return ""
