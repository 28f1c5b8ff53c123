"""How many bytes checkpoints take and how long they live, on every database."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata, empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from sqlalchemy import Executable, Table, delete, func, select, update

from interlock.runtime.errors import Fenced, Tampered
from interlock.runtime.graph.checkpoint_rows import KEPT
from interlock.runtime.graph.checkpoint_values import PIECE
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.progress import PROGRESS
from interlock.runtime.run.run import Run
from interlock.runtime.testing import World

STEP: CheckpointMetadata = {"source": "loop", "step": 1}
LONG = "x" * PIECE


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path / "home", url=database_url) as made:
        yield made


def saver(world: World, run: Run) -> Checkpoints:
    return Checkpoints(store=world.store, key=world.vault.known(run.id), run=run)


def at(run: Run, checkpoint_id: str = "", ns: str = "") -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": run.id,
            "checkpoint_ns": ns,
            "checkpoint_id": checkpoint_id,
        }
    }


def made(position: int, **values: Any) -> Checkpoint:
    """Return a checkpoint whose id sorts by *position*, each of its values in a new version."""
    return empty_checkpoint() | {
        "id": f"{position:032x}",
        "channel_values": values,
        "channel_versions": dict.fromkeys(values, position),
    }


async def number_of(world: World, table: Table, **columns: Any) -> int:
    query = select(func.count()).select_from(table).filter_by(**columns)
    return await world.store.read(lambda connection: connection.scalar(query) or 0)


def executed(statement: Executable, tx: Tx) -> None:
    tx.connection.execute(statement)


class CountingKey(DataKey):
    """A data key that counts the bytes that were sealed, which are those that are stored."""

    written = 0

    def seal(self, plaintext: bytes, *, place: str) -> bytes:
        sealed = super().seal(plaintext, place=place)
        self.written += len(sealed)
        return sealed


def said(step: int) -> dict[str, Any]:
    return {"step": step, "said": "a sentence that somebody says. " * 10}


async def test_a_step_costs_the_same_after_any_number_of_steps(tmp_path: Path) -> None:
    """A step of a run whose list grows writes as many bytes after 200 steps as after 25, and what
    is kept is little more than the list.
    """
    async with World(tmp_path / "home") as world:
        run = await world.start()
        key = CountingKey(id=run.id, secret=bytes(32))
        mine = Checkpoints(store=world.store, key=key, run=run)
        costs = []
        for step in range(200):
            before = key.written
            history = [said(earlier) for earlier in range(step)]
            checkpoint = made(step, history=history, fixed=LONG)
            place = await mine.aput(at(run), checkpoint, STEP, {})
            await mine.aput_writes(place, [("history", [*history, said(step)])], "task")
            costs.append(key.written - before)
        await mine.durable()
        lengths = [select(func.sum(func.length(table.c.sealed))) for table in PROGRESS]
        kept = await world.store.read(
            lambda connection: sum(connection.scalar(query) or 0 for query in lengths)
        )
        found = await mine.aget_tuple(at(run))

    early, late = sum(costs[9:41]) / 32, sum(costs[168:200]) / 32
    assert 0.8 * early < late < 1.2 * early
    assert kept < 1.5 * (200 * 350) + KEPT * 2 * early
    assert found is not None
    assert found.checkpoint == checkpoint
    assert found.pending_writes == [("task", "history", [*history, said(199)])]


async def test_what_nothing_needs_is_pruned(world: World) -> None:
    """However long a run is, and by however many claims it is carried, a namespace has a bounded
    number of checkpoints, and no writes or pieces but theirs; the newest comes back whole.
    """
    run = await world.start()
    fixed = [LONG, "short"]
    for claim in range(4):
        run = await world.reclaim(run) if claim else run
        mine = saver(world, run)
        await mine.aget_tuple(at(run))
        for step in range(claim * 10, claim * 10 + 10):
            changing = f"{step} {LONG}"
            checkpoint = made(step, fixed=fixed, changing=changing)
            place = await mine.aput(at(run), checkpoint, STEP, {})
            await mine.aput_writes(place, [("changing", f"after {changing}")], "task")
        await mine.durable()
    found = await saver(world, run).aget_tuple(at(run))

    assert found is not None
    assert found.checkpoint == checkpoint
    assert found.pending_writes == [("task", "changing", f"after 39 {LONG}")]
    rows = await number_of(world, tables.checkpoint)
    assert rows <= KEPT
    assert await number_of(world, tables.checkpoint_write) == rows
    assert await number_of(world, tables.checkpoint_piece) == 1 + 2 * rows


async def test_a_write_may_come_before_its_checkpoint(world: World) -> None:
    """A write that is handed in before the checkpoint it follows outlives the pruning there."""
    run = await world.start()
    mine = saver(world, run)
    for step in range(KEPT):
        await mine.aput(at(run), made(step, v=step), STEP, {})
    await mine.aput_writes(at(run, made(KEPT)["id"]), [("v", LONG)], "task")
    await mine.aput(at(run), made(KEPT, v=1), STEP, {})
    found = await mine.aget_tuple(at(run))

    assert await number_of(world, tables.checkpoint) == 1
    assert found is not None
    assert found.pending_writes == [("task", "v", LONG)]


async def test_a_later_claim_is_newer_whatever_its_clock_says(world: World) -> None:
    """A checkpoint of a later claim is the newest though its id is the smaller one, and pruning
    keeps it.
    """
    old = await world.start()
    for step in range(KEPT - 1):
        await saver(world, old).aput(at(old), made(1_000 + step, v=step), STEP, {})
    new = await world.reclaim(old)
    mine = saver(world, new)
    for step in range(KEPT):
        await mine.aput(at(new), made(step, v=f"new {step}"), STEP, {})
        found = await saver(world, new).aget_tuple(at(new))

        assert found is not None
        assert found.checkpoint["channel_values"] == {"v": f"new {step}"}
    assert await number_of(world, tables.checkpoint, fence=old.fence) == 0


async def test_of_two_claimants_one_prunes_and_saves(world: World) -> None:
    """A worker whose run was claimed by another saves, prunes and deletes nothing, so what the
    other saved stays the newest.
    """
    old = await world.start()
    zombie = saver(world, old)
    for step in range(KEPT):
        await zombie.aput(at(old), made(step, v=LONG), STEP, {})
    new = await world.reclaim(old)
    await saver(world, new).aput(at(new), made(KEPT, v=f"new {LONG}"), STEP, {})
    before = [await number_of(world, table) for table in PROGRESS]
    with pytest.raises(Fenced):
        await zombie.aput(at(old), made(KEPT + 1, v=f"old {LONG}"), STEP, {})
    with pytest.raises(Fenced):
        await zombie.adelete_thread(old.id)
    found = await saver(world, new).aget_tuple(at(new))

    assert [await number_of(world, table) for table in PROGRESS] == before
    assert found is not None
    assert found.checkpoint["channel_values"] == {"v": f"new {LONG}"}


async def test_a_checkpoint_brings_each_piece_that_is_not_known_to_be_there(
    world: World,
) -> None:
    """What a write was to store, and perhaps did not, a checkpoint that needs it stores again."""
    run = await world.start()
    mine = saver(world, run)
    place = await mine.aput(at(run), made(1), STEP, {})
    await mine.aput_writes(place, [("v", LONG)], "task")
    await mine.durable()
    await world.store.write(
        lambda tx: tx.connection.execute(delete(tables.checkpoint_piece))
    )
    await mine.aput(place, made(2, v=LONG), STEP, {})
    found = await mine.aget_tuple(at(run))

    assert found is not None
    assert found.checkpoint["channel_values"] == {"v": LONG}


async def test_a_lost_or_exchanged_piece_is_refused(world: World) -> None:
    """A checkpoint that lacks a piece, or has another in its place, is not opened."""
    run = await world.start()
    pieces = tables.checkpoint_piece
    checkpoint = made(1, v=LONG, w=f"other {LONG}")
    await saver(world, run).aput(at(run), checkpoint, STEP, {})
    same = select(pieces.c.sealed).limit(1).scalar_subquery()
    for change in (update(pieces).values(sealed=same), delete(pieces)):
        await world.store.write(partial(executed, change))
        with pytest.raises(Tampered):
            await saver(world, run).aget_tuple(at(run))


class Answers(TypedDict):
    """What the inner graph below returns."""

    answers: Annotated[list[str], lambda left, right: [*left, *right]]


class State(Answers, total=False):
    """What the graphs below carry."""

    round: int
    name: str


async def test_a_graph_of_graphs_resumes_after_pruning(world: World) -> None:
    """Subgraphs that are sent out at once and ask go on under the next claim, each with its own
    answer; the namespaces of tasks that are over are gone.
    """
    rounds = KEPT + 2
    asked: list[str] = []

    def ask(state: State) -> dict[str, Any]:
        if state["round"] < rounds:
            return {"answers": []}
        asked.append(state["name"])
        return {"answers": [f"{state['name']} {interrupt(state['name'])} {LONG}"]}

    inner = StateGraph(State, output_schema=Answers)
    inner.add_node("ask", ask)
    inner.add_edge(START, "ask")

    def sends(state: State) -> list[Send] | str:
        sent = [Send("inner", {**state, "name": name, "answers": []}) for name in "ab"]
        return sent if state["round"] <= rounds else END

    outer = StateGraph(State)
    outer.add_node("turn", lambda state: {"round": state["round"] + 1})
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "turn")
    outer.add_conditional_edges("turn", sends, ["inner", END])
    outer.add_edge("inner", "turn")
    run = await world.start()
    config: RunnableConfig = {
        "configurable": {"thread_id": run.id},
        "recursion_limit": 100,
    }
    mine = saver(world, run)
    begin: State = {"round": 0, "answers": []}
    await outer.compile(checkpointer=mine).ainvoke(begin, config, durability="sync")
    await mine.durable()
    query = select(tables.checkpoint.c.ns).distinct()
    spaces = await world.store.read(lambda connection: connection.scalars(query).all())

    assert len(spaces) <= KEPT

    run = await world.reclaim(run)
    again = outer.compile(checkpointer=saver(world, run))
    state = await again.aget_state(config)
    answers = {each.id: f"to {each.value}" for each in state.interrupts}
    result = await again.ainvoke(Command(resume=answers), config, durability="sync")

    assert result["answers"] == [f"a to a {LONG}", f"b to b {LONG}"]
    assert sorted(asked) == ["a", "a", "b", "b"]


class Deltas(TypedDict):
    """A state that LangGraph stores by its writes alone."""

    notes: Annotated[list[str], DeltaChannel(lambda left, writes: sum(writes, left))]


async def test_what_is_made_of_earlier_writes_is_not_pruned(world: World) -> None:
    """A graph with a channel of deltas has its whole value under the next claim."""
    steps = KEPT + 5

    def add(state: Deltas) -> dict[str, Any]:
        return {"notes": [f"note {len(state['notes'])}"]}

    graph = StateGraph(Deltas)
    graph.add_node("add", add)
    graph.add_edge(START, "add")
    graph.add_conditional_edges(
        "add",
        lambda state: "add" if len(state["notes"]) < steps else END,
        ["add", END],
    )
    run = await world.start()
    config: RunnableConfig = {
        "configurable": {"thread_id": run.id},
        "recursion_limit": 100,
    }
    mine = saver(world, run)
    await graph.compile(checkpointer=mine).ainvoke(
        {"notes": []}, config, durability="sync"
    )
    await mine.durable()
    run = await world.reclaim(run)
    state = await graph.compile(checkpointer=saver(world, run)).aget_state(config)

    assert state.values["notes"] == [f"note {number}" for number in range(steps)]


async def test_an_ended_run_leaves_no_checkpoint(world: World) -> None:
    """A run that waits keeps its checkpoint; one that ended, or was erased, has none."""
    for end in ("done", "cancelled"):
        run = await world.start()
        mine = saver(world, run)
        place = await mine.aput(at(run), made(1, v=LONG), STEP, {})
        await mine.aput_writes(place, [("v", 1)], "task")
        await mine.durable()
        await world.runs.end(run, "waiting", {})
        world.runs.give_back(run)

        assert [await number_of(world, table) for table in PROGRESS] == [1, 1, 1]

        if end == "cancelled":
            await world.runs.cancel(run.id, by="person")
        else:
            await world.runs.end(await world.runs.claim(run.id), "done", {})

        assert [await number_of(world, table) for table in PROGRESS] == [0, 0, 0]


async def test_the_saver_is_one_of_langgraphs(world: World) -> None:
    """LangGraph's own suite for checkpointers finds nothing wrong."""

    @checkpointer_test(name="interlock")
    async def one() -> AsyncIterator[Checkpoints]:
        yield saver(world, await world.start())

    report = await validate(one)

    failures = [result.failures for result in report.results.values()]
    assert failures == [[]] * len(failures)
    assert report.passed_all_base()
