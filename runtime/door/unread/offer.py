"""Offers: how a planner is told of tools whose results it does not read, and of handles."""

import json
from typing import Any, Final

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.door.unread.handle import OF, UNREAD

_HANDLE: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A handle, or what a JMESPath expression gives over what it holds.",
    "properties": {
        UNREAD: {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        OF: {"type": "string"},
    },
    "required": [UNREAD],
    "additionalProperties": False,
}


def offer(
    tool: AnyTool,
    *,
    unread: bool,
) -> dict[str, Any]:
    """Return a tool as a function schema in which each argument may be a handle."""
    schema = tool.schema()
    properties = {
        name: {"anyOf": [stated, _HANDLE]}
        for name, stated in schema.get("properties", {}).items()
    }
    return {
        "name": tool.name,
        "description": tool.description + (_unread(tool) if unread else ""),
        "parameters": schema | {"properties": properties},
    }


def _unread(tool: AnyTool) -> str:
    """Return what a planner must know to use a result that it is not shown."""
    result = json.dumps(tool.result.model_json_schema(), sort_keys=True)
    return (
        "\n\nYou are not shown the result. You are given a handle to it, which you may pass as an "
        f"argument of another tool. JSON Schema of the result: {result}"
    )
