"""The catalogue of tools: what the code says of each tool, compared with what the policy says.

The policy's entry of a tool is reviewed by a person. A tool without an entry, or one whose class or
arguments are no longer those of its entry, is denied until its entry is reviewed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.errors import BadInput
from interlock.serving.policy import layers
from interlock.tools.mcp.server import PREFIX

#: The file that `interlock policy sync --write` keeps in a workspace's `policies/`
FILE: Final = "catalogue.yaml"
_HEADER: Final = """\
# Entries proposed by `interlock policy sync`. Review each: how the tool reaches the outside
# (egress: none, mail, web, model or mcp), the limits of its arguments, and which of them must
# come from the request itself (trusted_arguments: without the list every argument must, [] says
# that none must). Of a tool that reaches others, say what its effect turns on
# (critical_arguments: without the list every argument, [] for none). Grant each tool to a role.
"""


def proposed(tools: Iterable[AnyTool], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return data that brings the entries in *config* in step with the code of *tools*.

    A tool without an entry gets a whole one, an entry that differs gets what differs. Tools that
    are in step are left out.
    """
    entries = {}
    for tool in sorted(tools, key=_name):
        entry = config["tools"].get(tool.name)
        difference = _entry(tool) if entry is None else _difference(tool, entry)
        if difference:
            entries[tool.name] = difference
    return {"tools": entries} if entries else {}


def rendered(proposal: Mapping[str, Any]) -> str:
    """Return the proposal as YAML, with what a reviewer must look at."""
    return _HEADER + yaml.safe_dump(dict(proposal), sort_keys=False)


def write(proposal: Mapping[str, Any], folder: Path) -> Path:
    """Lay the proposal over the catalogue file of *folder*, and return the file.

    Raises `BadInput` when another file of the folder has one of the entries: that file is edited by
    its author. Nothing is written then.
    """
    file = folder / FILE
    files = layers.read(folder)
    content: Mapping[str, Any] = {}
    for layer in files:
        if layer.file == file:
            content = layer.content
            continue
        entries = layer.content.get("tools", {})
        taken = entries.keys() & proposal["tools"].keys()
        if taken:
            raise BadInput(
                what=f"{layer.file.name}: tools.{min(taken)}",
                why="the entry is not in step with the code of the tool",
                next_step="Print the proposal without --write, and edit the file by hand.",
            )
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(rendered(layers.laid(content, proposal)), "utf-8")
    return file


def _name(tool: AnyTool) -> str:
    return tool.name


def _entry(tool: AnyTool) -> dict[str, Any]:
    return {
        "action_class": tool.action_class,
        "egress": "mcp" if tool.name.startswith(PREFIX) else "none",
        "schema": schema_digest(tool),
        "arguments": {name: {} for name in _listed(tool)},
    }


def _listed(tool: AnyTool) -> list[str]:
    return list(tool.schema().get("properties", {}))


def _difference(tool: AnyTool, entry: Mapping[str, Any]) -> dict[str, Any]:
    difference: dict[str, Any] = {}
    if entry["action_class"] != tool.action_class:
        difference["action_class"] = tool.action_class
    if entry.get("schema") != schema_digest(tool):
        difference["schema"] = schema_digest(tool)
    listed = entry["arguments"].keys()
    added = [name for name in _listed(tool) if name not in listed]
    if added:
        difference["arguments"] = {name: {} for name in added}
    return difference
