"""Interlock: AI agents that do real work under policy rails.

Everything an agent or a tool is written against is here; `interlock.testing` has the twins for
their tests and `interlock.errors` what may be raised. Any other module may move between releases.

Names are loaded at their first use, so that `import interlock` is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from interlock.runtime.door.door import Door
    from interlock.runtime.door.fields import Fields
    from interlock.runtime.door.outcome import (
        Done,
        Expired,
        Failed,
        Outcome,
        Resolved,
        Unknown,
        Unread,
        Waiting,
    )
    from interlock.runtime.door.tool import Acted, Tool, ToolFailed, Undo, Value, tool
    from interlock.runtime.graph.agent import Agent, Graph
    from interlock.runtime.graph.langchain import governed_tools, langchain_tool
    from interlock.runtime.graph.model import Refused, governed
    from interlock.runtime.graph.node import ToolNode, calls
    from interlock.runtime.policy.decision import Denied, Permit
    from interlock.runtime.policy.label import Label
    from interlock.runtime.policy.request import Amounts, Principal, Resource
    from interlock.runtime.policy.spoken import Spoken
    from interlock.runtime.runtime import Runtime
    from interlock.serving.policy.rails import rails
    from interlock.tools.planning import planning
    from interlock.tools.unread.extracting import unread_tools

_HOMES: Final = {
    "Acted": "runtime.door.tool",
    "Agent": "runtime.graph.agent",
    "Amounts": "runtime.policy.request",
    "Denied": "runtime.policy.decision",
    "Done": "runtime.door.outcome",
    "Door": "runtime.door.door",
    "Expired": "runtime.door.outcome",
    "Failed": "runtime.door.outcome",
    "Fields": "runtime.door.fields",
    "Graph": "runtime.graph.agent",
    "Label": "runtime.policy.label",
    "Outcome": "runtime.door.outcome",
    "Permit": "runtime.policy.decision",
    "Principal": "runtime.policy.request",
    "Refused": "runtime.graph.model",
    "Resolved": "runtime.door.outcome",
    "Resource": "runtime.policy.request",
    "Runtime": "runtime.runtime",
    "Spoken": "runtime.policy.spoken",
    "Tool": "runtime.door.tool",
    "ToolFailed": "runtime.door.tool",
    "ToolNode": "runtime.graph.node",
    "Undo": "runtime.door.tool",
    "Unknown": "runtime.door.outcome",
    "Unread": "runtime.door.outcome",
    "Value": "runtime.door.tool",
    "Waiting": "runtime.door.outcome",
    "calls": "runtime.graph.node",
    "governed": "runtime.graph.model",
    "governed_tools": "runtime.graph.langchain",
    "langchain_tool": "runtime.graph.langchain",
    "planning": "tools.planning",
    "rails": "serving.policy.rails",
    "tool": "runtime.door.tool",
    "unread_tools": "tools.unread.extracting",
}

__all__ = [
    "Acted",
    "Agent",
    "Amounts",
    "Denied",
    "Done",
    "Door",
    "Expired",
    "Failed",
    "Fields",
    "Graph",
    "Label",
    "Outcome",
    "Permit",
    "Principal",
    "Refused",
    "Resolved",
    "Resource",
    "Runtime",
    "Spoken",
    "Tool",
    "ToolFailed",
    "ToolNode",
    "Undo",
    "Unknown",
    "Unread",
    "Value",
    "Waiting",
    "__version__",
    "calls",
    "governed",
    "governed_tools",
    "langchain_tool",
    "planning",
    "rails",
    "tool",
    "unread_tools",
]


def __getattr__(name: str) -> Any:
    """Load the public name *name*, or the version of the installed package."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - slow, and rarely asked for

        return version("interlock")
    if name not in _HOMES:
        raise AttributeError(f"module 'interlock' has no attribute {name!r}")
    value = getattr(import_module(f"interlock.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
