"""What a transaction puts aside is written before anybody could miss it, all of it or nothing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final

import pytest
from sqlalchemy import bindparam, func, insert, select, update

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.bulk import Bulk, inserted
from interlock.runtime.record.store.of_many import OfMany

_KEYS: Final = tables.data_key
_HEADS: Final = tables.ledger_head
_NEW: Final = inserted(_KEYS, key=("id",))
_REPLACED: Final = inserted(_KEYS, key=("id",), replaces=True)
_SKIPPED: Final = inserted(_KEYS, key=("id",), skips=True)
_OWNER: Final = Bulk(
    _KEYS,
    one=update(_KEYS)
    .where(_KEYS.c.id == bindparam("key"))
    .values(tenant=bindparam("owner")),
    served="UPDATE data_key SET tenant = given.owner FROM given WHERE id = given.key",
    given={"key": _KEYS.c.id, "owner": _KEYS.c.tenant},
    key=("key",),
)
_BY_ID: Final = OfMany(_KEYS, _KEYS.c.id, lock=True)
_SIZES: Final = inserted(_HEADS, key=("log",))
_DEADLINE_S: Final = 20.0


def _key(name: str, wrapped: bytes = b"\x00\xff\n") -> dict[str, Any]:
    return {"id": name, "tenant": "acme", "wrapped": wrapped}


def _put(tx: Tx, *, bulk: Bulk, row: Mapping[str, Any]) -> None:
    tx.put(bulk, row)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store on either database."""
    store = Store.open(database_url)
    yield store
    store.close()


async def _keys(store: Store) -> dict[str, tuple[str, bytes]]:
    rows = await store.read(
        lambda connection: connection.execute(select(_KEYS)).mappings().all()
    )
    return {row["id"]: (row["tenant"], row["wrapped"]) for row in rows}


@pytest.mark.parametrize("names", ["a", "abc"])
async def test_what_is_put_aside_is_written(store: Store, names: str) -> None:
    """One row and many are written as they were given: text, numbers, bytes and nothing."""
    largest: dict[str, Any] = {
        "log": "é\\\"'",
        "size": 2**62,
        "root": b"",
        "frontier": bytes(range(256)),
    }

    def work(tx: Tx) -> None:
        for name in names:
            tx.put(_NEW, _key(name))
            tx.put(_SIZES, largest | {"log": largest["log"] + name})

    await store.write(work)
    heads = await store.read(
        lambda connection: connection.execute(select(_HEADS)).mappings().all()
    )

    assert await _keys(store) == dict.fromkeys(names, ("acme", b"\x00\xff\n"))
    assert [dict(head) for head in heads] == [
        largest | {"log": f"é\\\"'{name}"} for name in names
    ]


async def test_whoever_uses_the_connection_sees_what_was_put_aside(
    store: Store,
) -> None:
    """Nothing is put aside any more when a statement is executed."""
    count = select(func.count()).select_from(_KEYS)

    def work(tx: Tx) -> tuple[int, int]:
        tx.put(_NEW, _key("a"))
        first = tx.connection.execute(count).scalar_one()
        tx.put(_NEW, _key("b"))
        return first, tx.apart.execute(count).scalar_one()

    assert await store.write(work) == (1, 2)


async def test_the_changes_of_one_row_keep_their_order(store: Store) -> None:
    """A row is inserted before it is changed, whatever was put aside first of each kind."""
    await store.write(partial(_put, bulk=_NEW, row=_key("before")))

    def work(tx: Tx) -> None:
        tx.put(_OWNER, {"key": "before", "owner": "zeta"})
        tx.put(_NEW, _key("a"))
        tx.put(_OWNER, {"key": "a", "owner": "beta"})
        tx.put(_NEW, _key("b"))
        tx.put(_OWNER, {"key": "b", "owner": "gamma"})
        tx.put(_OWNER, {"key": "b", "owner": "delta"})
        tx.put(_REPLACED, _key("c", b"old"))
        tx.put(_REPLACED, _key("c", b"new"))
        tx.put(_SKIPPED, _key("c", b"newer"))

    await store.write(work)

    keys = await _keys(store)
    assert {name: tenant for name, (tenant, _) in keys.items()} == {
        "before": "zeta",
        "a": "beta",
        "b": "delta",
        "c": "acme",
    }
    assert keys["c"] == ("acme", b"new")


