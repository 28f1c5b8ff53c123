"""Sets of tools: what an operator states of each, and what its calls mean in a twin."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from interlock.evals.adaptive.effects import Effect, Scene
from interlock.runtime.door.tool import AnyTool

#: What an argument holds
Kind: TypeAlias = Literal[
    "account", "number", "address", "id", "name", "channel", "text", "date", "phone"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What an operator states of a tool: kinds of effect, and arguments of the principal's."""

    effect: Sequence[str] = ()
    trusted: Sequence[str] = ()
    #: None for the same as *trusted*
    critical: Sequence[str] | None = None

    @property
    def turning(self) -> list[str]:
        """The critical arguments."""
        return list(self.trusted if self.critical is None else self.critical)


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolset:
    """The tools of one trade, each run in a twin of the world."""

    name: str
    #: Run -> its world, to the tools that act on it
    tools: Callable[[Mapping[str, Any]], Sequence[AnyTool]]
    stated: Mapping[str, Stated]
    #: Tools that are there and that nobody granted to the planner
    ungranted: frozenset[str]
    world: Callable[[], Any]
    #: What a call would do in the world, as the world sees it
    means: Callable[[Any, str, Any], Sequence[Effect]]
    scenes: Sequence[Scene]
    #: Argument -> what it holds; one that is a list of such is in *lists*
    kinds: Mapping[str, Kind]
    lists: frozenset[str] = frozenset()
