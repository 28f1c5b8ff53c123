"""What stands in for a failed call is a call like any other; what a call is aimed at is fixed."""

from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.door.target import Caller, Failure, Target
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Denied, Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts, Resource
from interlock.runtime.testing import StaticPoint, World

PRIVATE = Label(integrity="trusted", confidentiality="confidential")


class Look(Value):
    """Where to look, and how often that failed before."""

    place: str
    failed: int = 0


class Seen(Value):
    """Where it was found."""

    place: str


def looking(*, good: int, aims: list[Caller] | None = None, **more: Any) -> AnyTool:
    """Return a tool that finds nothing until it failed *good* times."""

    def instead(arguments: Look, _: Caller, failure: Failure) -> Look | None:
        assert failure.code == "gone"
        return Look(place=arguments.place, failed=arguments.failed + 1)

    def target(arguments: Look, caller: Caller) -> Target:
        if aims is not None:
            aims.append(caller)
        place = f"{arguments.place}/{arguments.failed}/{caller.label.confidentiality}"
        resource = Resource(type="place", id=place)
        return Target(resource=resource, cost=Amounts(steps=1, tokens=10))

    options: dict[str, Any] = {"target": target, "instead": instead, "codes": ["gone"]}

    @tool("place.look", action="read", **(options | more))
    async def look(permit: Permit, arguments: Look) -> Seen:
        """Look at a place."""
        if arguments.failed < good:
            raise ToolFailed(code="gone", is_spent=True)
        return Seen(place=permit.resource.id)

    return look


async def looked(
    folder: Path, one: AnyTool, pdp: StaticPoint | None = None
) -> tuple[Any, list[dict[str, Any]]]:
    """Look once as an agent does; return the outcome and the entries on how it ended."""
    async with World(folder, tools=[one], pdp=pdp) as world:
        run = await world.start()
        door = Door(pep=world.pep, run=run)
        outcome = await door.call(one.name, {"place": "a"}, call_id="1")
        await world.store.durable(run.claim)
        entries = await world.entries()
        assert (await world.verify()).problems == []
    return outcome, [entry for entry in entries if entry["event"] == "outcome"]


async def test_what_stands_in_is_decided_priced_and_recorded(tmp_path: Path) -> None:
    """Each try is an action of its own: the policy sees it, and its cost is charged."""
    pdp = StaticPoint(effects={"place.look": "permit"})
    outcome, entries = await looked(tmp_path, looking(good=2), pdp)

    assert isinstance(outcome, Done)
    assert [request.resource.id for request in pdp.asked] == [
        "a/0/public",
        "a/1/public",
        "a/2/public",
    ]
    assert [entry.get("failure") for entry in entries] == ["gone", "gone", None]
    assert [entry["spent"]["tokens"] for entry in entries] == [10, 10, 10]


async def test_the_permit_names_what_the_policy_judged(tmp_path: Path) -> None:
    """A tool acts on the target that was fixed when the call was proposed."""
    outcome, _ = await looked(tmp_path, looking(good=0))

    assert outcome.value.place == "a/0/public"


async def test_a_tool_that_always_knows_another_way_comes_to_an_end(
    tmp_path: Path,
) -> None:
    """One call has eight tries and no more, and the last failure is the answer."""
    outcome, entries = await looked(tmp_path, looking(good=100))

    assert isinstance(outcome, Failed)
    assert len(entries) == 8


async def test_a_refusal_is_not_tried_by_other_means(tmp_path: Path) -> None:
    """Only what failed has something that stands in for it: a no is a no."""
    outcome, entries = await looked(
        tmp_path, looking(good=0), StaticPoint(effects={"place.look": "deny"})
    )

    assert isinstance(outcome, Denied)
    assert len(entries) <= 1


async def test_a_target_knows_all_that_the_run_has_read(tmp_path: Path) -> None:
    """The label of what was read a moment ago is there when the next call is aimed."""
    aims: list[Caller] = []
    one = looking(good=0, aims=aims, yields=lambda *_: PRIVATE)
    async with World(tmp_path, tools=[one]) as world:
        run = await world.start()
        door = Door(pep=world.pep, run=run)
        for number in range(2):
            await door.call(one.name, {"place": "a"}, call_id=str(number))

    assert aims[-1].label.confidentiality == "confidential"
    assert aims[0].label.confidentiality == "public"
    assert (aims[0].run_id, aims[0].tenant) == (run.id, run.tenant)


def test_a_tool_with_effects_has_nothing_that_stands_in_for_it() -> None:
    """What may have acted is not tried by other means: the tool cannot be made."""
    with pytest.raises(TypeError, match="stands in"):

        @tool("place.make", action="write", instead=lambda *_: None)
        async def make(permit: Permit, arguments: Look) -> Seen:
            """Make a place."""
            return Seen(place=arguments.place)
