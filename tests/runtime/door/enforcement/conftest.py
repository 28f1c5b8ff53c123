"""A world of notes, whose effects are counted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtime.door.enforcement.notes import WEB, raising

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.testing import Effects, World


@pytest.fixture
def effects() -> Effects:
    return Effects()


@pytest.fixture
async def world(tmp_path: Path, effects: Effects) -> AsyncIterator[World]:
    tools = [
        effects.tool("note.write"),
        effects.tool("note.pure", "pure"),
        effects.tool("note.once", idempotent=True),
        effects.tool("web.read", "read", yields=lambda a, r: WEB),
        raising(
            ToolFailed(code="no_such_note", detail="it is gone"),
            name="note.fails",
            codes=("no_such_note",),
        ),
        raising(
            ToolFailed(code="no_such_note", detail="it is gone"),
            name="note.looks",
            action="read",
            codes=("no_such_note",),
        ),
        raising(ConnectionResetError("reset"), name="note.breaks"),
        raising(
            ConnectionResetError("reset"), name="note.once.breaks", idempotent=True
        ),
    ]
    async with World(tmp_path, tools=tools) as made:
        yield made
