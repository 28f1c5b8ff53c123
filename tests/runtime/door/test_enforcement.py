"""The enforcement point: propose, decide, record, act; and what happens when any of it goes
wrong.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from interlock.runtime.door.outcome import Done, Failed, Unknown
from interlock.runtime.door.tool import AnyTool, ToolFailed, tool
from interlock.runtime.errors import (
    AnotherPolicy,
    Fenced,
    GuardFailed,
    NotRecorded,
    Unavailable,
)
from interlock.runtime.graph.answer import reply
from interlock.runtime.graph.model import Refused
from interlock.runtime.policy.decision import (
    Decision,
    Denied,
    Obligation,
    Permit,
    Reason,
)
from interlock.runtime.policy.label import TRUSTED, UNVOUCHED, Label
from interlock.runtime.policy.request import (
    AccessRequest,
    ActionClass,
    Amounts,
    Resource,
)
from interlock.runtime.record.store import tables
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVISION, Effects, Note, StaticPoint, World

WEB = Label(integrity="untrusted", confidentiality="internal", sources=("web",))
GRANT = Reason(code="granted", rule="static")


class Scripted:
    """A decision point that permits everything, with obligations of the test's choice."""

    engine, revision = "scripted", REVISION

    def __init__(self, *obligations: Obligation) -> None:
        self._obligations = obligations

    async def decide(self, request: AccessRequest) -> Decision:
        """Permit."""
        return Decision(
            effect="permit",
            reasons=(GRANT,),
            obligations=self._obligations,
            revision=self.revision,
            engine=self.engine,
        )


def raising(
    error: BaseException,
    *,
    name: str = "note.write",
    action: ActionClass = "write",
    **options: Any,
) -> AnyTool:
    """Return a tool whose act raises *error*."""

    @tool(
        name,
        action=action,
        resource=lambda a: Resource(type="note", id=""),
        **options,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        raise error

    return act


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


async def events(world: World) -> list[tuple[str, str]]:
    """Return event and state of every ledger entry that concerns an action."""
    await world.store.write(lambda _: None)
    entries = await world.entries()
    return [
        (each["event"], each["state"])
        for each in entries
        if "action" in each and "state" in each
    ]


async def durable(world: World, run: Run) -> None:
    await world.store.durable(run.claim)


async def test_a_permitted_effect_is_intended_done_and_recorded(
    world: World, effects: Effects
) -> None:
    """One effect leaves an intent, then an outcome, and its result."""
    run = await world.start()
    outcome = await world.pep.enforce(
        run, tool="note.write", arguments={"text": "a"}, call_id="1"
    )

    assert isinstance(outcome, Done)
    assert outcome.value == Note(text="a")
    assert effects.done == ["a"]
    assert await events(world) == [("intent", "started"), ("outcome", "done")]
    assert (await world.verify()).problems == []


async def test_the_intent_is_durable_before_the_act(tmp_path: Path) -> None:
    """While a tool acts, its intent and its reservation can already be read by others."""
    seen: list[Any] = []

    @tool("note.write", action="write", resource=lambda a: Resource(type="note", id=""))
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        query = select(tables.action.c.state, tables.reservation.c.effects).join(
            tables.reservation, tables.reservation.c.action_id == tables.action.c.id
        )
        seen.extend(
            await here.store.read(lambda connection: connection.execute(query).all())
        )
        return arguments

    async with World(tmp_path, tools=[act]) as here:
        await here.pep.enforce(
            await here.start(), tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert seen == [("started", 1)]


async def test_deny_means_no_effect_and_a_record(
    tmp_path: Path, effects: Effects
) -> None:
    """A denied proposal does nothing, is recorded, and counts as a refusal."""
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=StaticPoint()
    ) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

        assert isinstance(outcome, Denied)
        assert outcome.codes == ("not_granted",)
        assert effects.done == []
        assert await events(world) == [("decision", "denied")]
        assert (await world.runs.read(run.id)).refusals == 1


async def test_a_refusal_is_told_again_and_counted_once(
    tmp_path: Path, effects: Effects
) -> None:
    """The same proposal after its refusal gets the recorded refusal; another one counts anew."""
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=StaticPoint()
    ) as world:
        run = await world.start()
        for call in ("1", "1", "2", "3"):
            assert isinstance(
                await world.pep.enforce(
                    run, tool="note.write", arguments={"text": "a"}, call_id=call
                ),
                Denied,
            )
        await durable(world, run)

        assert (await world.runs.read(run.id)).refusals == 3
        assert effects.done == []


