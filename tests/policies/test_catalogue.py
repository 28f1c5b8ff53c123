"""The catalogue of the shipped policy states what the tools and the acts of the product are."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from interlock.runtime.door.tool import AnyTool, schema_digest
from interlock.runtime.policy.act import CLASSES, Act
from interlock.serving import workspace
from interlock.serving.home import opened
from interlock.serving.policy.build import POLICIES
from interlock.serving.settings import BUNDLE
from interlock.tools.unread.extracting import unread_tools

#: The roles of people, as the how-to orders them
_ROLES = (
    "analyst",
    "reviewer",
    "administrator",
    "auditor",
    "enforcement_point",
    "machine",
    "everyone",
)

TOOLS = POLICIES.parent / "tools"
_RAISED = re.compile(r'ToolFailed\(\s*code="([a-z_]+)"')
#: Fewer would mean that the pattern no longer fits
SOME = 8
#: Of tools that a home has only where a server is declared
ELSEWHERE = {"mcp_unreviewed"}


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, AnyTool]:
    """Every tool of the product."""

    async def read() -> Mapping[str, AnyTool]:
        folder = tmp_path_factory.mktemp("home")
        async with opened(workspace.read({}, bundle=BUNDLE, home=folder)) as home:
            return {
                name: tool
                for name, tool in home.pep.tools.items()
                if name not in CLASSES
            }

    return asyncio.run(read())


def test_every_tool_is_reviewed(
    data: dict[str, Any], tools: Mapping[str, AnyTool]
) -> None:
    """Each tool has an entry with its class and the schema that its code has now."""
    entries = data["config"]["tools"]
    reviewed = {
        name: (entry["action_class"], entry["schema"])
        for name, entry in entries.items()
        if name in tools
    }
    assert reviewed == {
        tool.name: (tool.action_class, schema_digest(tool)) for tool in tools.values()
    }


def test_every_code_that_a_tool_fails_with_is_declared(
    tools: Mapping[str, AnyTool],
) -> None:
    """An agent is told only declared codes, so a code that no tool declares would be lost."""
    ours = (*tools.values(), *unread_tools)
    declared = {code for tool in ours for code in tool.codes}
    raised = {
        code
        for file in TOOLS.rglob("*.py")
        for code in _RAISED.findall(file.read_text("utf-8"))
    }

    assert len(raised) >= SOME
    assert raised <= declared | ELSEWHERE


def test_every_act_has_its_entry(data: dict[str, Any]) -> None:
    """The acts of the runtime and of the catalogue are the same, with the same classes."""
    entries = data["config"]["acts"]
    assert {name: entry["action_class"] for name, entry in entries.items()} == CLASSES
    assert CLASSES.keys() == set(get_args(Act))


def test_every_argument_is_an_argument_of_the_tool(
    data: dict[str, Any], tools: Mapping[str, AnyTool]
) -> None:
    """No limit is set for an argument that the tool does not take."""
    for name, tool in tools.items():
        listed = data["config"]["tools"][name]["arguments"].keys()
        assert listed == tool.arguments.model_fields.keys(), name


def test_the_page_about_acts_is_in_step(data: dict[str, Any]) -> None:
    """The table of the how-to states each act, who may do it and what it waives, as the data do."""
    page = POLICIES.parent / "docs" / "howto" / "say-who-may-do-what.md"
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in page.read_text("utf-8").splitlines()
        if line.startswith("| `") and line.count("|") == 4 and "." in line.split("`")[1]
    ]
    grants = data["config"]["grants"]
    stated = [
        (
            f"`{act}`",
            ", ".join(role for role in _ROLES if act in grants[role]),
            ", ".join(entry["waives"]) or "nothing",
        )
        for act, entry in data["config"]["acts"].items()
    ]
    assert rows == sorted(
        stated, key=lambda row: [name for name, *_ in rows].index(row[0])
    )
