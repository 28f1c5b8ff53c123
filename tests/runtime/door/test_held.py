"""A run is held when a guard fails closed: nothing is done, nobody is told no, and a new claim
carries it on.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph
from sqlalchemy import select

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.door.tool import tool
from interlock.runtime.errors import BadInput, Unanswered
from interlock.runtime.graph.driver import Ended
from interlock.runtime.graph.node import TOOLS, ToolNode, calls
from interlock.runtime.policy.decision import Decision, Denied, Permit
from interlock.runtime.policy.engine.answer import Trouble, trouble
from interlock.runtime.policy.request import AccessRequest, Amounts, Resource
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import limit
from interlock.runtime.run.claim import extend
from interlock.runtime.run.run import Run
from interlock.runtime.testing import (
    REVIEWER,
    REVISION,
    Effects,
    Note,
    StaticPoint,
    World,
)


@dataclass(kw_only=True)
class Outage(StaticPoint):
    """A decision point that fails to answer for the tools in `down`."""

    down: frozenset[str] = frozenset()
    code: Trouble = "pdp_unavailable"
    after_s: float = 0
    #: Tools that are answered for only once `begun` is set: by the slow effect, when it acts
    behind: frozenset[str] = frozenset()
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer, or what stands for a failure."""
        decision = await super().decide(request)
        if request.action.tool in self.behind:
            await self.begun.wait()
        if request.action.tool in self.down:
            await asyncio.sleep(self.after_s)
            return trouble(
                self.code, revision=REVISION, engine=self.engine, detail="a cut wire"
            )
        return decision


