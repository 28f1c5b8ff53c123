"""Reading back: what an effect should have left is looked at, and what was seen is on record."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Unknown
from interlock.runtime.door.tool import Acted, AnyTool, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import ActionClass, Resource
from interlock.runtime.record.state import differences
from interlock.runtime.testing import Effects, Note, World

CALL: Any = {"tool": "send", "arguments": {"text": "a"}, "call_id": "1"}


@dataclass(kw_only=True)
class Place:
    """Where a tool puts a text, and how its reading back ends."""

    answer: Any = True
    seen: list[Acted[Note, Note]] = field(default_factory=list)
    acted: list[str] = field(default_factory=list)

    async def look(self, acted: Acted[Note, Note]) -> bool:
        """Read back as the test says."""
        self.seen.append(acted)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer == "never":
            await asyncio.sleep(60)
        answer: bool = self.answer
        return answer

    def tool(self, *, dies: bool = False, **options: Any) -> AnyTool:
        """Return a tool that is read back; its first call dies where it *dies*."""

        @tool(
            "send",
            action="write",
            resource=lambda _: Resource(type="note", id=""),
            readback=self.look,
            deadline_s=0.05,
            **options,
        )
        async def act(permit: Permit, arguments: Note) -> Note:
            """Put the text there."""
            self.acted.append(permit.key)
            if dies and len(self.acted) == 1:
                raise asyncio.CancelledError
            return arguments

        return act


@pytest.mark.parametrize(
    ("answer", "needed", "finding", "code"),
    [
        (True, True, "confirmed", None),
        (False, False, "contradicted", "contradicted"),
        (None, False, "contradicted", "contradicted"),
        (OSError("secret words"), False, "not_read", None),
        ("never", False, "not_read", None),
        (OSError("secret words"), True, "not_read", "not_read"),
        ("never", True, "not_read", "not_read"),
    ],
    ids=str,
)
async def test_an_effect_is_done_only_as_far_as_it_is_seen(
    tmp_path: Path, answer: Any, needed: bool, finding: str, code: str | None
) -> None:
    """What contradicts the tool's answer makes the effect unknown, and so does a needed reading
    that could not be done; any other such reading leaves the answer standing, and the ledger holds
    what was seen.
    """
    place = Place(answer=answer)
    async with World(tmp_path, tools=[place.tool(needs_readback=needed)]) as world:
        run = await world.start()
        first = await world.pep.enforce(run, **CALL)
        again = await world.pep.enforce(run, **CALL)
        await world.store.durable(run.claim)
        outcome = (await world.entries())[-1]
        assert (await world.verify()).problems == []
        assert await differences(world.store, world.vault) == []

    assert first == again
    assert isinstance(first, Unknown if code else Done)
    assert (outcome["readback"], outcome.get("failure")) == (finding, code)
    assert "secret" not in str(first)
    (acted,) = place.seen
    assert [acted.key] == place.acted
    assert (acted.run_id, acted.arguments, acted.result) == (
        run.id,
        Note(text="a"),
        Note(text="a"),
    )


async def _known(_: str) -> Note:
    return Note(text="a")


@pytest.mark.parametrize(
    "options", [{"idempotent": True}, {"reconcile": _known}], ids=["again", "asked"]
)
async def test_what_a_later_claim_concludes_is_read_back(
    tmp_path: Path, options: Any
) -> None:
    """A repeated call, and an effect that was found outside, are done only if they are seen."""
    place = Place(answer=False)
    async with World(tmp_path, tools=[place.tool(dies=True, **options)]) as world:
        run = await world.start()
        with pytest.raises(asyncio.CancelledError):
            await world.pep.enforce(run, **CALL)
        later = await world.pep.enforce(await world.reclaim(run), **CALL)

    assert isinstance(later, Unknown)
    assert len(place.seen) == 1
    assert place.seen[0].key == place.acted[0]


@pytest.mark.parametrize("action", ["pure", "read"])
def test_what_has_no_effect_has_nothing_to_read_back(action: ActionClass) -> None:
    """A tool without effect that declares a reading is refused: it would never be read."""
    with pytest.raises(TypeError, match="no effect"):
        Effects().tool("look", action, readback=Place().look)


@pytest.mark.parametrize("found", [None, Note(text="found")])
async def test_an_effect_that_broke_is_asked_for_at_once(
    tmp_path: Path, found: Note | None
) -> None:
    """What can be asked for is asked for when the call broke: only a certain answer counts, and
    what the asking gave stands with the outcome for people.
    """
    asked: list[str] = []

    async def look(key: str) -> Note | None:
        asked.append(key)
        return found

    @tool("send", action="irreversible", reconcile=look)
    async def act(permit: Permit, arguments: Note) -> Note:
        """Break off."""
        raise ConnectionResetError("reset")

    async with World(tmp_path, tools=[act]) as world:
        outcome = await world.pep.enforce(await world.start(), **CALL)

    assert asked == [outcome.action_id]
    if found:
        assert outcome == Done(action_id=outcome.action_id, value=found)
    else:
        assert isinstance(outcome, Unknown)
        assert "reset" in outcome.detail
        assert "not found" in outcome.detail
