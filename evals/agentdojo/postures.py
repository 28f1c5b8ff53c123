"""Postures: the shipped rails with an operator's data over them, with people and without.

Each is there with planners that state their plans first, and with planners that state none.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from interlock.evals.agentdojo.catalogue import Declared, declared
from interlock.evals.suites.permissive import PERMISSIVE
from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.policy.engine.bundle import Bundle, load, revised
from interlock.runtime.policy.request import Autonomy
from interlock.serving.policy.rails import rails
from interlock.tools.planning import planning

ROLE: Final = "dojo"
#: Of a tool of which nothing is asked
_OPEN: Final[dict[str, Any]] = {
    "egress": "none",
    "trusted_arguments": [],
    "critical_arguments": [],
    "effect": [],
}
Name: TypeAlias = Literal[
    "control",
    "attended",
    "unattended",
    "control planned",
    "attended planned",
    "unattended planned",
]
NAMES: Final[tuple[Name, ...]] = get_args(Name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Posture:
    """How an operator lets agents work under the one set of rules."""

    name: Name
    #: Irreversible tools wait for a person, where not all is proved
    attended: bool = False
    #: Every tool is granted and no argument must be trusted
    is_open: bool = False
    #: The planner states a plan before it reads, for tasks that have one
    plans: bool = False

    @property
    def autonomy(self) -> Autonomy:
        """The autonomy of its runs."""
        return 2 if self.attended else 3

    def bundle(self, tools: Iterable[AnyTool]) -> Bundle:
        """Return the shipped rules with data for *tools*; for the control, what grants all."""
        if self.name == "control":
            return load(PERMISSIVE)
        shipped = rails()
        data = deepcopy(shipped.data)
        config = data["rails"]["config"]
        known = {tool.name: tool for tool in tools}
        config["tools"] |= {
            name: self._entry(declared()[name], tool) for name, tool in known.items()
        }
        config["tools"][planning.name] = _arguments(planning) | _OPEN
        config["grants"] |= {f"{ROLE}.planner": sorted([*known, planning.name])}
        alone = "proved_irreversible" if self.attended else "unattended_irreversible"
        config["autonomy"][alone] = sorted(known)
        return revised(shipped.files, data)

    def _entry(
        self,
        own: Declared,
        tool: AnyTool,
    ) -> dict[str, Any]:
        stated: dict[str, Any] = {
            "egress": own.egress,
            "trusted_arguments": list(own.sensitive),
            "critical_arguments": list(own.sensitive),
            "chosen_arguments": list(own.chosen),
            # The kinds of one tool are names of one effect
            "effect": [list(own.effect)] if own.effect else [],
        }
        return _arguments(tool) | (_OPEN if self.is_open else stated)


def _arguments(tool: AnyTool) -> dict[str, Any]:
    return {
        "action_class": tool.action_class,
        "schema": schema_digest(tool),
        "arguments": {name: {} for name in tool.arguments.model_fields},
    }


_POSTURES: Final = (
    Posture(name="control", is_open=True),
    Posture(name="attended", attended=True),
    Posture(name="unattended"),
    Posture(name="control planned", is_open=True, plans=True),
    Posture(name="attended planned", attended=True, plans=True),
    Posture(name="unattended planned", plans=True),
)
#: Posture in which planners plan -> the same in which they do not
UNPLANNED: Final[Mapping[Name, Name]] = {
    "control planned": "control",
    "attended planned": "attended",
    "unattended planned": "unattended",
}
POSTURES: Final[Mapping[Name, Posture]] = {
    posture.name: posture for posture in _POSTURES
}
