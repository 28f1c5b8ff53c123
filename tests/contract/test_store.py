"""The store, on every database: order, durability, and failures that stay where they belong."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Text,
    insert,
    select,
    text,
)

from interlock.runtime.errors import (
    BadInput,
    Busy,
    Fenced,
    GuardFailed,
    NotRecorded,
    NotWitnessed,
)
from interlock.runtime.record.audit_verify import verify
from interlock.runtime.record.events import HOME, Event, PolicyActivated
from interlock.runtime.record.logs import export
from interlock.runtime.record.store import (
    Store,
    Tx,
    lines,
    patience,
    sqlite,
    tables,
)
from interlock.runtime.record.store.tables import NEWEST, metadata
from interlock.runtime.record.store.version import version_of
from interlock.runtime.record.tlog import public_bytes
from interlock.runtime.record.vault import Vault

KEY = {"tenant": "default", "wrapped": b"w"}


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = Store.open(database_url)
    yield opened
    opened.close()


def put(name: str) -> Callable[[Tx], str]:
    """Return work that inserts one row and returns its name."""

    def work(tx: Tx) -> str:
        tx.connection.execute(insert(tables.data_key).values(id=name, **KEY))
        return name

    return work


def activated(revision: str) -> PolicyActivated:
    return PolicyActivated(log=HOME, revision=revision, previous="")


def names(connection: Connection) -> list[str]:
    return list(
        connection.execute(
            select(tables.data_key.c.id).order_by(tables.data_key.c.id)
        ).scalars()
    )


def commits(store: Store) -> list[tuple[Event, ...]]:
    """Return a list that grows by one with every commit in which something was recorded."""
    heard: list[tuple[Event, ...]] = []
    store.attach(flush=lambda _: None, observers=[heard.append])
    return heard


def recorded(name: str) -> Callable[[Tx], str]:
    """Return work that inserts one row, records that, and returns the row's name."""

    def work(tx: Tx) -> str:
        tx.events.append(activated(name))
        return put(name)(tx)

    return work


def hold(store: Store) -> threading.Event:
    """Keep the writer busy until the event is set, so that what follows becomes one group
    with it.
    """
    entered, go = threading.Event(), threading.Event()

    def work(_: Tx) -> None:
        entered.set()
        assert go.wait(10)

    store.submit(work, "eager")
    assert entered.wait(10)
    return go


async def all_of(*futures: Any) -> list[Any]:
    return await asyncio.gather(
        *map(asyncio.wrap_future, futures), return_exceptions=True
    )


async def test_a_group_is_one_commit_in_order(store: Store) -> None:
    """Whatever waits when the writer comes back is run in the order it was handed in, and committed
    once.
    """
    go, counted = hold(store), commits(store)
    names_in_order = [f"n{number:02}" for number in range(40)]

    futures = [
        store.submit(recorded(name), "lazy" if number % 2 else "eager")
        for number, name in enumerate(names_in_order)
    ]
    go.set()

    assert await all_of(*futures) == names_in_order
    assert [[one.body()["revision"] for one in group] for group in counted] == [
        names_in_order
    ]


async def test_a_failing_item_fails_alone(store: Store) -> None:
    """An item that raises, or that the database refuses, leaves nothing and takes nobody
    with it.
    """
    go = hold(store)

    def fails(tx: Tx) -> None:
        put("half")(tx)
        raise BadInput(what="x", why="y", next_step="z")

    first, bad, twice, last = (
        store.submit(work, "eager") for work in (put("a"), fails, put("a"), put("b"))
    )
    go.set()
    results = await all_of(first, bad, twice, last)

    assert results[0] == "a"
    assert isinstance(results[1], BadInput)
    assert isinstance(results[2], NotRecorded)
    assert results[3] == "b"
    assert await store.read(names) == ["a", "b"]


async def test_a_failing_item_takes_back_its_events(store: Store) -> None:
    """What a failing item meant to record is not recorded by its neighbours' commit."""
    seen: list[Event] = []
    store.attach(flush=lambda tx: seen.extend(tx.events))
    go = hold(store)

    def noted(name: str, *, fails: bool) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            tx.events.append(activated(name))
            if fails:
                raise BadInput(what="x", why="y", next_step="z")

        return work

    futures = [
        store.submit(noted(name, fails=name == "bad"), "eager")
        for name in ("good", "bad", "fine")
    ]
    go.set()
    await all_of(*futures)

    assert [event.body()["revision"] for event in seen] == ["good", "fine"]


