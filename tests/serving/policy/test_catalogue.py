"""The catalogue is brought in step with the code of the tools by reviewed entries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from interlock.runtime.door.tool import AnyTool, Value, schema_digest, tool
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.serving.policy.catalogue import proposed, write
from interlock.serving.policy.overlay import configuration

Written: TypeAlias = Callable[[str, str], Path]


class Note(Value):
    """What to keep."""

    text: str
    title: str = ""


@tool("note.keep", action="write")
async def keep(permit: Permit, note: Note) -> Note:
    """Keep a note."""
    return note


def _config(bundle: Bundle) -> dict[str, Any]:
    config: dict[str, Any] = bundle.data["rails"]["config"]
    return config


def test_a_tool_without_an_entry_gets_one(shipped: Bundle) -> None:
    """The entry says what the code says; what it cannot say is left to the reviewer."""
    assert proposed([keep], _config(shipped)) == {
        "tools": {
            "note.keep": {
                "action_class": "write",
                "egress": "none",
                "schema": schema_digest(keep),
                "arguments": {"text": {}, "title": {}},
            }
        }
    }


@pytest.mark.parametrize(
    ("entry", "difference"),
    [
        ({}, {}),
        ({"schema": "0" * 64}, {"schema": schema_digest(keep)}),
        ({"action_class": "pure"}, {"action_class": "write"}),
        ({"arguments": {"text": {"max_chars": 9}}}, {"arguments": {"title": {}}}),
    ],
    ids=["in step", "other arguments", "another class", "an argument more"],
)
def test_an_entry_gets_what_differs(
    shipped: Bundle, entry: dict[str, Any], difference: dict[str, Any]
) -> None:
    """What a reviewer wrote stays, what the code changed is proposed."""
    config = _config(shipped)
    whole = proposed([keep], config)["tools"]["note.keep"]
    tools = {**config["tools"], "note.keep": {**whole, "egress": "web", **entry}}

    expected = {"tools": {"note.keep": difference}} if difference else {}
    assert proposed([keep], {**config, "tools": tools}) == expected


def test_a_written_proposal_is_in_step(shipped: Bundle, tmp_path: Path) -> None:
    """After `--write` nothing is left to propose, and a second tool is added to the first."""
    other: AnyTool = tool("note.read", action="read")(_read)
    folder = tmp_path / "policies"
    for tools in ([keep], [keep, other]):
        write(proposed(tools, configuration(shipped, folder)), folder)

    assert proposed([keep, other], configuration(shipped, folder)) == {}
    text = (folder / "catalogue.yaml").read_text("utf-8")
    assert yaml.safe_load(text)["tools"].keys() == {"note.keep", "note.read"}


def test_an_entry_of_an_author_is_not_overwritten(
    shipped: Bundle, written: Written
) -> None:
    """An entry in a file of its own is edited by whoever wrote it."""
    folder = written(
        "mine.yaml",
        "tools: {note.keep: {action_class: pure, egress: none, arguments: {}}}",
    )
    with pytest.raises(BadInput):
        write(proposed([keep], configuration(shipped, folder)), folder)

    assert not (folder / "catalogue.yaml").exists()


async def _read(permit: Permit, note: Note) -> Note:
    """Read a note."""
    return note
