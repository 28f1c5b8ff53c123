"""What a dead claim left open: done again where that is harmless, asked for outside, or unknown."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.door.enforcement.notes import durable

from interlock.runtime.door.outcome import Done, Unknown
from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.run.run import Run
from interlock.runtime.testing import Note, World


async def test_an_idempotent_effect_that_was_interrupted_is_done_again(
    tmp_path: Path,
) -> None:
    """An action left open by a dead claim is repeated under the same key when its tool says that
    this is harmless.
    """
    keys: list[str] = []

    @tool(
        "put",
        action="write",
        resource=lambda a: Resource(type="note", id=""),
        idempotent=True,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        keys.append(permit.key)
        if len(keys) == 1:
            raise asyncio.CancelledError
        return arguments

    async with World(tmp_path, tools=[act]) as world:
        run = await world.start()
        with pytest.raises(asyncio.CancelledError):
            await world.pep.enforce(
                run, tool="put", arguments={"text": "a"}, call_id="1"
            )
        same = await world.pep.enforce(
            run, tool="put", arguments={"text": "a"}, call_id="1"
        )
        later = await world.pep.enforce(
            await world.reclaim(run), tool="put", arguments={"text": "a"}, call_id="1"
        )
        await durable(world, run)
        assert (await world.verify()).problems == []

    assert isinstance(same, Unknown)  # in flight, as far as this claim knows
    assert isinstance(later, Done)
    assert len(keys) == 2
    assert len(set(keys)) == 1


@pytest.mark.parametrize("found", [None, Note(text="found")])
async def test_an_interrupted_effect_is_reconciled_or_unknown(
    tmp_path: Path, found: Note | None
) -> None:
    """What cannot be repeated is asked for outside; without a certain answer it is unknown, and
    never done again.
    """
    done: list[str] = []

    async def look(key: str) -> Note | None:
        return found

    @tool(
        "send",
        action="irreversible",
        resource=lambda a: Resource(type="mail", id=""),
        reconcile=look,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        done.append(arguments.text)
        raise asyncio.CancelledError

    async with World(tmp_path, tools=[act]) as world:
        run = await world.start()
        with pytest.raises(asyncio.CancelledError):
            await world.pep.enforce(
                run, tool="send", arguments={"text": "a"}, call_id="1"
            )
        later = await world.pep.enforce(
            await world.reclaim(run), tool="send", arguments={"text": "a"}, call_id="1"
        )
        await durable(world, run)
        assert (await world.verify()).problems == []

    assert done == ["a"]
    assert (
        later == Done(action_id=later.action_id, value=found)
        if found
        else isinstance(later, Unknown)
    )


async def _raises(_: str) -> Note:
    raise RuntimeError("secret words")


async def _never(_: str) -> Note:
    await asyncio.sleep(60)
    raise AssertionError


async def _junk(_: str) -> Any:
    return "secret words"


@pytest.mark.parametrize(
    ("look", "code"), [(_raises, "error"), (_never, "timeout"), (_junk, "error")]
)
async def test_a_look_outside_that_fails_is_told_by_its_code(
    tmp_path: Path, look: Any, code: str
) -> None:
    """Asking what became of an effect takes no longer than the effect may; when the asking fails,
    the effect is unknown, and neither the agent nor the record is told the words of the error.
    """
    async with World(tmp_path, tools=[_interrupted(look)]) as world:
        run = await _left_open(world)
        later = await world.pep.enforce(
            run, tool="send", arguments={"text": "a"}, call_id="1"
        )
        await durable(world, run)
        assert (await world.verify()).problems == []

    assert isinstance(later, Unknown)
    assert later.detail.endswith(f": {code}")
    assert "secret" not in later.detail


async def test_a_look_outside_that_is_away_is_taken_again(tmp_path: Path) -> None:
    """What has to be asked is down: nothing is decided, and the next claim asks anew."""
    asked: list[str] = []

    async def look(key: str) -> Note:
        asked.append(key)
        if len(asked) == 1:
            raise Unavailable(what="the server", why="it is away", run_id="run-1")
        return Note(text="sent")

    async with World(tmp_path, tools=[_interrupted(look)]) as world:
        run = await _left_open(world)
        call: Any = {"tool": "send", "arguments": {"text": "a"}, "call_id": "1"}
        with pytest.raises(Unavailable):
            await world.pep.enforce(run, **call)
        later = await world.pep.enforce(await world.reclaim(run), **call)

    assert later == Done(action_id=later.action_id, value=Note(text="sent"))


def _interrupted(look: Any) -> AnyTool:
    """Return a tool that breaks off in its effect, and asks with *look* what became of it."""

    @tool(
        "send",
        action="irreversible",
        resource=lambda a: Resource(type="mail", id=""),
        reconcile=look,
        deadline_s=0.05,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Break off."""
        raise asyncio.CancelledError

    return act


async def _left_open(world: World) -> Run:
    """Return a run under its second claim; the first one left the effect of `send` open."""
    run = await world.start()
    with pytest.raises(asyncio.CancelledError):
        await world.pep.enforce(run, tool="send", arguments={"text": "a"}, call_id="1")
    return await world.reclaim(run)
