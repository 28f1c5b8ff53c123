"""The checkpoint saver, on every database: what is saved comes back."""

import asyncio
from typing import Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from sqlalchemy import select
from tests.contract.checkpoints.positions import at, made, put, saver

from interlock.runtime.errors import Fenced
from interlock.runtime.record.store import tables
from interlock.runtime.testing import World


async def test_what_is_saved_comes_back(world: World) -> None:
    """A checkpoint with messages comes back equal, with its metadata, parent and pending writes."""
    run = await world.start()
    checkpoint = made(
        2,
        messages=[HumanMessage("hello"), AIMessage("hi")],
        number=7,
        text="x",
        nothing=None,
        raw=b"\x00",
    )
    place = await put(world, run, checkpoint, parent="parent")
    await saver(world, run).aput_writes(
        place, [("text", "y"), ("number", 8)], "task-1", "path"
    )
    await world.store.durable(f"{run.claim}/writes")
    found = await saver(world, run).aget_tuple(at(run))

    assert found is not None
    assert found.checkpoint == checkpoint
    assert found.config == place
    assert found.metadata == {"source": "loop", "step": 1}
    assert found.parent_config == at(run, "parent")
    assert found.pending_writes == [("task-1", "text", "y"), ("task-1", "number", 8)]


async def test_the_newest_or_the_named_one_is_found(world: World) -> None:
    """Without an id the newest checkpoint is found, with one that very one, in its own namespace;
    else none.
    """
    run = await world.start()
    for number in (1, 3, 2):
        await put(world, run, made(number, n=number))
    await put(world, run, made(9, n=9), ns="inner")
    mine = saver(world, run)

    async def n(config: RunnableConfig) -> Any:
        found = await mine.aget_tuple(config)
        return found and found.checkpoint["channel_values"]["n"]

    assert await n(at(run)) == 3
    assert await n(at(run, f"{1:032x}")) == 1
    assert await n(at(run, ns="inner")) == 9
    assert await n(at(run, f"{8:032x}")) is None
    assert await n(at(run, ns="elsewhere")) is None


async def test_the_list_is_newest_first_and_bounded(world: World) -> None:
    """Listing gives this run's checkpoints in order, before a point, up to a limit, and with the
    metadata that are asked for.
    """
    run, other = await world.start(), await world.start()
    for number in range(5):
        await put(world, run, made(number, n=number))
    await put(world, other, made(7, n=7))
    mine = saver(world, run)

    async def numbers(**options: Any) -> list[int]:
        return [
            each.checkpoint["channel_values"]["n"]
            async for each in mine.alist(at(run), **options)
        ]

    assert await numbers() == [4, 3, 2, 1, 0]
    assert await numbers(limit=2) == [4, 3]
    assert await numbers(before=at(run, f"{2:032x}")) == [1, 0]
    assert await numbers(filter={"source": "loop", "step": 1}, limit=1) == [4]
    assert await numbers(filter={"source": "input"}) == []


async def test_saving_again_replaces(world: World) -> None:
    """The same checkpoint saved twice is there once; the same write of a task too."""
    run = await world.start()
    mine = saver(world, run)
    for value in ("a", "b"):
        place = await put(world, run, made(1, v=value))
        await mine.aput_writes(place, [("v", value)], "task")
    await world.store.durable(f"{run.claim}/writes")
    (found,) = [each async for each in mine.alist(at(run))]

    assert found.checkpoint["channel_values"] == {"v": "b"}
    assert found.pending_writes == [("task", "v", "b")]


async def test_a_checkpoint_makes_what_was_pending_durable(world: World) -> None:
    """When `aput` returns, everything its run handed in before is durable too."""
    run = await world.start()
    mine = saver(world, run)
    await mine.aput_writes(at(run, "x"), [("v", 1)], "task")
    await put(world, run, made(1))

    assert (
        await world.store.read(
            lambda connection: len(
                connection.execute(select(tables.checkpoint_write)).all()
            )
        )
        == 1
    )


async def test_a_zombie_saves_nothing(world: World) -> None:
    """A worker whose run was claimed by another is fenced when it saves, and nothing of its work is
    there.
    """
    old = await world.start()
    new = await world.reclaim(old)
    with pytest.raises(Fenced):
        await put(world, old, made(1, v="old"))
    await saver(world, old).aput_writes(at(old, "x"), [("v", "old")], "task")
    with pytest.raises(Fenced):
        await world.store.durable(f"{old.claim}/writes")

    assert await saver(world, new).aget_tuple(at(new)) is None
    await put(world, new, made(1, v="new"))


class State(TypedDict):
    """What the graph below carries."""

    steps: list[str]


async def test_a_graph_resumes_where_it_was(world: World) -> None:
    """A graph interrupted under one claim goes on under the next, from another saver, and repeats
    no finished step.
    """
    ran: list[str] = []

    def first(state: State) -> dict[str, Any]:
        ran.append("first")
        return {"steps": [*state["steps"], "first"]}

    def second(state: State) -> dict[str, Any]:
        answer = interrupt("?")
        ran.append("second")
        return {"steps": [*state["steps"], str(answer)]}

    graph = StateGraph(State)
    graph.add_node("first", first)
    graph.add_node("second", second)
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    graph.add_edge("second", END)
    run = await world.start()
    config: RunnableConfig = {"configurable": {"thread_id": run.id}}
    await graph.compile(checkpointer=saver(world, run)).ainvoke(
        {"steps": []}, config, durability="sync"
    )
    await world.store.durable(f"{run.claim}/writes")

    again = await world.reclaim(run)
    resumed = graph.compile(checkpointer=saver(world, again))
    assert (await resumed.aget_state(config)).next == ("second",)
    result = await resumed.ainvoke(Command(resume="yes"), config, durability="sync")

    assert result == {"steps": ["first", "yes"]}
    assert ran == ["first", "second"]


async def test_many_tasks_write_at_once(world: World) -> None:
    """The pending writes of parallel tasks are all kept."""
    run = await world.start()
    place = await put(world, run, made(1))
    mine = saver(world, run)
    await asyncio.gather(
        *(
            mine.aput_writes(place, [("v", number)], f"task-{number:02}")
            for number in range(20)
        )
    )
    await world.store.durable(f"{run.claim}/writes")
    found = await mine.aget_tuple(at(run))

    assert found is not None
    assert found.pending_writes == [
        (f"task-{number:02}", "v", number) for number in range(20)
    ]
