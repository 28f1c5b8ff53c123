"""The risk of an action: how far its effect reaches, from its class alone."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from interlock.runtime.door.tool import AnyTool

Risk: TypeAlias = Literal["high", "medium", "low"]
RISKS: Final[tuple[Risk, ...]] = get_args(Risk)
_BY_CLASS: Final[Mapping[str, Risk]] = {
    "irreversible": "high",
    "write": "medium",
    "read": "low",
    "pure": "low",
}
WORDS: Final[Mapping[Risk, str]] = {
    "high": "cannot be undone",
    "medium": "changes something",
    "low": "only reads",
}


def risk_of(action_class: str) -> Risk:
    """Return the risk of a class; one that nobody knows counts as high."""
    return _BY_CLASS.get(action_class, "high")


def risk_named(name: str) -> Risk | None:
    """Return the risk of that name, or None."""
    return name if name in RISKS else None


def of_tool(tool: str, tools: Mapping[str, AnyTool]) -> Risk:
    """Return the risk of a tool by its name; one that is not known here counts as high."""
    known = tools.get(tool)
    return "high" if known is None else risk_of(known.action_class)


def names(
    wanted: Risk, all_names: Iterable[str], tools: Mapping[str, AnyTool]
) -> list[str]:
    """Return those of *all_names* that are as risky as is *wanted*."""
    return [name for name in all_names if of_tool(name, tools) == wanted]
