"""What is not understood is denied: a tool, its arguments, a duty, an agent."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.door.enforcement.notes import Scripted, durable, events

from interlock.runtime.policy.decision import Denied, Obligation
from interlock.runtime.testing import Effects, World


@pytest.mark.parametrize(
    "name", ["no.such.tool", "x" * 5000, "Ana Kov\u00e1cs <ana@example.com>", ""]
)
async def test_an_unknown_tool_is_denied_under_one_name(
    world: World, name: str
) -> None:
    """A tool that is not there is denied and recorded, and its name stays out of the ledger's
    bodies.
    """
    run = await world.start()
    outcome = await world.pep.enforce(run, tool=name, arguments={"a": 1}, call_id="1")
    await durable(world, run)

    assert isinstance(outcome, Denied)
    assert [
        each["tool"] for each in await world.entries() if each["event"] == "decision"
    ] == ["unknown"]


async def test_a_policy_that_permits_what_is_not_there_changes_nothing(
    tmp_path: Path,
) -> None:
    """Even when the policy permits an unknown tool, nothing can be called."""
    async with World(tmp_path, pdp=Scripted()) as world:
        outcome = await world.pep.enforce(
            await world.start(), tool="no.such", arguments={}, call_id="1"
        )

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("not_callable",)


def nested(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


#: Deeper and deeper, up to what has no canonical form by itself
DEEP: list[Any] = [nested(depth) for depth in range(26, 34)]
WRONG: list[dict[Any, Any]] = [
    *({"text": value} for value in DEEP),
    {},
    {"text": 1},
    {"text": "a", "more": 1},
    {"text": None},
    {"text": "a", "to": 0.5},
    {"text": 2**70},
    {"text": "\ud800"},
    {"t\u00e9xt": "a"},
    {"text": b"a"},
    {"text": float("nan")},
    {1: 2},
]


@pytest.mark.parametrize("arguments", WRONG, ids=repr)
async def test_arguments_that_do_not_fit_are_denied_and_recorded(
    tmp_path: Path, effects: Effects, arguments: Mapping[str, Any]
) -> None:
    """Whatever does not fit the schema, canonical or not, reaches the policy as invalid and is
    never called.
    """
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=Scripted()
    ) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="note.write", arguments=arguments, call_id="1"
        )
        assert await events(world) == [("decision", "denied")]

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("not_callable",)
    assert not outcome.request.context.schema_valid
    assert outcome.request.action.action_class == "irreversible"
    assert effects.done == []


@pytest.mark.parametrize(
    "obligation",
    [
        Obligation(kind="sing"),
        Obligation(kind=""),
        Obligation(kind="approve"),
        Obligation(kind="sing", parameters={"role": "reviewer", "ttl_s": 60}),
        Obligation(kind="approve", parameters={"role": "reviewer"}),
        Obligation(kind="approve", parameters={"role": "reviewer", "ttl_s": 0}),
        Obligation(kind="approve", parameters={"role": "reviewer", "ttl_s": 10**9}),
        Obligation(kind="approve", parameters={"role": 1, "ttl_s": 60}),
        Obligation(kind="approve", parameters={"role": "reviewer", "ttl_s": "60"}),
        Obligation(kind="approve", parameters={"role": "reviewer", "ttl_s": True}),
        Obligation(kind="bound", parameters={"calls": True}),
        Obligation(kind="bound", parameters={"answer_bytes": "10"}),
    ],
    ids=repr,
)
async def test_an_obligation_that_is_not_understood_is_a_deny(
    tmp_path: Path, effects: Effects, obligation: Obligation
) -> None:
    """A permit with a duty nobody can discharge permits nothing."""
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=Scripted(obligation)
    ) as world:
        outcome = await world.pep.enforce(
            await world.start(), tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("obligation_unknown",)
    assert effects.done == []


async def test_two_duties_to_wait_are_a_deny(tmp_path: Path, effects: Effects) -> None:
    """A decision that wants two different people is not understood."""
    ask = Obligation(kind="approve", parameters={"role": "reviewer", "ttl_s": 60})
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=Scripted(ask, ask)
    ) as world:
        outcome = await world.pep.enforce(
            await world.start(), tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert isinstance(outcome, Denied)
    assert effects.done == []


async def test_a_run_of_an_agent_that_is_not_here_has_no_tool(tmp_path: Path) -> None:
    """A run whose agent nobody declared to this door is denied every tool (fails closed)."""
    effects = Effects()
    async with World(tmp_path, tools=[effects.tool("note.write")]) as world:
        run = await world.start()
        ghost = replace(run, agent="ghost")
        outcome = await world.pep.enforce(
            ghost, tool="note.write", arguments={"text": "x"}, call_id="1"
        )

    assert isinstance(outcome, Denied)
    assert effects.done == []
