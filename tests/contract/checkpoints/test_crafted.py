"""The checkpoint saver, on every database: nothing but what was saved is ever decoded."""

import os
import pickle
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from sqlalchemy import Table
from tests.contract.checkpoints.positions import at, made, put, saver, stored

from interlock.runtime.errors import Tampered
from interlock.runtime.graph.checkpoint_values import PIECE
from interlock.runtime.record.store import tables
from interlock.runtime.testing import World


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
