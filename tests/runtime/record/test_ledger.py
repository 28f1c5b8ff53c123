"""The ledger in its database: whatever is changed in it afterwards is seen, and the entry is
named.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.audit_verify import Report, verify
from interlock.runtime.record.logs import export
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.testing import Effects, World

#: The log of the tenant that every run here belongs to, and its entries
LOG = "default"
SIZE = 16


@dataclass(frozen=True, kw_only=True)
class Log:
    """A ledger that was written and closed."""

    folder: Path
    key: bytes
    remembered: str

    @property
    def file(self) -> Path:
        return self.folder / "interlock.db"

    def verify(self, *, remembered: bool = True) -> Report:
        """Verify what the database holds now."""
        engine = create_engine(f"sqlite:///{self.file}")
        with engine.connect() as connection:
            records = list(export(connection, LOG))
        engine.dispose()
        return verify(
            records, key=self.key, remembered=self.remembered if remembered else None
        )

    def change(self, statement: str, *values: Any) -> None:
        """Run one statement on the database behind everybody's back."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(statement, values)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(query).fetchall()


async def written(folder: Path, *, steps: int = 4, url: str | None = None) -> None:
    """Write a run of effects, a denial, a read and a kill switch."""
    effects = Effects()
    tools = [effects.tool("note.write"), effects.tool("note.read", "read")]
    async with World(folder, tools=tools, url=url) as world:
        first, second = await world.start(), await world.start()
        for number in range(steps):
            for run in (first, second):
                name = ("note.write", "note.read", "no.such")[number % 3]
                await world.pep.enforce(
                    run, tool=name, arguments={"text": f"{number}"}, call_id=f"{number}"
                )
                await world.store.durable(run.claim)
        await KillSwitches(world.store).engage("all", "", by="ana")
        await KillSwitches(world.store).release("all", "", by="ana")