async def test_the_policy_is_told_how_often_it_refused(
    tmp_path: Path, effects: Effects
) -> None:
    """Each question carries the number of refusals recorded before it."""
    pdp = StaticPoint()
    async with World(tmp_path, tools=[effects.tool("note.write")], pdp=pdp) as world:
        run = await world.start()
        for call in "1234":
            await world.pep.enforce(
                run, tool="note.write", arguments={"text": "a"}, call_id=call
            )

    assert [each.context.run.refusals for each in pdp.asked] == [0, 1, 2, 3]


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


@pytest.mark.parametrize(("name", "spent"), [("note.fails", 0), ("note.looks", 0)])
async def test_a_tool_that_knows_it_did_not_act_fails(
    world: World, name: str, spent: int
) -> None:
    """ToolFailed is a failure with the tool's own code; no effect is charged and nothing is
    retried.
    """
    run = await world.start()
    outcome = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    again = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )

    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.detail) == ("no_such_note", "it is gone")
    assert isinstance(again, Failed)
    assert (again.code, again.detail) == ("no_such_note", "it is gone")  # as recorded
    assert [each.get("failure") for each in await world.entries()][-1] == "no_such_note"
    assert (await world.budget(run)).spent.effects == spent
    assert (await world.budget(run)).reserved == Amounts()


@pytest.mark.parametrize("name", ["note.breaks", "note.once.breaks"])
async def test_an_effect_that_broke_is_unknown_for_good(
    world: World, name: str
) -> None:
    """An exception out of an effect leaves it unknown: charged in full, recorded, and never tried
    again.
    """
    run = await world.start()
    outcome = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    again = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    later = await world.pep.enforce(
        await world.reclaim(run), tool=name, arguments={"text": "a"}, call_id="1"
    )

    assert isinstance(outcome, Unknown)
    assert isinstance(again, Unknown)
    assert isinstance(later, Unknown)
    assert outcome.detail == again.detail == later.detail  # as recorded
    assert await events(world) == [("intent", "started"), ("outcome", "unknown")]
    assert (await world.budget(run)).spent.effects == 1


@pytest.mark.parametrize("name", ["note.write", "note.read"])
async def test_a_run_is_pinned_to_its_policy(
    tmp_path: Path, effects: Effects, name: str
) -> None:
    """Under another revision than the run was started under nothing is done, even when that policy
    permits everything.
    """
    point = StaticPoint(effects={name: "permit"})
    action_class: Any = "write" if name == "note.write" else "read"
    async with World(
        tmp_path, tools=[effects.tool(name, action_class)], pdp=point
    ) as world:
        run = await world.start()
        point.revision = "f" * 64
        with pytest.raises(AnotherPolicy):
            await world.pep.enforce(
                run, tool=name, arguments={"text": "a"}, call_id="1"
            )

    assert effects.done == []


async def test_a_run_without_time_left_does_nothing(
    world: World, effects: Effects
) -> None:
    """When the wall time is used up the next effect does not begin, although it would take no time
    worth counting.
    """
    run = await world.start(limits=Amounts(steps=10, effects=10))
    outcome = await world.pep.enforce(
        run, tool="note.write", arguments={"text": "a"}, call_id="1"
    )

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("no_time",)
    assert effects.done == []


