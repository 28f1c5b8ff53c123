"""The checkpoint saver, on every database: what is saved comes back, and nothing else is ever
decoded.
"""

import asyncio
import os
import pickle
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypedDict

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from sqlalchemy import Table, select, update

from interlock.runtime.errors import Fenced, Tampered
from interlock.runtime.graph.checkpoint_values import PIECE
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import Run
from interlock.runtime.testing import World


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
    """Return a checkpoint whose id sorts by *position*."""
    return empty_checkpoint() | {"id": f"{position:032x}", "channel_values": values}


async def put(
    world: World, run: Run, checkpoint: Checkpoint, *, parent: str = "", ns: str = ""
) -> RunnableConfig:
    return await saver(world, run).aput(
        at(run, parent, ns), checkpoint, {"source": "loop", "step": 1}, {}
    )


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


def crafted(folder: Path) -> dict[str, bytes]:
    """Return serialised values that make LangGraph's loader call a function of the attacker's
    choice.
    """
    one_argument, several = (
        0,
        1,
    )  # EXT_CONSTRUCTOR_SINGLE_ARG and EXT_CONSTRUCTOR_POS_ARGS of langgraph's jsonplus
    single = ormsgpack.packb(("os", "mkdir", str(folder / "one")))
    spread = ormsgpack.packb(("os", "system", (f"mkdir {folder / 'two'}",)))
    return {
        "one argument": ormsgpack.packb(ormsgpack.Ext(one_argument, single)),
        "several": ormsgpack.packb(ormsgpack.Ext(several, spread)),
    }


@pytest.mark.parametrize("craft", ["one argument", "several"])
def test_the_attack_is_real(
    tmp_path: Path, craft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LangGraph's loader, as it comes, executes the crafted value; ours, even if it got there, does
    not.
    """
    monkeypatch.delenv("LANGGRAPH_STRICT_MSGPACK", raising=False)
    payload = crafted(tmp_path)[craft]
    strict = JsonPlusSerializer(
        pickle_fallback=False, allowed_msgpack_modules=[AIMessage]
    )
    strict.loads_typed(("msgpack", payload))
    assert list(tmp_path.iterdir()) == []

    JsonPlusSerializer(allowed_msgpack_modules=True).loads_typed(("msgpack", payload))
    assert len(list(tmp_path.iterdir())) == 1


async def stored(world: World, table: Table, **values: Any) -> None:
    """Change every row of a table behind the saver's back."""
    await world.store.write(
        lambda tx: tx.connection.execute(update(table).values(values))
    )


TABLES = {
    "checkpoint": tables.checkpoint,
    "metadata": tables.checkpoint,
    "write": tables.checkpoint_write,
    "piece": tables.checkpoint_piece,
}
#: A value that is too long to stand in its row
LONG = "x" * PIECE


@pytest.mark.parametrize("where", TABLES)
async def test_a_crafted_row_is_refused_before_it_is_decoded(
    world: World, tmp_path: Path, where: str
) -> None:
    """Bytes that were not sealed by this run are refused, and nothing in them runs."""
    target = tmp_path / "effects"
    target.mkdir()
    run = await world.start()
    place = await put(world, run, made(1, v=LONG))
    await saver(world, run).aput_writes(place, [("v", 2)], "task")
    await world.store.durable(f"{run.claim}/writes")
    column = "metadata" if where == "metadata" else "sealed"
    crafts = [
        b"pickle\n" + pickle.dumps(_Pickled(target)),
        *(b"msgpack\n" + payload for payload in crafted(target).values()),
        *(b"vmsgpack\n" + payload for payload in crafted(target).values()),
        *(b"json\n" + payload for payload in crafted(target).values()),
    ]
    for craft in crafts:
        await stored(world, TABLES[where], **{column: craft})
        with pytest.raises(Tampered):
            await saver(world, run).aget_tuple(at(run))
        with pytest.raises(Tampered):
            [each async for each in saver(world, run).alist(at(run))]
    assert list(target.iterdir()) == []


class _Pickled:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self._folder / "pickled"),)


async def test_a_sealed_pickle_is_refused(world: World, tmp_path: Path) -> None:
    """Even under the right seal no type but the plain ones is decoded."""
    target = tmp_path / "effects"
    target.mkdir()
    run = await world.start()
    await put(world, run, made(1, v=1))
    key = world.vault.known(run.id)
    for kind, payload in (
        ("pickle", pickle.dumps(_Pickled(target))),
        ("json", b"{}"),
        ("", b""),
    ):
        await stored(
            world,
            tables.checkpoint,
            sealed=key.seal(
                kind.encode() + b"\n" + payload, place=f"{run.id}//{made(1)['id']}"
            ),
        )
        with pytest.raises(Tampered, match="type"):
            await saver(world, run).aget_tuple(at(run))
    assert list(target.iterdir()) == []


async def test_a_sealed_crafted_value_calls_nothing(
    world: World, tmp_path: Path
) -> None:
    """Even under the right seal a value that names a function is not a call."""
    target = tmp_path / "effects"
    target.mkdir()
    run = await world.start()
    await put(world, run, made(1, v=1))
    for payload in crafted(target).values():
        stored_value = ormsgpack.packb([{}, {"v": b"vmsgpack\n" + payload}])
        sealed = world.vault.known(run.id).seal(
            b"msgpack\n" + stored_value, place=f"{run.id}//{made(1)['id']}"
        )
        await stored(world, tables.checkpoint, sealed=sealed)
        await saver(world, run).aget_tuple(at(run))

    assert list(target.iterdir()) == []


MOVED: dict[str, tuple[Table, dict[str, Any]]] = {
    "checkpoint to another id": (tables.checkpoint, {"checkpoint_id": f"{5:032x}"}),
    "checkpoint to another namespace": (tables.checkpoint, {"ns": "inner"}),
    "checkpoint to another parent": (tables.checkpoint, {"parent_id": "other"}),
    "checkpoint to another claim": (tables.checkpoint, {"fence": 7}),
    "write to another task": (tables.checkpoint_write, {"task_id": "other"}),
    "write to another channel": (tables.checkpoint_write, {"channel": "approved"}),
    "write to another place": (tables.checkpoint_write, {"idx": 5}),
}


@pytest.mark.parametrize("move", MOVED)
async def test_what_was_moved_is_refused(world: World, move: str) -> None:
    """A sealed value opens only where it was put: not under another id, namespace, parent, claim,
    task, channel or index.
    """
    run = await world.start()
    place = await put(world, run, made(1, v=1), parent="parent")
    await saver(world, run).aput_writes(place, [("v", 2)], "task")
    await world.store.durable(f"{run.claim}/writes")
    table, values = MOVED[move]
    await stored(world, table, **values)

    with pytest.raises(Tampered):
        await saver(world, run).aget_tuple(at(run, ns=values.get("ns", "")))


async def test_another_runs_checkpoint_is_refused(world: World) -> None:
    """A checkpoint sealed for one run does not open as another's, moved or read through the wrong
    door.
    """
    run, other = await world.start(), await world.start()
    await put(world, run, made(1, v=1))
    with pytest.raises(Tampered):
        await saver(world, other).aget_tuple(at(run))

    await stored(world, tables.checkpoint, thread_id=other.id)
    with pytest.raises(Tampered):
        await saver(world, other).aget_tuple(at(other))


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