@pytest.mark.parametrize(
    "error",
    [RuntimeError("no"), OSError(28, "No space left on device"), ValueError("no")],
)
async def test_a_failing_flush_fails_all_that_is_to_be_recorded(
    store: Store, error: Exception
) -> None:
    """When the record cannot be written nothing it belongs to commits, and the writer lives on."""

    def flush(_: Tx) -> None:
        raise error

    def recorded(name: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            put(name)(tx)
            tx.events.append(activated("x"))

        return work

    store.attach(flush=flush)
    go = hold(store)
    futures = [
        store.submit(work, "eager")
        for work in (recorded("a"), put("without"), recorded("b"))
    ]
    go.set()

    first, without, last = await all_of(*futures)
    assert without == "without"
    assert isinstance(first, NotRecorded)
    assert isinstance(last, NotRecorded)
    assert await store.read(names) == ["without"]
    assert await store.write(put("later")) == "later"


async def test_without_a_ledger_nothing_that_is_to_be_recorded_commits(
    store: Store,
) -> None:
    """A store to which no ledger is attached refuses events: fails closed."""

    def work(tx: Tx) -> None:
        put("a")(tx)
        tx.events.append(activated("x"))

    with pytest.raises(GuardFailed):
        await store.write(work)

    assert await store.read(names) == []


async def test_lazy_rides_with_eager(store: Store) -> None:
    """A lazy item waits for the next eager one and shares its commit."""
    counted = commits(store)
    store.later("run", recorded("lazy"))
    await store.write(recorded("eager"))

    assert await store.read(names) == ["eager", "lazy"]
    assert len(counted) == 1


@pytest.mark.parametrize("looks", [0, 1000], ids=["asleep", "looking"])
async def test_lazy_work_is_committed_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    """A lazy item that nothing follows is committed soon, whatever the writer is at."""
    monkeypatch.setattr(lines, "LOOKS", looks)
    store = Store.open(f"sqlite:///{tmp_path / 'lazy.db'}")
    for _ in range(2):
        await asyncio.sleep(0.01)
        future = store.submit(lambda _: "kept", "lazy")
        assert await asyncio.wait_for(asyncio.wrap_future(future), 10) == "kept"
    store.close()


async def test_settled_means_durable(store: Store) -> None:
    """After `settled` every reader sees what was handed in for the group; other groups do not
    matter.
    """
    store.later("other", put("other"))
    for number in range(5):
        store.later("run", put(f"lazy{number}"))
    await store.durable("run")

    assert {f"lazy{number}" for number in range(5)} <= set(await store.read(names))


async def test_settled_holds_for_everyone_who_waits(store: Store) -> None:
    """Two steps of one run that wait at the same time both see what was handed in, not only the
    first.
    """
    go = hold(store)
    store.later("run", put("lazy"))

    async def look() -> list[str]:
        await store.durable("run")
        return await store.read(names)

    waiting = [asyncio.create_task(look()) for _ in range(3)]
    await asyncio.sleep(0.05)
    go.set()

    assert await asyncio.gather(*waiting) == [["lazy"]] * 3


async def test_settled_raises_what_went_wrong(store: Store) -> None:
    """A lazy item that failed is not lost: the next step of its group hears of it."""

    def fails(_: Tx) -> None:
        raise Fenced(run_id="run", fence=1)

    store.later("run", fails)
    with pytest.raises(Fenced):
        await store.durable("run")


async def test_a_cancelled_waiter_cancels_no_write(store: Store) -> None:
    """A task that is cancelled while it waits leaves its item to be committed, and the writer
    alive.
    """
    go = hold(store)
    store.later("run", put("lazy"))
    waiting = [
        asyncio.create_task(store.durable("run")),
        asyncio.create_task(store.write(put("eager"))),
    ]
    await asyncio.sleep(0.05)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    go.set()

    async with asyncio.timeout(5):
        assert await store.write(put("after")) == "after"
    assert await store.read(names) == ["after", "eager", "lazy"]


async def test_the_writer_survives_any_exception(store: Store) -> None:
    """An exception out of an item goes to its waiter; the thread serves the next item."""

    def fails(_: Tx) -> None:
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await store.write(fails)

    assert await store.write(put("a")) == "a"


async def test_a_failing_witness_is_heard_and_nothing_runs_twice(store: Store) -> None:
    """What the witness raises after the commit is raised at every waiter, no item is done again,
    and the writer lives on.
    """
    done: list[str] = []

    def witness(_: tuple[Event, ...]) -> None:
        raise NotWitnessed(why="No space left on device")

    def recorded(name: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            done.append(name)
            put(name)(tx)
            tx.events.append(activated("x"))

        return work

    store.attach(flush=lambda _: None, observers=[witness])
    go = hold(store)
    futures = [store.submit(recorded(name), "eager") for name in ("a", "b")]
    go.set()

    heard = await all_of(*futures)
    assert [type(each) for each in heard] == [NotWitnessed] * 2
    assert done == ["a", "b"]
    assert await store.read(names) == ["a", "b"]
    assert await store.write(put("c")) == "c"


async def test_every_observer_receives_what_was_committed_and_nothing_else(
    store: Store,
) -> None:
    """After a commit each observer gets its events in order; of a failed transaction it
    hears nothing.
    """
    first: list[tuple[Event, ...]] = []
    second: list[tuple[Event, ...]] = []
    one, two, lost = (activated(name) for name in ("one", "two", "lost"))

    def note(*events: Event, fails: bool = False) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            tx.events.extend(events)
            if fails:
                raise BadInput(what="x", why="y", next_step="z")

        return work

    store.attach(flush=lambda _: None, observers=[first.append])
    store.attach(observers=[second.append])
    await store.write(note(one, two))
    with pytest.raises(BadInput):
        await store.write(note(lost, fails=True))
    await store.write(note())

    assert first == second == [(one, two)]


async def test_observers_hear_of_one_transaction_at_a_time(store: Store) -> None:
    """However many threads commit, an observer is never told of two transactions at once, and of
    each log in the order of its commits.
    """
    heard: list[str] = []

    def slow(events: tuple[Event, ...]) -> None:
        heard.extend(("begin", *(one.log for one in events)))
        time.sleep(0.02)
        heard.append("end")

    def noted(log: str) -> Callable[[Tx], None]:
        event = PolicyActivated(log=log, revision="r", previous="")
        return lambda tx: tx.events.append(event)

    store.attach(flush=lambda _: None, observers=[slow])
    futures = [
        store.submit(noted(log), "eager", logs=(log,)) for log in ("a", "b", "c") * 3
    ]
    await all_of(*futures)

    told = " ".join(heard).split(" end")
    assert [one.split().count("begin") for one in told] == [1] * (len(told) - 1) + [0]
    assert sorted(one for one in heard if len(one) == 1) == sorted("abc" * 3)


async def test_an_observer_that_fails_loses_nothing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """What another observer than the witness raises is logged; the waiter is told that the commit
    is durable, and the observers after it are still told.
    """
    heard: list[tuple[Event, ...]] = []

    def broken(_: tuple[Event, ...]) -> None:
        raise OSError(28, "No space left on device")

    def recorded(tx: Tx) -> str:
        tx.events.append(activated("x"))
        return put("a")(tx)

    store.attach(flush=lambda _: None, observers=[broken, heard.append])

    assert await store.write(recorded) == "a"
    assert await store.read(names) == ["a"]
    assert len(heard) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_close_drains_and_then_refuses(database_url: str) -> None:
    """What was handed in before the close is durable; afterwards nothing is accepted; closing twice
    is harmless.
    """
    store = Store.open(database_url)
    futures = [store.submit(put(f"n{number}"), "lazy") for number in range(10)]
    store.close()
    store.close()

    assert [future.result() for future in futures] == [
        f"n{number}" for number in range(10)
    ]
    with pytest.raises(NotRecorded):
        await store.write(put("late"))


async def test_the_migrated_schema_is_the_declared_one(store: Store) -> None:
    """The migrations lead to exactly the tables that the program declares."""
    with store.engine.connect() as connection:
        found = compare_metadata(
            MigrationContext.configure(connection), tables.metadata
        )

    assert found == []


async def test_a_changed_schema_would_be_seen(store: Store) -> None:
    """The comparison above can fail: a column that was dropped is reported."""
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE run DROP COLUMN trace"))
    with store.engine.connect() as connection:
        found = compare_metadata(
            MigrationContext.configure(connection), tables.metadata
        )

    assert found


OPENER = """
import asyncio
import sys
from pathlib import Path
from interlock.runtime.record.events import SwitchTurned
from interlock.runtime.storage import Storage

print("ready", flush=True)
sys.stdin.readline()
home = Path(sys.argv[1])
event = SwitchTurned(log="@home", scope="all", id="", engaged=True, by="ana")

async def engage():
    opening = Storage.open(
        database=sys.argv[2],
        keys=home / "keys",
        witness=home / "witness",
        origin="interlock/test",
    )
    async with opening as storage:
        await storage.store.write(lambda tx: tx.events.append(event), logs=["@home"])

asyncio.run(engage())
"""


def test_a_new_database_is_opened_while_another_process_is_writing_its_first_tables(
    tmp_path: Path,
) -> None:
    """SQLite refuses the turn to WAL at once while somebody writes; opening waits for them instead
    of failing.
    """
    first = sqlite3.connect(
        tmp_path / "interlock.db", isolation_level=None, check_same_thread=False
    )
    first.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, first.execute, ["COMMIT"]).start()

    opened = Store.open(f"sqlite:///{tmp_path / 'interlock.db'}")
    opened.close()
    first.close()


async def test_processes_may_open_a_new_database_at_once(
    database_url: str, tmp_path: Path
) -> None:
    """Three processes that meet an empty home make one schema, one set of keys and one ledger."""
    command = [sys.executable, "-c", OPENER, str(tmp_path / "home"), database_url]
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(3)]  # noqa: ASYNC220, S603 - ours
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * 3, errors
    store = Store.open(database_url)
    records = await store.read(lambda connection: list(export(connection, HOME)))
    store.close()
    report = verify(
        records,
        key=public_bytes(Vault(tmp_path / "home" / "keys", create=False).signing),
    )
    assert (report.size, report.problems) == (3, [])


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://host/name",
        "postgresql://host:port/name",
        "nonsense",
    ],
)
def test_a_url_that_is_no_database_of_ours_is_refused(url: str) -> None:
    """A database in memory would be another one for each connection, and of other kinds we know
    nothing: nothing is opened.
    """
    with pytest.raises(GuardFailed) as refusal:
        Store.open(url)

    assert refusal.value.guard == "store"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alembic_version SET version_num = '9999'",
        "UPDATE alembic_version SET version_num = '0001'",
        "DROP TABLE alembic_version",
    ],
)
def test_a_database_of_another_version_is_refused(
    database_url: str, change: str
) -> None:
    """A schema that is not this program's is named as such and left as it is."""
    store = Store.open(database_url)
    with store.engine.begin() as connection:
        connection.execute(text(change))
    store.close()

    with pytest.raises(GuardFailed) as refusal:
        Store.open(database_url)

    assert refusal.value.code == "other_version"


