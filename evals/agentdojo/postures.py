"""Postures: the shipped rails with an operator's data over them, from lax to strict."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from interlock.evals.agentdojo.catalogue import Declared, declared
from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.policy.engine.bundle import Bundle, revised
from interlock.runtime.policy.request import Autonomy
from interlock.serving.policy.rails import rails

ROLE: Final = "dojo"
#: Addresses of the tools, as the mail rule knows them
MAIL: Final = ("to", "cc")
Named: TypeAlias = Literal["nothing", "destinations", "critical"]
Name: TypeAlias = Literal[
    "allow-all",
    "approvals",
    "attended",
    "unattended",
    "unattended-critical",
    "unattended-critical-mcp",
    "unattended-text",
]
NAMES: Final[tuple[Name, ...]] = get_args(Name)


@dataclass(
    frozen=True,
    kw_only=True,
    slots=True,
)
class Posture:
    """How strictly an operator lets agents work under one set of rules."""

    name: Name
    #: Which arguments must be named by the request
    named: Named
    #: Irreversible tools wait for a person
    attended: bool
    #: Mail goes to listed domains only
    mail_rule: bool = True
    #: The request brings the values of its text, beside the text
    mentions: bool = True

    @property
    def autonomy(self) -> Autonomy:
        """The autonomy of its runs."""
        return 2 if self.attended else 3

    def bundle(self, tools: Iterable[AnyTool], domains: Iterable[str]) -> Bundle:
        """Return the shipped rules with data for *tools*; mail may go to *domains*."""
        shipped = rails()
        data = deepcopy(shipped.data)
        config = data["rails"]["config"]
        known = {tool.name: tool for tool in tools}
        config["tools"] |= {
            name: self._entry(declared()[name], tool) for name, tool in known.items()
        }
        config["grants"] |= {f"{ROLE}.planner": sorted(known)}
        config["egress"]["mail_domains"] |= {"default": sorted(domains)}
        if not self.attended:
            config["autonomy"] = {"unattended_irreversible": sorted(known)}
        return revised(shipped.files, data)

    def _entry(self, own: Declared, tool: AnyTool) -> dict[str, Any]:
        names = list(tool.arguments.model_fields)
        return {
            "action_class": own.action_class,
            "egress": self.egress(own),
            "schema": schema_digest(tool),
            "trusted_arguments": self._named(own),
            "arguments": {name: _limits(name, own) for name in names},
        }

    def egress(self, own: Declared) -> str:
        """Return how the rules are told that the tool reaches the outside."""
        if self.named == "nothing":
            return "none"
        is_mail = own.egress == "mail" and not self.mail_rule
        return "mcp" if is_mail else own.egress

    def _named(self, own: Declared) -> list[str]:
        if self.named == "nothing":
            return []
        critical = own.critical if self.named == "critical" else ()
        return [*own.destinations, *critical]


def _limits(name: str, own: Declared) -> Mapping[str, Any]:
    is_shown = own.egress == "mail" and name in MAIL
    return {"shown": True} if is_shown else {}


_ALL: Final[tuple[Posture, ...]] = (
    Posture(
        name="allow-all",
        named="nothing",
        attended=False,
    ),
    Posture(
        name="approvals",
        named="nothing",
        attended=True,
    ),
    Posture(
        name="attended",
        named="destinations",
        attended=True,
    ),
    Posture(
        name="unattended",
        named="destinations",
        attended=False,
    ),
    Posture(
        name="unattended-critical",
        named="critical",
        attended=False,
    ),
    Posture(
        name="unattended-critical-mcp",
        named="critical",
        attended=False,
        mail_rule=False,
    ),
    Posture(
        name="unattended-text",
        named="critical",
        attended=False,
        mail_rule=False,
        mentions=False,
    ),
)
POSTURES: Final[Mapping[str, Posture]] = {one.name: one for one in _ALL}
