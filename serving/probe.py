"""Probes of the installed policy: requests whose answer is known, asked of the engine in force.

A guard that does not answer its probe as it must counts as broken (fails closed: "not applicable" is never a pass).
"""

from dataclasses import replace

from interlock.runtime.canonical import Json
from interlock.runtime.provenance import Label
from interlock.runtime.request import (
    AccessRequest,
    Action,
    ActionClass,
    Amounts,
    BudgetFacts,
    Context,
    KillFact,
    Principal,
    Resource,
    RunFacts,
)
from interlock.serving.app import Home

_NONE = Amounts()
_PLENTY = Amounts(money_micro=100, tokens=100, steps=100, effects=100, wall_ms=100)


async def probed(home: Home) -> tuple[bool, str]:
    """Ask every probe and say whether each was answered as it must be."""
    wrong = []
    for name, request, effect in probes(home.pdp.revision):
        decision = await home.pdp.decide(request)
        answered = "wait" if any(each.kind == "approve" for each in decision.obligations) else decision.effect
        if answered != effect:
            wrong.append(f"{name}: {answered} instead of {effect}")
    return not wrong, "; ".join(wrong) or f"{len(probes(home.pdp.revision))} probes answered as they must be"


def probes(revision: str) -> list[tuple[str, AccessRequest, str]]:
    """Return each probe's name, its request and what must come of it: permit, deny or wait."""
    pure = _request(revision, tool="risk.score", action_class="pure", arguments={"document": "d", "findings": []})
    mail: dict[str, Json] = {"to": ["a@example.com"], "cc": [], "subject": "s", "body": "b", "attachments": []}
    sent = _request(revision, tool="mail.send", action_class="irreversible", arguments=mail)
    killed = replace(pure.context, kill_switches=(KillFact(scope="all", id=""),))
    broke = replace(pure.context, budget=replace(pure.context.budget, limits=_NONE))
    nobody = replace(pure.principal, roles=())
    return [
        ("a granted pure action", pure, "permit"),
        ("an irreversible action", sent, "wait"),
        ("an unknown tool", _with(pure, action=replace(pure.action, tool="no.such")), "deny"),
        ("arguments that do not fit", _with(pure, context=replace(pure.context, schema_valid=False)), "deny"),
        ("a principal without roles", _with(pure, principal=nobody), "deny"),
        ("an empty budget", _with(pure, context=broke), "deny"),
        ("a kill switch", _with(pure, context=killed), "deny"),
        ("another revision", _with(pure, context=replace(pure.context, run=replace(pure.context.run, revision="0"))), "deny"),
        ("a foreign mail domain", _with(sent, action=replace(sent.action, arguments=mail | {"to": ["a@example.net"]})), "deny"),
    ]  # fmt: skip


def _with(
    request: AccessRequest, *, principal: Principal | None = None, action: Action | None = None, context: Context | None = None
) -> AccessRequest:
    return AccessRequest(
        principal=principal or request.principal, action=action or request.action, resource=request.resource,
        context=context or request.context,
    )  # fmt: skip


def _request(revision: str, *, tool: str, action_class: ActionClass, arguments: dict[str, Json]) -> AccessRequest:
    label = Label(integrity="trusted", confidentiality="public")
    context = Context(
        now=1_800_000_000, schema_valid=True, labels=dict.fromkeys(arguments, label),
        run=RunFacts(id="probe", agent="contract_review", autonomy=2, refusals=0, revision=revision),
        cost=Amounts(steps=1), budget=BudgetFacts(limits=_PLENTY, spent=_NONE, reserved=_NONE),
    )  # fmt: skip
    return AccessRequest(
        principal=Principal(id="agent:probe", tenant="default", roles=("contract_review",), on_behalf_of="probe"),
        action=Action(tool=tool, action_class=action_class, arguments=arguments),
        resource=Resource(type="probe", id="probe"), context=context,
    )  # fmt: skip