@pytest.mark.parametrize("action_class", ["write", "irreversible"])
async def test_an_effect_past_its_deadline_is_unknown(
    tmp_path: Path, action_class: Any
) -> None:
    """A tool that does not come back in time may have acted."""

    @tool(
        "slow",
        action=action_class,
        resource=lambda a: Resource(type="note", id=""),
        deadline_s=0.02,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        await asyncio.sleep(60)
        return arguments

    async with World(tmp_path, tools=[act]) as world:
        run = await world.start()
        first = await world.pep.enforce(
            run, tool="slow", arguments={"text": "a"}, call_id="1"
        )
        again = await world.pep.enforce(
            run, tool="slow", arguments={"text": "a"}, call_id="1"
        )

    assert isinstance(first, Unknown)
    assert isinstance(again, Unknown)


async def test_a_look_past_its_deadline_failed(tmp_path: Path) -> None:
    """A read has no effect, so a late one is a failure, not a question."""

    @tool(
        "slow",
        action="read",
        resource=lambda a: Resource(type="note", id=""),
        deadline_s=0.02,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        await asyncio.sleep(60)
        return arguments

    async with World(tmp_path, tools=[act]) as world:
        outcome = await world.pep.enforce(
            await world.start(), tool="slow", arguments={"text": "a"}, call_id="1"
        )

    assert isinstance(outcome, Failed)
    assert outcome.code == "timeout"


@pytest.mark.parametrize("broken", ["actual", "yields", "result"])
async def test_an_effect_whose_result_cannot_be_read_is_unknown(
    tmp_path: Path, broken: str
) -> None:
    """When the tool acted and its result cannot be priced, labelled or stored, the outcome is
    recorded as unknown.
    """

    def explode(*_: Any) -> Any:
        raise KeyError("x")

    options: dict[str, Any] = {} if broken == "result" else {broken: explode}

    @tool(
        "odd",
        action="write",
        resource=lambda a: Resource(type="note", id=""),
        **options,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        return arguments if broken != "result" else object()  # type: ignore[return-value]  # on purpose not what the types say

    async with World(tmp_path, tools=[act]) as world:
        outcome = await world.pep.enforce(
            await world.start(), tool="odd", arguments={"text": "a"}, call_id="1"
        )
        assert await events(world) == [("intent", "started"), ("outcome", "unknown")]

    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("name", ["note.write", "note.pure", "note.once", "web.read"])
async def test_a_call_that_is_repeated_is_answered_from_the_record(
    world: World, effects: Effects, name: str
) -> None:
    """The same run, call and arguments give the recorded result, and act no second time, even after
    another claim.
    """
    run = await world.start()
    first = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    again = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    later = await world.pep.enforce(
        await world.reclaim(run), tool=name, arguments={"text": "a"}, call_id="1"
    )

    assert first == again == later
    assert effects.done == ["a"]
    assert (await world.verify()).problems == []


@pytest.mark.parametrize(
    "change", [{"call_id": "2"}, {"arguments": {"text": "a "}}, {"tool": "note.once"}]
)
async def test_another_call_is_another_action(
    world: World, effects: Effects, change: dict[str, Any]
) -> None:
    """The call id, every byte of the arguments and the tool are part of an action's identity."""
    run = await world.start()
    given: dict[str, Any] = {
        "tool": "note.write",
        "arguments": {"text": "a"},
        "call_id": "1",
    }
    await world.pep.enforce(run, **given)
    await world.pep.enforce(run, **given | change)

    assert len(effects.done) == 2


@pytest.mark.parametrize("name", ["note.write", "note.pure", "note.once", "web.read"])
async def test_a_call_made_many_times_at_once_acts_once(
    world: World, effects: Effects, name: str
) -> None:
    """Of many simultaneous enforcements of one call one acts, all get its result, and the ledger
    stays valid.
    """
    run = await world.start()
    outcomes = await asyncio.gather(
        *(
            world.pep.enforce(run, tool=name, arguments={"text": "a"}, call_id="1")
            for _ in range(16)
        )
    )
    await durable(world, run)

    assert effects.done == ["a"]
    assert all(isinstance(each, Done) for each in outcomes)
    assert (await world.verify()).problems == []
    assert (await world.budget(run)).reserved == Amounts()


async def test_two_doors_onto_one_run_act_once(
    tmp_path: Path, effects: Effects
) -> None:
    """Two enforcement points, as two processes have them, never both act for one call; the record
    keeps the effect.
    """
    tools = [effects.tool("note.write")]
    async with (
        World(tmp_path, tools=tools) as world,
        World(tmp_path, tools=tools) as other,
    ):
        run = await world.start()
        await other.runs.read(run.id)
        outcomes = await asyncio.gather(
            *(
                each.pep.enforce(
                    run, tool="note.write", arguments={"text": "a"}, call_id="1"
                )
                for each in [world, other] * 4
            )
        )
        await durable(world, run)
        await durable(other, run)
        again = await world.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

        assert effects.done == ["a"]
        assert not any(isinstance(each, Denied) for each in outcomes)
        assert isinstance(again, Done)
        assert (await world.verify()).problems == []
        assert (await world.budget(run)).reserved == Amounts()


async def test_two_doors_record_one_step(tmp_path: Path, effects: Effects) -> None:
    """Two enforcement points that look at the same thing at once record it once; the other is told
    that it came late.
    """
    tools = [effects.tool("note.pure", "pure")]
    async with (
        World(tmp_path, tools=tools) as world,
        World(tmp_path, tools=tools) as other,
    ):
        run = await world.start()
        await other.runs.read(run.id)
        doors = [world, other]
        await asyncio.gather(
            *(
                each.pep.enforce(
                    run, tool="note.pure", arguments={"text": "a"}, call_id="1"
                )
                for each in doors
            )
        )
        results = await asyncio.gather(
            *(each.store.durable(run.claim) for each in doors), return_exceptions=True
        )

        assert all(each is None or isinstance(each, GuardFailed) for each in results)
        assert [each["event"] for each in await world.entries()].count("step") == 1
        assert (await world.verify()).problems == []


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


async def test_a_fenced_claim_does_nothing(world: World, effects: Effects) -> None:
    """Whoever holds an old claim of a run is refused before any effect."""
    old = await world.start()
    await world.reclaim(old)
    with pytest.raises(Fenced):
        await world.pep.enforce(
            old, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert effects.done == []


async def test_a_cancelled_run_does_nothing_more(
    world: World, effects: Effects
) -> None:
    """Cancelling moves the fence: the worker that was at it can act no more, and nothing stays
    reserved.
    """
    run = await world.start()
    await world.runs.cancel(run.id, by="ana")
    with pytest.raises(Fenced):
        await world.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert effects.done == []


@pytest.mark.parametrize(
    "options", [{}, {"idempotent": True}], ids=["once", "idempotent"]
)
async def test_what_is_in_flight_when_its_run_is_cancelled_is_unknown(
    tmp_path: Path, database_url: str, options: dict[str, Any]
) -> None:
    """An effect under way when its run is cancelled is shown as unknown, recorded, and charged what
    it was to cost; what its worker says afterwards stands beside that.
    """

    @tool(
        "send",
        action="irreversible",
        resource=lambda a: Resource(type="mail", id=""),
        **options,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        await here.runs.cancel(permit.run_id, by="ana")
        return arguments

    async with World(tmp_path / "home", tools=[act], url=database_url) as here:
        run = await here.start()
        await here.pep.enforce(run, tool="send", arguments={"text": "a"}, call_id="1")
        with pytest.raises(Fenced):  # what it says afterwards comes too late
            await durable(here, run)
        (found,) = await here.store.read(
            lambda connection: (
                connection.execute(select(tables.action.c.state)).scalars().all()
            )
        )
        spend = await here.budget(run)

        assert found == "unknown"
        assert await events(here) == [
            ("intent", "started"),
            ("outcome", "unknown"),
            ("late_outcome", "done"),
        ]
        assert (spend.spent.effects, spend.reserved) == (1, Amounts())
        assert (await here.verify()).problems == []


async def test_what_cannot_be_recorded_is_not_done(
    world: World, effects: Effects
) -> None:
    """When the store does not take the intent, the tool is not called."""
    run = await world.start()
    world.store._writer.close()  # noqa: SLF001 - the writer is gone, the readers are not
    with pytest.raises(NotRecorded):
        await world.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert effects.done == []


async def test_a_kill_switch_engaged_after_the_decision_still_stops_the_effect(
    tmp_path: Path, effects: Effects
) -> None:
    """The intent is refused when a switch was engaged between the policy's answer and the
    record.
    """

    class Late(StaticPoint):
        async def decide(self, request: AccessRequest) -> Decision:
            decision = await super().decide(request)
            await KillSwitches(here.store).engage("tool", "note.write", by="ana")
            return decision

    async with World(
        tmp_path,
        tools=[effects.tool("note.write")],
        pdp=Late(effects={"note.write": "permit"}),
    ) as here:
        run = await here.start()
        outcome = await here.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )
        await durable(here, run)

        assert isinstance(outcome, Denied)
        assert outcome.codes == ("killed",)
        assert effects.done == []
        assert (await here.verify()).problems == []


async def test_reading_untrusted_data_taints_the_run(world: World) -> None:
    """After a read the run holds the joined label, and later arguments that are not the principal's
    carry it.
    """
    assert isinstance(world.pdp, StaticPoint)
    run = await world.start(request={"to": "bob@example.com"})
    await world.pep.enforce(
        run,
        tool="note.write",
        arguments={"text": "x", "to": "bob@example.com"},
        call_id="1",
    )
    await world.pep.enforce(
        run, tool="web.read", arguments={"text": "https://evil.test"}, call_id="2"
    )
    await world.pep.enforce(
        run,
        tool="note.write",
        arguments={"text": "anything", "to": "bob@example.com"},
        call_id="3",
    )
    before, _, after = (each.context.labels for each in world.pdp.asked)

    assert before["text"] == UNVOUCHED.join(TRUSTED)
    assert after["text"] == WEB.join(UNVOUCHED).join(TRUSTED)
    assert after["to"] == TRUSTED
    assert (await world.runs.read(run.id)).label == after["text"]


@pytest.mark.parametrize("action", ["read", "write"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ToolFailed(code="gone", detail="it says 4711"), "gone"),
        (ToolFailed(code="it says 4711"), "error"),
        (ValueError("it says 4711"), "error"),
        (TimeoutError("it says 4711"), "timeout"),
    ],
)
async def test_what_a_failing_tool_says_is_labelled_and_the_agent_is_told_a_code(
    tmp_path: Path, action: ActionClass, error: Exception, code: str
) -> None:
    """The words of a failure count like the worst that the tool could have read, and reach people
    alone.
    """
    failing = raising(error, name="note", action=action, codes=("gone",))
    async with World(tmp_path, tools=[failing]) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="note", arguments={"text": "a"}, call_id="1"
        )
        await durable(world, run)
        label = (await world.runs.read(run.id)).label
        *_, entry = await world.entries()

    worst = Label(
        integrity="untrusted", confidentiality="confidential", sources=("tool:note",)
    )
    assert isinstance(outcome, Failed | Unknown)
    assert "4711" in outcome.detail
    assert label == worst.join(UNVOUCHED).join(TRUSTED)
    assert entry["failure"] == code
    assert "4711" not in str(reply(outcome, call_id="1", tool="note").content)
    assert "4711" not in str(Refused(outcome))


@pytest.mark.parametrize("error", [ToolFailed(code="gone"), TimeoutError()])
async def test_a_failure_that_is_a_code_and_no_word_labels_nothing_new(
    tmp_path: Path, error: Exception
) -> None:
    """A code out of the tool's closed set says nothing that was read, so the run goes on as it
    was.
    """
    failing = raising(error, name="note", action="read", codes=("gone",))
    async with World(tmp_path, tools=[failing]) as world:
        run = await world.start(request={"text": "a"})
        await world.pep.enforce(
            run, tool="note", arguments={"text": "a", "to": "a"}, call_id="1"
        )
        await durable(world, run)

        assert (await world.runs.read(run.id)).label == TRUSTED


async def test_a_tool_says_how_bad_the_words_of_its_failure_are(tmp_path: Path) -> None:
    """A label of its own stands for what the tool says when it fails."""
    failing = raising(ValueError("no"), name="note", action="read", failing=WEB)
    async with World(tmp_path, tools=[failing]) as world:
        run = await world.start()
        await world.pep.enforce(run, tool="note", arguments={"text": "a"}, call_id="1")
        await durable(world, run)

        label = (await world.runs.read(run.id)).label
        assert label == WEB.join(UNVOUCHED).join(TRUSTED)


async def test_the_label_survives_into_the_next_claim(world: World) -> None:
    """A run that is claimed again holds what it held before."""
    assert isinstance(world.pdp, StaticPoint)
    run = await world.start()
    await world.pep.enforce(run, tool="web.read", arguments={"text": "a"}, call_id="1")
    await durable(world, run)
    later = await world.reclaim(run)
    await world.pep.enforce(
        later, tool="note.write", arguments={"text": "b"}, call_id="2"
    )

    assert later.label.integrity == "untrusted"
    assert world.pdp.asked[-1].context.labels["text"].integrity == "untrusted"


async def test_labels_do_not_leak_between_runs(world: World) -> None:
    """What one run has read taints no other."""
    assert isinstance(world.pdp, StaticPoint)
    first, second = await world.start(), await world.start()
    await world.pep.enforce(
        first, tool="web.read", arguments={"text": "a"}, call_id="1"
    )
    await world.pep.enforce(
        second, tool="note.write", arguments={"text": "b"}, call_id="1"
    )

    assert world.pdp.asked[-1].context.labels["text"].integrity == "unvouched"


async def test_a_step_that_no_longer_fits_is_denied(
    world: World, effects: Effects
) -> None:
    """When the cost does not fit any more the effect does not start."""
    run = await world.start(limits=Amounts(steps=10, effects=1, wall_ms=60_000))
    first = await world.pep.enforce(
        run, tool="note.write", arguments={"text": "a"}, call_id="1"
    )
    second = await world.pep.enforce(
        run, tool="note.write", arguments={"text": "b"}, call_id="2"
    )

    assert isinstance(first, Done)
    assert isinstance(second, Denied)
    assert second.codes == ("budget_exceeded",)
    assert effects.done == ["a"]


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