class Planned:
    """An agent with a fixed plan: rounds of calls, each round at once; it keeps what it is told."""

    name = "planned"

    def __init__(self, *rounds: tuple[str, ...]) -> None:
        self._rounds = rounds

    def build(self, door: Door) -> Any:
        """Return the graph: a planner that proposes round after round."""

        def plan(state: MessagesState) -> dict[str, list[AnyMessage]]:
            number = sum(isinstance(each, AIMessage) for each in state["messages"])
            names = self._rounds[number] if number < len(self._rounds) else ()
            ids = [f"{number}-{place}" for place in range(len(names))]
            proposed = [
                {"name": name, "args": {"text": id_}, "id": id_}
                for id_, name in zip(ids, names, strict=True)
            ]
            return {"messages": [AIMessage(content="", tool_calls=proposed)]}

        graph: Any = StateGraph(MessagesState)
        graph.add_node("plan", plan)
        graph.add_node(TOOLS, ToolNode(door, tools=sum(self._rounds, ())).act)
        graph.add_edge(START, "plan")
        graph.add_conditional_edges(
            "plan",
            lambda state: calls(state["messages"][-1]) or "__end__",
            [TOOLS, "__end__"],
        )
        graph.add_edge(TOOLS, "plan")
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return what each call was told, by call."""
        told = (
            each for each in state.get("messages", []) if isinstance(each, ToolMessage)
        )
        return {each.tool_call_id: str(each.status) for each in told}


@pytest.fixture
def effects() -> Effects:
    return Effects()


@pytest.fixture
def pdp() -> Outage:
    names = ("note.write", "note.slow", "note.wait", "note.pure", "note.once")
    return Outage(
        effects=dict.fromkeys(names, "permit"), waiting=frozenset({"note.wait"})
    )


@pytest.fixture
async def world(
    tmp_path: Path, effects: Effects, pdp: Outage, database_url: str
) -> AsyncIterator[World]:
    @tool(
        "note.slow",
        action="irreversible",
        resource=lambda a: Resource(type="note", id=""),
    )
    async def slow(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        pdp.begun.set()
        await asyncio.sleep(0.2)
        effects.done.append(arguments.text)
        return arguments

    tools = [
        effects.tool("note.write"),
        effects.tool("note.wait"),
        effects.tool("note.pure", "pure"),
        effects.tool("note.never"),
        slow,
    ]
    async with World(tmp_path / "home", tools=tools, pdp=pdp, url=database_url) as made:
        yield made
        assert (await made.verify()).problems == []


async def again(world: World, run: Run, agent: Any) -> Ended:
    return await world.driver.drive(await world.runs.claim(run.id), agent)


async def states(world: World) -> dict[str, list[str]]:
    """Return the states of the recorded actions by tool."""
    found: dict[str, list[str]] = {}
    rows = await world.store.read(
        lambda connection: connection.execute(
            select(tables.action.c.tool, tables.action.c.state)
        ).all()
    )
    for row in rows:
        found.setdefault(row.tool, []).append(row.state)
    return found


async def approve(world: World, approval_id: str) -> None:
    shown = (await world.approvals.read(approval_id)).evidence_digest
    await world.approvals.decide(
        approval_id,
        reviewer=REVIEWER,
        verdict="approved",
        shown=shown,
        note="looks right",
    )


@pytest.mark.parametrize("code", get_args(Trouble))
async def test_an_outage_holds_the_run_and_a_new_claim_carries_it_on(
    world: World, pdp: Outage, effects: Effects, code: Trouble
) -> None:
    """An engine that fails in mid-run stops it there: refused, recorded with its reason, told to
    nobody; later it goes on.
    """
    agent, run = (
        Planned(("note.write",), ("note.write",), ("note.slow",)),
        await world.start(),
    )
    pdp.code, pdp.down = code, frozenset({"note.slow"})
    held = await world.driver.drive(run, agent)
    recorded = await world.runs.outcome(run.id)
    denials = [
        each["codes"]
        for each in await world.entries()
        if each["event"] == "decision" and each["effect"] == "deny"
    ]

    assert held.status == "held"
    assert set(held.outcome) == {
        "0-0",
        "1-0",
        "error",
    }  # the third call was told nothing
    assert recorded == held.outcome
    assert "run resume" in str(held.outcome["error"])
    assert effects.done == ["0-0", "1-0"]
    assert denials == [[code]]
    assert (await states(world))["note.slow"] == ["denied"]
    assert (await world.runs.read(run.id)).status == "held"

    pdp.down = frozenset()
    ended = await again(world, run, agent)

    assert (ended.status, ended.outcome) == (
        "done",
        dict.fromkeys(("0-0", "1-0", "2-0"), "success"),
    )
    assert effects.done == ["0-0", "1-0", "2-0"]
    assert (await world.runs.read(run.id)).refusals == 0


async def test_an_outage_that_lasts_uses_nothing_up(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """However often a held run is resumed in vain, no refusal is counted, and when the engine is
    back it goes on.
    """
    agent, run = Planned(("note.write",)), await world.start()
    pdp.down = frozenset({"note.write"})
    assert (await world.driver.drive(run, agent)).status == "held"
    for _ in range(8):
        assert (await again(world, run, agent)).status == "held"
    pdp.down = frozenset()

    assert (await world.runs.read(run.id)).refusals == 0
    assert (await again(world, run, agent)).status == "done"
    assert effects.done == ["0-0"]
    assert pdp.asked[-1].context.run.refusals == 0


async def test_within_its_claim_the_refusal_of_an_outage_stands(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """The claim that met the outage is told so again, also when the engine is back; the next one is
    decided afresh.
    """
    run = await world.start()
    given: dict[str, Any] = {
        "tool": "note.write",
        "arguments": {"text": "a"},
        "call_id": "1",
    }
    pdp.down = frozenset({"note.write"})
    first = await world.pep.enforce(run, **given)
    pdp.down = frozenset()
    same, later = (
        await world.pep.enforce(run, **given),
        await world.pep.enforce(await world.reclaim(run), **given),
    )

    assert isinstance(first, Denied)
    assert isinstance(same, Denied)
    assert first.codes == same.codes == ("pdp_unavailable",)
    assert isinstance(later, Done)
    assert effects.done == ["a"]


@pytest.mark.parametrize("tool_name", ["note.never", "no.such.tool"])
async def test_a_refusal_by_a_rule_is_not_decided_afresh(
    world: World, pdp: Outage, tool_name: str
) -> None:
    """What a rule refused stays refused in every later claim, without another question."""
    run = await world.start()
    given: dict[str, Any] = {
        "tool": tool_name,
        "arguments": {"text": "a"},
        "call_id": "1",
    }
    assert isinstance(await world.pep.enforce(run, **given), Denied)
    asked = len(pdp.asked)
    later = await world.pep.enforce(await world.reclaim(run), **given)
    await world.store.durable(run.claim)

    assert isinstance(later, Denied)
    assert later.codes == ("not_granted",)
    assert len(pdp.asked) == asked
    assert (await world.runs.read(run.id)).refusals == 1


async def test_the_door_tells_an_agent_no_answer(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """A call that got no answer raises, and every later call of the claim raises the same and is
    not even proposed.
    """
    door = Door(pep=world.pep, run=await world.start())
    pdp.down = frozenset({"note.write"})
    with pytest.raises(Unanswered, match="a cut wire") as first:
        await door.call("note.write", {"text": "a"}, call_id="1")
    with pytest.raises(Unanswered) as second:
        await door.call("note.slow", {"text": "b"}, call_id="2")

    assert first.value is second.value
    assert first.value.codes == ("pdp_unavailable",)
    assert len(pdp.asked) == 1
    assert effects.done == []


@pytest.mark.parametrize("seed", range(6))
async def test_calls_beside_an_unanswered_one_are_neither_lost_nor_repeated(
    world: World, pdp: Outage, effects: Effects, seed: int
) -> None:
    """Of calls made at once, those under way end and are recorded, the others do not begin; each
    happens exactly once.
    """
    dice = random.Random(seed)  # noqa: S311 - a reproducible shuffle
    names = dice.sample(["note.slow"] * 4 + ["note.write"] * 2 + ["note.pure"] * 2, 8)
    agent, run = Planned(tuple(names)), await world.start()
    pdp.down = frozenset({dice.choice(["note.write", "note.pure"])})
    held = await world.driver.drive(run, agent)
    found = await states(world)
    before = list(effects.done)

    assert held.status == "held"
    assert {state for each in found.values() for state in each} <= {
        "done",
        "denied",
    }  # nothing open, nothing unknown
    assert sorted(before) == sorted(set(before))
    pdp.down = frozenset()
    ended = await again(world, run, agent)

    assert ended.status == "done"
    assert sorted(effects.done) == [f"0-{n}" for n in range(8)]
    assert (await states(world)) == {
        name: ["done"] * names.count(name) for name in set(names)
    }


@pytest.mark.parametrize("after_s", [0, 0.2])
async def test_a_wait_beside_an_unanswered_call_goes_on_waiting(
    world: World, pdp: Outage, effects: Effects, after_s: float
) -> None:
    """A held run in which another call waits for a person goes on as soon as it is resumed, and
    then waits.
    """
    agent, run = Planned(("note.wait", "note.write")), await world.start()
    pdp.down, pdp.after_s = frozenset({"note.write"}), after_s
    assert (await world.driver.drive(run, agent)).status == "held"
    pdp.down = frozenset()
    waits = await again(world, run, agent)

    assert waits.status == "waiting"
    assert effects.done == ["0-1"]
    (approval,) = waits.waiting
    await approve(world, approval)
    assert (await again(world, run, agent)).status == "done"
    assert effects.done == ["0-1", "0-0"]


async def test_an_agent_that_does_not_listen_gets_nowhere(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """Also an agent that catches the error is held at that node: what it makes of it is not kept,
    and the node runs again.
    """

    class Deaf(Planned):
        def build(self, door: Door) -> Any:
            async def act(state: MessagesState) -> dict[str, list[AnyMessage]]:
                try:
                    await door.call("note.write", {"text": "a"}, call_id="1")
                except Exception:  # noqa: BLE001 - an agent of this sort does
                    return {"messages": [AIMessage(content="never mind")]}
                return {"messages": [AIMessage(content="written")]}

            graph: Any = StateGraph(MessagesState)
            graph.add_node("act", act)
            graph.add_edge(START, "act")
            return graph

        def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
            return {"said": [str(each.content) for each in state.get("messages", [])]}

    agent, run = Deaf(), await world.start()
    pdp.down = frozenset({"note.write"})
    held = await world.driver.drive(run, agent)

    assert (held.status, held.outcome["said"]) == ("held", [])
    assert "a cut wire" in str(held.outcome["error"])
    pdp.down = frozenset()
    assert (await again(world, run, agent)).outcome == {"said": ["written"]}
    assert effects.done == ["a"]


async def test_a_run_is_not_taken_while_its_held_claim_goes_on(
    world: World, pdp: Outage
) -> None:
    """Until the claim that was held has ended, with what was under way, no other worker takes the
    run; then one may.
    """
    run = await world.start()
    pdp.down = frozenset({"note.write"})
    await world.pep.enforce(
        run, tool="note.write", arguments={"text": "a"}, call_id="1"
    )
    await world.store.durable(run.claim)
    with pytest.raises(BadInput) as refused:
        await world.runs.claim(run.id)
    await world.store.write(lambda tx: extend(tx.connection, run, now=tx.now))
    await world.runs.end(run, "held", {})

    assert refused.value.code == "claimed"
    assert (await world.runs.claim(run.id)).fence == 2


async def test_a_verdict_outlives_an_outage(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """An approved action that met an outage is done later under the same verdict, and nobody is
    asked twice.
    """
    agent, run = Planned(("note.wait",)), await world.start()
    (approval,) = (await world.driver.drive(run, agent)).waiting
    await approve(world, approval)
    pdp.down = frozenset({"note.wait"})
    assert (await again(world, run, agent)).status == "held"
    assert effects.done == []
    pdp.down = frozenset()

    assert (await again(world, run, agent)).status == "done"
    assert effects.done == ["0-0"]
    assert [each.state for each in await world.approvals.list()] == ["used"]


async def test_an_outage_does_not_make_an_interrupted_effect_unknown(
    tmp_path: Path, pdp: Outage
) -> None:
    """What a dead claim left open and may be repeated stays open while the engine fails, and is
    done once it is back.
    """
    keys: list[str] = []

    @tool(
        "note.once",
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

    async with World(tmp_path, tools=[act], pdp=pdp) as world:
        run = await world.start()
        given: dict[str, Any] = {
            "tool": "note.once",
            "arguments": {"text": "a"},
            "call_id": "1",
        }
        with pytest.raises(asyncio.CancelledError):
            await world.pep.enforce(run, **given)
        pdp.down = frozenset({"note.once"})
        run = await world.reclaim(run)
        refused = await world.pep.enforce(run, **given)
        await world.store.durable(run.claim)
        open_still = await states(world)
        pdp.down = frozenset()
        run = await world.reclaim(run)
        done = await world.pep.enforce(run, **given)
        await world.store.durable(run.claim)
        assert (await world.verify()).problems == []
        events = [
            (each["event"], each["effect"])
            for each in await world.entries()
            if "action" in each
        ]

    assert isinstance(refused, Denied)
    assert open_still == {"note.once": ["started"]}
    assert isinstance(done, Done)
    assert len(set(keys)) == 1
    assert events == [
        ("intent", "permit"),
        ("decision", "deny"),
        ("intent", "permit"),
        ("outcome", "permit"),
    ]


async def test_an_action_decided_afresh_is_decided_once(
    tmp_path: Path, effects: Effects
) -> None:
    """Of two doors onto one claim that both decide afresh, the one that comes late does not get
    past the other's no.
    """

    class Late(StaticPoint):
        async def decide(self, request: AccessRequest) -> Decision:
            decision = await super().decide(request)
            first = await one.pep.enforce(later, **given)  # which is refused, by a rule
            assert isinstance(first, Denied)
            await one.store.durable(later.claim)
            return decision

    tools, point = [effects.tool("note.write")], Outage(down=frozenset({"note.write"}))
    given: dict[str, Any] = {
        "tool": "note.write",
        "arguments": {"text": "a"},
        "call_id": "1",
    }
    async with (
        World(tmp_path, tools=tools, pdp=point) as one,
        World(
            tmp_path, tools=tools, pdp=Late(effects={"note.write": "permit"})
        ) as other,
    ):
        run = await one.start()
        await one.pep.enforce(run, **given)
        await one.store.durable(run.claim)
        later, point.down = await other.reclaim(run), frozenset()
        await other.pep.enforce(later, **given)

        assert effects.done == []
        assert await states(one) == {"note.write": ["denied"]}
        assert (await one.verify()).problems == []


async def raise_steps(world: World, run: Run, amount: int) -> None:
    def work(tx: Tx) -> None:
        limit.raise_limit(tx, budget_id=run.budget_id, kind="steps", amount=amount)

    await world.store.write(work, logs=(run.tenant,))


async def test_a_step_that_cannot_be_paid_holds_the_run_and_its_result_is_not_kept(
    world: World,
) -> None:
    """Three looks at once with room for one: the run is held; once there is room the others are
    done anew and recorded.
    """
    agent, run = (
        Planned(("note.pure",) * 3),
        await world.start(limits=Amounts(steps=1, wall_ms=10**6)),
    )
    held = await world.driver.drive(run, agent)

    assert held.status == "held"
    assert "interlock budget raise" in str(held.outcome["error"])
    assert await states(world) == {"note.pure": ["done"]}
    assert (await world.budget(run)).spent.steps == 1
    await raise_steps(world, run, 2)
    ended = await again(world, run, agent)

    assert (ended.status, ended.outcome) == (
        "done",
        dict.fromkeys(("0-0", "0-1", "0-2"), "success"),
    )
    assert [each["event"] for each in await world.entries()].count("step") == 3
    assert (await world.budget(run)).spent.steps == 3


async def test_an_effect_under_way_is_recorded_though_its_run_is_held(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """When the run is held by a step beside it, an effect that is acting still gets its outcome,
    and is not repeated.
    """
    agent, pdp.behind = (
        Planned(("note.slow", "note.pure", "note.pure")),
        frozenset({"note.pure"}),
    )
    run = await world.start(limits=Amounts(steps=2, effects=1, wall_ms=10**6))
    held = await world.driver.drive(run, agent)

    assert held.status == "held"
    assert (await states(world))["note.slow"] == ["done"]
    await raise_steps(world, run, 1)
    ended = await again(world, run, agent)
    assert (ended.status, ended.outcome) == (
        "done",
        dict.fromkeys(("0-0", "0-1", "0-2"), "success"),
    )
    assert effects.done.count("0-0") == 1


async def test_any_other_error_fails_the_run(world: World) -> None:
    """What no operator can mend by waiting ends the run for good, as ever."""

    class Broken(Planned):
        def build(self, door: Door) -> Any:
            def plan(state: MessagesState) -> None:
                raise BadInput(
                    what="plan", why="it is none", next_step="Write another."
                )

            graph: Any = StateGraph(MessagesState)
            graph.add_node("plan", plan)
            graph.add_edge(START, "plan")
            return graph

    run = await world.start()
    with pytest.raises(BadInput):
        await world.driver.drive(run, Broken())

    assert (await world.runs.read(run.id)).status == "failed"


async def test_a_held_run_can_be_cancelled_and_not_erased(
    world: World, pdp: Outage
) -> None:
    """A held run has not ended: it is not erased under those who may carry it on, and it can be
    cancelled.
    """
    run = await world.start()
    pdp.down = frozenset({"note.write"})
    await world.driver.drive(run, Planned(("note.write",)))
    erasing = partial(world.runs.erase, run.id, by="ada")
    with pytest.raises(BadInput) as refused:
        await erasing()
    assert refused.value.code == "not_ended"
    await world.runs.cancel(run.id, by="ana")
    await erasing()
