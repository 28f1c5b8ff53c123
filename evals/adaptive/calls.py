"""Calls: what a planner proposes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One proposal."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    #: Set where an earlier call's name is used again
    call_id: str = ""

    @property
    def written(self) -> str:
        """The call as a report writes it."""
        named = [f"{name}={value!r}" for name, value in self.arguments.items()]
        return f"{self.tool}({', '.join(named)})"