@pytest.mark.parametrize("missing", [("x",), ("x", "y"), ("a", "x")])
async def test_a_row_that_is_not_there_fails_the_whole(
    store: Store, missing: tuple[str, ...]
) -> None:
    """Where fewer rows change than were given nothing is written (fails closed)."""

    def work(tx: Tx) -> None:
        tx.put(_NEW, _key("a"))
        for name in missing:
            tx.put(_OWNER, {"key": name, "owner": "beta"})

    with pytest.raises(GuardFailed):
        await store.write(work)

    assert await _keys(store) == {}


async def test_what_one_work_puts_aside_fails_no_other(store: Store) -> None:
    """Of two works that are committed together the one that cannot be written fails alone."""
    go = threading.Event()
    busy = asyncio.ensure_future(store.write(lambda tx: go.wait(_DEADLINE_S)))
    owner = {"key": "x", "owner": "beta"}
    works = [
        asyncio.ensure_future(store.write(partial(_put, bulk=bulk, row=row)))
        for bulk, row in ((_NEW, _key("a")), (_OWNER, owner))
    ]
    await asyncio.sleep(0)
    go.set()
    await busy
    told = await asyncio.gather(*works, return_exceptions=True)

    assert told[0] is None
    assert isinstance(told[1], GuardFailed)
    assert list(await _keys(store)) == ["a"]


async def test_rows_are_read_once_for_all_who_need_them(store: Store) -> None:
    """What all work of a transaction needs is read at once, and again after any other use."""
    for name in "ab":
        await store.write(partial(_put, bulk=_NEW, row=_key(name)))
    seen: list[list[str]] = []
    kind = _Counted(seen)

    def look(tx: Tx, name: str) -> Mapping[str, Any] | None:
        return tx.row(kind, name)

    def change(tx: Tx) -> None:
        tx.connection.execute(update(_KEYS).values(tenant="beta"))

    go = threading.Event()
    busy = asyncio.ensure_future(store.write(lambda tx: go.wait(_DEADLINE_S)))
    works = [
        asyncio.ensure_future(
            store.write(partial(look, name=name), needs=[(kind, name)])
        )
        for name in "abc"
    ]
    last = asyncio.ensure_future(store.write(change))
    after = asyncio.ensure_future(store.write(lambda tx: look(tx, "a")))
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(busy, last)
    a, b, c = await asyncio.gather(*works)
    changed = await after

    assert a is not None
    assert b is not None
    assert changed is not None
    assert (a["id"], b["id"], c) == ("a", "b", None)
    assert (a["tenant"], changed["tenant"]) == ("acme", "beta")
    assert seen == [["a", "b", "c"], ["a"]]


class _Counted(OfMany):
    """Keys by their id; it notes what it is asked for."""

    def __init__(self, seen: list[list[str]]) -> None:
        super().__init__(_KEYS, _KEYS.c.id, lock=True)
        self._seen = seen

    def by_name(self, connection: Any, names: Any) -> Any:
        """Note the names, and read."""
        self._seen.append(list(names))
        return super().by_name(connection, names)


async def test_a_row_that_changes_is_read_again(store: Store) -> None:
    """Whoever changes a row says so, and the next look tells the new one."""

    def work(tx: Tx) -> tuple[object, object]:
        before = tx.row(_BY_ID, "a")
        tx.forget(_BY_ID, "a")
        tx.put(_NEW, _key("a"))
        after = tx.row(_BY_ID, "a")
        return before, None if after is None else after["tenant"]

    assert await store.write(work) == (None, "acme")


async def test_what_is_known_of_a_row_is_told(store: Store) -> None:
    """A change that is put aside is told to the next who looks, without a statement."""

    def work(tx: Tx) -> tuple[object, object]:
        tx.connection.execute(insert(_KEYS), _key("a"))
        tx.row(_BY_ID, "a")
        tx.know(_BY_ID, "a", {"tenant": "beta"})
        row = tx.row(_BY_ID, "a")
        return (None, None) if row is None else (row["id"], row["tenant"])

    assert await store.write(work) == ("a", "beta")