def test_another_column_makes_another_version() -> None:
    """What names the schema is worked out from the tables, so nobody can forget to change it."""
    changed = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(changed)
    assert version_of(changed) == NEWEST
    changed.tables["run"].append_column(Column("odd", Text))

    assert version_of(changed) != NEWEST


async def test_a_database_that_is_locked_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that cannot begin is the fault of no item, so all waiters hear of it at
    once.
    """
    monkeypatch.setattr(sqlite, "WAIT_S", 0.5)
    store = Store.open(f"sqlite:///{tmp_path / 'locked.db'}")
    with contextlib.closing(sqlite3.connect(tmp_path / "locked.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        futures = [store.submit(put(f"n{number}"), "eager") for number in range(16)]
        heard = await all_of(*futures)
        waited_s = time.monotonic() - began
    store.close()

    assert {(type(each), each.code) for each in heard} == {(Busy, "busy")}
    assert waited_s < 16 * 0.5 / 2


async def test_a_lock_that_ends_in_time_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that writes for a while is waited for, and whoever waits is told so; what only
    looks waits for nobody.
    """
    monkeypatch.setattr(patience, "NOTICE_S", 0.1)
    file = tmp_path / "held.db"
    store = Store.open(f"sqlite:///{file}")
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        future = store.submit(put("n"), "eager")
        second = Store.open(f"sqlite:///{file}")
        looked = await second.read(names)
        second.close()
        await asyncio.sleep(1)
        waited = not future.done()
        other.rollback()
    written = await all_of(future)
    store.close()

    assert (waited, looked) == (True, [])
    assert written == ["n"]
    assert caplog.messages == [
        "waiting for another process that writes to the database"
    ]


async def test_whoever_stops_waiting_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an opening that is cancelled nor a close waits as long as a command for a lock."""
    monkeypatch.setattr(patience, "LAST_S", 0.1)
    file = tmp_path / "held.db"
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        opening = asyncio.create_task(Store.opened(f"sqlite:///{file}"))
        await asyncio.sleep(0.2)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        other.rollback()
        store = Store.open(f"sqlite:///{file}")
        other.execute("BEGIN IMMEDIATE")
        future = store.submit(put("n"), "eager")
        store.close()
        took_s = time.monotonic() - began

    assert isinstance(future.exception(), Busy)
    assert took_s < sqlite.WAIT_S / 2