def opened(folder: Path) -> Log:
    key = Vault(folder / "keys", create=False).signing.public_key().public_bytes_raw()
    return Log(
        folder=folder,
        key=key,
        remembered=(folder / "witness" / f"{LOG}.note").read_text(),
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A ledger nobody has touched; tests take a copy."""
    folder = tmp_path_factory.mktemp("ledger")
    asyncio.run(written(folder))
    return opened(folder)


@pytest.fixture
def log(original: Log, tmp_path: Path) -> Log:
    shutil.copytree(original.folder, tmp_path / "copy")
    return opened(tmp_path / "copy")


def seen(report: Report) -> set[tuple[str, int]]:
    return {(problem.code, problem.seq) for problem in report.problems}


def test_what_nobody_touched_is_valid(original: Log) -> None:
    """The ledger verifies as it was written."""
    report = original.verify()

    assert report.problems == []
    assert report.size == report.checkpoints == SIZE


def flips(data: bytes, *, step: int = 1) -> Iterator[bytes]:
    """Yield *data* with one bit flipped, at every *step*-th byte and the last; of nothing, one
    byte.
    """
    if not data:
        yield b"x"
        return
    for index in sorted({*range(0, len(data), step), len(data) - 1}):
        yield data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


def altered(value: Any) -> Iterator[Any]:
    if isinstance(value, bytes):
        yield from flips(value, step=11 if len(value) > 64 else 1)
    elif isinstance(value, int):
        yield value + 1000
    else:
        yield from (
            text.decode("utf-8", "surrogateescape")
            for text in flips(value.encode())
            if _is_text(text)
        )


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def each_flip(
    log: Log, table: str, column: str, where: str = "log = 'default'"
) -> Iterator[tuple[Any, Report]]:
    """Yield what one place was changed to and what verification says, for every change; the copy is
    in memory.
    """
    with (
        closing(sqlite3.connect(log.file)) as source,
        closing(sqlite3.connect(":memory:")) as target,
    ):
        source.backup(target)
        engine = create_engine(
            "sqlite://", creator=lambda: target, poolclass=StaticPool
        )
        before = target.execute(
            f"SELECT {column} FROM {table} WHERE {where}"  # noqa: S608 - names from the tables above
        ).fetchone()[0]
        change = f"UPDATE {table} SET {column} = ? WHERE {where}"  # noqa: S608 - as above
        for value in altered(before):
            with target:
                target.execute(change, (value,))
            with engine.connect() as reader:
                records = list(export(reader, LOG))
            with target:
                target.execute(change, (before,))
            yield value, verify(records, key=log.key, remembered=log.remembered)


@pytest.mark.parametrize("column", ["body", "leaf", "run_id", "event"])
@pytest.mark.parametrize("seq", range(SIZE))
def test_a_changed_entry_is_named(original: Log, seq: int, column: str) -> None:
    """Flip any byte in any column of any entry: verification fails and names that entry."""
    for value, report in each_flip(
        original, "ledger_entry", column, f"log = 'default' AND seq = {seq}"
    ):
        assert not report.valid, value
        assert report.problems[0].seq == seq, report.problems


@pytest.mark.parametrize("seq", range(SIZE))
def test_an_entry_changed_with_its_leaf_is_named(log: Log, seq: int) -> None:
    """Whoever changes a body and its leaf together is caught by the signed root that covers the
    entry.
    """
    before = log.rows(
        "SELECT body FROM ledger_entry WHERE log = 'default' ORDER BY seq"
    )[seq][0]
    body = before.replace(b'"at":1800000000', b'"at":1800000001')
    assert body != before
    log.change(
        "UPDATE ledger_entry SET body = ?, leaf = ? WHERE seq = ?",
        body,
        sha256(b"\x00" + body).digest(),
        seq,
    )

    assert ("root_mismatch", seq) in seen(log.verify())


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_changed_checkpoint_is_named(original: Log, seq: int) -> None:
    """Flip any byte of any signed checkpoint: verification fails and names its entry."""
    for value, report in each_flip(
        original, "ledger_entry", "note", f"log = 'default' AND seq = {seq}"
    ):
        assert ("bad_signature", seq) in seen(report), value


@pytest.mark.parametrize("seq", range(SIZE - 1))
def test_a_dropped_checkpoint_is_named(log: Log, seq: int) -> None:
    """Remove one signed checkpoint: the next entry says that there was one."""
    log.change("UPDATE ledger_entry SET note = NULL WHERE seq = ?", seq)

    assert seen(log.verify()) == {("missing_checkpoint", seq)}


@pytest.mark.parametrize("seq", range(SIZE - 1))
def test_a_moved_checkpoint_is_named(log: Log, seq: int) -> None:
    """Put a signed checkpoint at another entry than the one it was signed at: it signs another
    size.
    """
    log.change(
        "UPDATE ledger_entry SET note = (SELECT note FROM ledger_entry AS other "
        "WHERE other.log = ledger_entry.log AND other.seq = ?) WHERE log = 'default' AND seq = ?",
        seq + 1,
        seq,
    )

    assert ("checkpoint_moved", seq) in seen(log.verify())


@pytest.mark.parametrize("column", ["size", "root", "frontier"])
def test_a_changed_head_is_seen(original: Log, column: str) -> None:
    """Flip any byte of the stored head: it no longer fits the entries."""
    for value, report in each_flip(original, "ledger_head", column):
        assert seen(report) == {("head_mismatch", SIZE)}, value


@pytest.mark.parametrize(
    "statement", ["DELETE FROM ledger_head", "UPDATE ledger_head SET log = log || 'x'"]
)
async def test_a_head_that_is_gone_is_seen_and_stops_everything(
    log: Log, statement: str
) -> None:
    """Without the head the ledger does not verify, and nothing more can be recorded or done."""
    log.change(statement)
    assert ("head_mismatch", SIZE) in seen(log.verify())

    effects = Effects()
    with pytest.raises(GuardFailed):
        async with World(log.folder, tools=[effects.tool("note.write")]) as world:
            await world.start()


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_dropped_entry_is_named(log: Log, seq: int) -> None:
    """Remove one entry: the first place that is missing is named."""
    log.change("DELETE FROM ledger_entry WHERE seq = ?", seq)

    assert ("missing_entry" if seq < SIZE - 1 else "head_mismatch", seq) in seen(
        log.verify()
    )


@pytest.mark.parametrize("seq", range(SIZE - 1))
def test_swapped_entries_are_named(log: Log, seq: int) -> None:
    """Let two neighbours change places: the first of them is named."""
    log.change("UPDATE ledger_entry SET seq = -1 WHERE seq = ?", seq)
    log.change("UPDATE ledger_entry SET seq = ? WHERE seq = ?", seq, seq + 1)
    log.change("UPDATE ledger_entry SET seq = ? WHERE seq = -1", seq + 1)
    report = log.verify()

    assert ("moved_entry", seq) in seen(report)
    assert report.problems[0].seq == seq


@pytest.mark.parametrize("seq", range(SIZE - 1))
def test_a_dropped_entry_with_the_rest_moved_up_is_named(log: Log, seq: int) -> None:
    """Remove one entry and renumber the rest: the bodies still say where they were."""
    log.change("DELETE FROM ledger_entry WHERE seq = ?", seq)
    for later in range(seq + 1, SIZE):
        log.change("UPDATE ledger_entry SET seq = ? WHERE seq = ?", later - 1, later)
    report = log.verify()

    assert not report.valid
    assert report.problems[0].seq == seq


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_duplicated_entry_is_named(log: Log, seq: int) -> None:
    """Append a copy of an entry: it stands where its body does not say."""
    log.change(
        "INSERT INTO ledger_entry (log, seq, run_id, event, body, leaf, payload, note) "
        "SELECT log, ?, run_id, event, body, leaf, payload, note FROM ledger_entry "
        "WHERE log = 'default' AND seq = ?",
        SIZE,
        seq,
    )

    assert ("moved_entry", SIZE) in seen(log.verify())


@pytest.mark.parametrize("kept", range(SIZE))
def test_a_truncated_ledger_is_seen(log: Log, kept: int) -> None:
    """Cut the ledger off, with its checkpoints: the head gives it away, and so does the remembered
    checkpoint.
    """
    log.change("DELETE FROM ledger_entry WHERE seq >= ?", kept)

    assert {("head_mismatch", kept), ("rolled_back", kept)} <= seen(log.verify())
    assert ("head_mismatch", kept) in seen(log.verify(remembered=False))


def test_an_unsigned_tail_is_seen(log: Log) -> None:
    """Entries that no signed checkpoint covers are reported."""
    log.change("UPDATE ledger_entry SET note = NULL WHERE seq = ?", SIZE - 1)

    assert ("unsigned_tail", SIZE) in seen(log.verify())


TAMPERING = {
    "flip a body": (
        "UPDATE ledger_entry SET body = body || '\\x20' WHERE seq = 5",
        "changed_entry",
        5,
    ),
    "move an entry to another run": (
        "UPDATE ledger_entry SET run_id = 'x' WHERE seq = 5",
        "moved_entry",
        5,
    ),
    "change a leaf": (
        "UPDATE ledger_entry SET leaf = '\\x00' WHERE seq = 5",
        "changed_entry",
        5,
    ),
    "drop an entry": ("DELETE FROM ledger_entry WHERE seq = 5", "missing_entry", 5),
    "cut the end off": ("DELETE FROM ledger_entry WHERE seq >= 5", "rolled_back", 5),
    "change a checkpoint": (
        "UPDATE ledger_entry SET note = replace(note, 'i', 'j') WHERE seq = 5",
        "bad_signature",
        5,
    ),
    "remove the last checkpoint": (
        "UPDATE ledger_entry SET note = NULL WHERE seq = 7",
        "unsigned_tail",
        8,
    ),
    "set the head back": ("UPDATE ledger_head SET size = 5", "head_mismatch", 8),
}


@pytest.mark.parametrize("value", [5, 1.5, "text", b"", None])
@pytest.mark.parametrize(
    "column", ["body", "leaf", "run_id", "event", "note", "payload"]
)
def test_a_value_of_another_type_is_named(log: Log, column: str, value: Any) -> None:
    """SQLite stores any type in any column: verification still answers, and names the entry."""
    try:
        log.change(f"UPDATE ledger_entry SET {column} = ? WHERE seq = 5", value)  # noqa: S608 - names from the list above
    except sqlite3.IntegrityError:
        return  # the column refuses it
    report = log.verify()

    assert report.valid == (column == "payload")
    assert report.valid or report.problems[0].seq == 5


@pytest.mark.parametrize("how", TAMPERING)
async def test_tampering_is_named_on_every_database(
    database_url: str, tmp_path: Path, how: str
) -> None:
    """What an administrator of the database changes is found and named, whichever database
    it is.
    """
    statement, code, seq = TAMPERING[how]
    await written(tmp_path / "home", steps=1, url=database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        sqlite_form = statement.replace("'\\x20'", "x'20'").replace("'\\x00'", "x'00'")
        connection.exec_driver_sql(
            sqlite_form if engine.dialect.name == "sqlite" else statement
        )
    with engine.connect() as connection:
        records = list(export(connection, LOG))
    engine.dispose()
    log = opened(tmp_path / "home")

    assert (code, seq) in seen(verify(records, key=log.key, remembered=log.remembered))


async def test_a_rolled_back_database_is_seen(tmp_path: Path) -> None:
    """Put an earlier copy of the whole database in place: only the checkpoint kept outside tells,
    and it does.
    """
    folder = tmp_path / "home"
    await written(folder, steps=1)
    shutil.copy(folder / "interlock.db", tmp_path / "earlier")
    await written(folder, steps=1)
    shutil.copy(tmp_path / "earlier", folder / "interlock.db")
    log = opened(folder)

    assert seen(log.verify()) == {("rolled_back", 8)}
    assert log.verify(remembered=False).valid


async def test_a_forked_database_is_seen(tmp_path: Path) -> None:
    """Roll back the database and the witness and write on: at the size that was remembered
    elsewhere another log stands under our own signature.
    """
    folder = tmp_path / "home"
    await written(folder, steps=1)
    shutil.copy(folder / "interlock.db", tmp_path / "earlier")
    shutil.copytree(folder / "witness", tmp_path / "earlier_notes")
    await written(folder, steps=1)
    remembered = (folder / "witness" / f"{LOG}.note").read_text()
    shutil.copy(tmp_path / "earlier", folder / "interlock.db")
    shutil.rmtree(folder / "witness")
    shutil.copytree(tmp_path / "earlier_notes", folder / "witness")
    await written(folder, steps=1)
    log = Log(folder=folder, key=opened(folder).key, remembered=remembered)

    assert [each.code for each in log.verify().problems] == ["forked"]


@pytest.mark.parametrize("damage", ["", "junk", "another signature", "one byte"])
def test_a_damaged_memory_is_no_memory(log: Log, damage: str) -> None:
    """A remembered checkpoint that cannot be read, or was not signed by us, is a problem and never
    passed over.
    """
    at = log.remembered.rindex("\u2014") - 10  # in the root of the newest note
    # Another letter of Base64, for a note with any other sign is a torn one, and is passed over.
    other = "B" if log.remembered[at] == "A" else "A"
    flipped = log.remembered[:at] + other + log.remembered[at + 1 :]
    remembered = {
        "another signature": log.remembered.replace("\u2014", "-"),
        "one byte": flipped,
    }.get(damage, damage)

    assert "remembered_unreadable" in {
        each.code
        for each in Log(folder=log.folder, key=log.key, remembered=remembered)
        .verify()
        .problems
    }


def test_a_foreign_key_verifies_nothing(log: Log, tmp_path: Path) -> None:
    """Under another public key no checkpoint is signed."""
    foreign = (
        Vault(tmp_path / "other", create=True).signing.public_key().public_bytes_raw()
    )
    report = Log(folder=log.folder, key=foreign, remembered=log.remembered).verify()

    assert {("bad_signature", seq) for seq in range(SIZE)} <= seen(report)


def test_the_guards_of_these_tests_can_fail(log: Log) -> None:
    """A change outside the ledger's tables is none of its business: the checks above see what they
    say they see.
    """
    log.change("UPDATE run SET refusals = 7")

    assert log.verify().valid
