"""The agent of a suite whose attacker is the planner: it brings tools, and proposes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import AnyTool, Value
from interlock.runtime.graph.agent import Graph
from interlock.runtime.policy.spoken import Spoken


class Asked(Value):
    """A request that is nothing but the principal's words."""

    text: Spoken


@dataclass(frozen=True, kw_only=True, slots=True)
class Hand:
    """An agent that only brings tools: the suite proposes the calls itself."""

    name: str
    role: str
    tools: Sequence[AnyTool]
    request: type[Value] = Asked

    def build(self, door: Door) -> Graph:
        """Refuse: there is no graph to drive."""
        raise TypeError("the suite proposes the calls; there is no graph")

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        """Return nothing."""
        return {}
