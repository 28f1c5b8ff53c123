"""The probes: what each rule is asked, and what it must say.

The house asks its own rules in any bundle, so a policy that lost one of them is found. A rule of
somebody else brings its probes in its metadata (docs/howto/add-a-rule.md).
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest, KillScope
from interlock.runtime.record.store.tables import KINDS
from interlock.serving.verification.starts import REQUESTER, REVIEWER, Start, at

Answer: TypeAlias = Literal["permit", "wait", "deny"]
_NOBODYS: Final = "interlock.probe"  # a tool that no configuration names
_ELSEWHERE: Final = "probe@nowhere.invalid"  # RFC 2606 section 2: a domain that nobody has
_MOST: Final = 2**53 - 1
_SWITCHES: Final[tuple[Json, ...]] = tuple(
    {"scope": scope, "id": "probe"} for scope in get_args(KillScope)
)
_STRANGE: Final[Json] = {"integrity": "untrusted", "confidentiality": "confidential"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One question: a request that passes, changed in some places, and what its rule must then say."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    rule: str
    #: The reason the rule must give; None where it gives none but makes the action wait
    code: str | None = None
    answer: Answer = "deny"
    start: Start = "write"
    #: Place in the request -> what to put there, such as {"context.run.autonomy": 0}
    change: dict[str, Json] = field(default_factory=dict)


HOUSE: Final = (
    Probe(rule="rails", code="not_granted", change={"principal.roles": []}),
    Probe(rule="rails", code="not_granted", start="verdict", change={"principal.roles": []}),
    Probe(rule="grants", code="granted", answer="permit"),
    Probe(rule="action_class", code="class_mismatch", change={"action.action_class": "read"}),
    Probe(rule="action_class", answer="wait", start="approved", change={"context.approvals": []}),
    Probe(
        rule="action_class",
        answer="wait",
        start="approved",
        change={"context.approvals.0.used": True},
    ),
    Probe(
        rule="action_class",
        answer="wait",
        start="approved",
        change={"context.approvals.0.expires": 0},
    ),
    Probe(
        rule="action_class",
        answer="wait",
        start="approved",
        change={"context.approvals.0.revision": "0"},
    ),
    Probe(rule="autonomy", code="autonomy_level", change={"context.run.autonomy": 0}),
    Probe(rule="autonomy", answer="wait", change={"context.run.autonomy": 1}),
    *(
        Probe(rule="budget", code="budget_exceeded", change={f"context.cost.{kind}": _MOST})
        for kind in KINDS
    ),
    Probe(rule="budget", code="budget_exceeded", change={"context.budget.spent.steps": 100}),
    Probe(rule="budget", code="budget_exceeded", change={"context.budget.reserved.steps": 100}),
    Probe(rule="budget", code="budget_unknown", change={"context.cost.tokens": -1}),
    Probe(
        rule="data_labels",
        code="untrusted_destination",
        change={"action.tool": _NOBODYS, "context.labels": {"probe": _STRANGE}},
    ),
    Probe(
        rule="data_labels",
        code="untrusted_destination",
        start="mail",
        change={"context.labels.to.integrity": "untrusted"},
    ),
    Probe(rule="data_labels", code="unknown_label", start="mail", change={"context.labels": {}}),
    Probe(
        rule="data_labels",
        code="clearance",
        start="mail",
        change={
            "context.labels.to.confidentiality": "confidential",
            "resource.clearance": "internal",
        },
    ),
    Probe(rule="egress", code="egress_unknown", change={"action.tool": _NOBODYS}),
    Probe(
        rule="egress",
        code="egress_domain",
        start="mail",
        change={"action.arguments.to": [_ELSEWHERE]},
    ),
    Probe(
        rule="egress",
        code="egress_domain",
        start="mail",
        change={"action.arguments.cc": [_ELSEWHERE]},
    ),
    Probe(
        rule="egress",
        code="egress_recipient",
        start="mail",
        change={"action.arguments.to": ["everyone"]},
    ),
    Probe(rule="egress", code="egress_recipient", start="mail", change={"action.arguments.to": []}),
    Probe(
        rule="four_eyes",
        code="approval_rejected",
        start="approved",
        change={"context.approvals.0.verdict": "rejected"},
    ),
    Probe(
        rule="four_eyes",
        code="approval_unentitled",
        start="approved",
        change={"context.approvals.0.reviewer_roles": []},
    ),
    Probe(
        rule="four_eyes",
        code="self_approval",
        start="approved",
        change={"context.approvals.0.reviewer": REQUESTER},
    ),
    *(
        Probe(rule="kill_switch", code="killed", change={"context.kill_switches": [each]})
        for each in _SWITCHES
    ),
    Probe(
        rule="kill_switch",
        code="killed",
        start="verdict",
        change={"context.kill_switches": [_SWITCHES[0]]},
    ),
    Probe(
        rule="actor",
        code="not_a_person",
        start="verdict",
        change={"principal.on_behalf_of": "probe"},
    ),
    Probe(
        rule="actor", code="not_a_person", start="verdict", change={"principal.id": "agent:probe"}
    ),
    Probe(rule="actor", code="not_an_agent", change={"principal.on_behalf_of": None}),
    Probe(
        rule="own_request",
        code="own_request",
        start="verdict",
        change={"context.subject.requester": REVIEWER},
    ),
    Probe(
        rule="own_request",
        code="requester_unknown",
        start="verdict",
        change={"context.subject": None},
    ),
    Probe(
        rule="tenancy", code="wrong_tenant", start="verdict", change={"context.subject.tenant": ""}
    ),
    Probe(
        rule="tenancy",
        code="wrong_tenant",
        start="cancel",
        change={"context.subject.tenant": "probe of another"},
    ),
    Probe(
        rule="note", code="note_missing", start="verdict", change={"action.arguments.note": "  .  "}
    ),
    Probe(
        rule="asked_role",
        code="role_missing",
        start="verdict",
        change={"context.subject.role": "probe of another"},
    ),
    Probe(rule="reviewed", code="tool_unreviewed", change={"action.tool": _NOBODYS}),
    Probe(rule="reviewed", code="tool_drifted", change={"context.tool_schema": "0" * 64}),
    Probe(rule="reviewed", code="tool_drifted", change={"context.tool_schema": None}),
    Probe(rule="refusals", code="too_many_refusals", change={"context.run.refusals": _MOST}),
    Probe(rule="revision", code="revision_mismatch", change={"context.run.revision": "0"}),
    Probe(rule="tool_limits", code="unknown_tool", change={"action.tool": _NOBODYS}),
    Probe(rule="tool_limits", code="schema_invalid", change={"context.schema_valid": False}),
    Probe(
        rule="tool_limits", code="argument_unknown", change={"action.arguments.interlock_probe": ""}
    ),
    Probe(
        rule="trusted_arguments",
        code="untrusted_argument",
        start="trusted",
        change={"context.labels": {}},
    ),
)
#: Limit -> a value that just breaks it
_BEYOND: Final[Mapping[str, Callable[[Any], Json]]] = {
    "max_chars": lambda bound: "x" * (bound + 1),
    "max_items": lambda bound: ["x"] * (bound + 1),
    "min": lambda bound: bound - 1,
    "max": lambda bound: bound + 1,
    "one_of": lambda bound: "".join(("not ", *bound)),
}
_brought: Final = TypeAdapter(list[Probe])
_request: Final = TypeAdapter(AccessRequest)


def configured(bundle: Bundle, starts: Mapping[Start, AccessRequest]) -> Iterator[Probe]:
    """Yield a probe for every limit that the configuration sets to an argument of the tools asked about."""
    for start, request in starts.items():
        kind = "acts" if request.context.subject else "tools"
        arguments = at(bundle.data, "rails", "config", kind, request.action.tool, "arguments") or {}
        for argument, limits in arguments.items():
            for limit, bound in limits.items():
                if limit in _BEYOND:
                    change = {f"action.arguments.{argument}": _BEYOND[limit](bound)}
                    yield Probe(
                        rule="tool_limits", code="argument_limit", start=start, change=change
                    )


def brought(bundle: Bundle, rule: str) -> list[Probe]:
    """Return the probes in the metadata of *rule*; raises `BadInput` when they are not probes."""
    found = at(bundle.data, "rails", "probes", rule) or []
    try:
        return _brought.validate_python([{**each, "rule": rule} for each in found])
    except (ValidationError, TypeError) as error:
        raise _unreadable(rule, error) from error


def changed(request: AccessRequest, probe: Probe) -> AccessRequest:
    """Return *request* as the probe has it; raises `BadInput` when it is no request any more."""
    document = copy.deepcopy(request.document())
    try:
        for path, value in probe.change.items():
            _put(document, path, value)
        return _request.validate_python(document)
    except (ValidationError, LookupError, TypeError, ValueError) as error:
        raise _unreadable(probe.rule, error) from error


def _put(document: Any, path: str, value: Json) -> None:
    *parents, last = path.split(".")
    for name in parents:
        document = document[int(name) if isinstance(document, list) else name]
    document[int(last) if isinstance(document, list) else last] = value


def _unreadable(rule: str, error: Exception) -> BadInput:
    why = " ".join(str(error).split())
    return BadInput(
        what=f"a probe of rule {rule}", why=why, next_step="See docs/howto/add-a-rule.md."
    )
