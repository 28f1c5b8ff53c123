"""The witness is a precondition: what is not the record that was witnessed takes no entry."""

import fcntl
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from interlock.runtime.errors import GuardFailed, RolledBack, Tampered
from interlock.runtime.record import witness as module
from interlock.runtime.record.tlog import Frontier, Signer, leaf_hash
from interlock.runtime.record.vault import Vault
from interlock.runtime.record.witness import Witness, whole_notes
from interlock.runtime.run.activation import activate
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.testing import Effects, World


def world_in(folder: Path) -> World:
    return World(folder, tools=[Effects().tool("note.write")])


async def written(folder: Path, count: int = 1) -> None:
    """Start runs, each with one effect."""
    async with world_in(folder) as world:
        for _ in range(count):
            run = await world.start()
            await world.pep.enforce(
                run, tool="note.write", arguments={"text": "x"}, call_id="1"
            )
            await world.store.durable(run.claim)


def notes(folder: Path, count: int) -> list[str]:
    """Return the notes of a log that grows by one entry each time."""
    signer = Signer(key=Vault(folder, create=True).signing, origin="test/a")
    tree = Frontier()
    signed = []
    for number in range(count):
        tree = tree.append(leaf_hash(b"%d" % number))
        signed.append(signer.sign(size=tree.size, root=tree.root()))
    return signed


def wiped(file: Path) -> None:
    """Empty what makes a database one that has begun."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in (
            "DELETE FROM ledger_entry",
            "DELETE FROM ledger_head",
            "DELETE FROM data_key WHERE id = '@home'",
        ):
            connection.execute(statement)


def removed(file: Path) -> None:
    """Take the database away whole."""
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def without_log(file: Path) -> None:
    """Take one log away whole."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for table in ("ledger_entry", "ledger_head"):
            connection.execute(f"DELETE FROM {table} WHERE log = 'default'")  # noqa: S608 - the two above


@pytest.mark.parametrize("loss", [wiped, removed, without_log])
async def test_what_lost_its_entries_is_never_taken_for_new(
    tmp_path: Path, loss: Callable[[Path], None]
) -> None:
    """An empty database or a missing log takes no entry, now and at every later opening."""
    await written(tmp_path)
    loss(tmp_path / "interlock.db")
    for _ in range(2):
        with pytest.raises(Tampered):
            async with world_in(tmp_path) as world:
                await world.start()
        with pytest.raises(Tampered):
            async with world_in(tmp_path) as world:
                await KillSwitches(world.store).engage("all", "", by="ana")


def codes(audit: object) -> set[str]:
    return {problem.code for problem in audit.problems}  # type: ignore[attr-defined]  # an Audit


async def test_keys_without_a_database_are_no_new_home(tmp_path: Path) -> None:
    """An empty database beside keys takes no entry, even when nothing of it was witnessed."""
    await written(tmp_path)
    removed(tmp_path / "interlock.db")
    shutil.rmtree(tmp_path / "witness")
    for _ in range(2):
        async with world_in(tmp_path) as world:
            with pytest.raises(RolledBack):
                await world.start()


async def test_a_lost_key_is_never_made_anew(tmp_path: Path) -> None:
    """An empty database whose log was witnessed gets no new keys."""
    await written(tmp_path)
    removed(tmp_path / "interlock.db")
    shutil.rmtree(tmp_path / "keys")
    with pytest.raises(GuardFailed):
        await written(tmp_path)


async def test_a_beginning_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    """A home that has keys and nothing else, because its first process died, is begun."""
    Witness(tmp_path / "witness").begin("@home")
    Vault(tmp_path / "keys", create=True)
    await written(tmp_path)
    async with world_in(tmp_path) as world:
        assert (await world.verify()).problems == []


@pytest.mark.parametrize("lost", ["witness", "witness/default.note"])
async def test_what_nobody_vouches_for_takes_no_entry(
    tmp_path: Path, lost: str
) -> None:
    """A database whose witness is gone may be an old copy, so nothing is added to any log."""
    await written(tmp_path)
    gone = tmp_path / lost
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    async with world_in(tmp_path) as world:
        with pytest.raises(RolledBack):
            await world.start()
        with pytest.raises(RolledBack):
            await KillSwitches(world.store).engage("all", "", by="ana")
        assert len(await world.entries()) == 3


async def test_a_damaged_witness_vouches_for_nothing(tmp_path: Path) -> None:
    """A file that holds no whole note is no witness."""
    await written(tmp_path)
    (tmp_path / "witness" / "default.note").write_text("junk")
    async with world_in(tmp_path) as world:
        with pytest.raises(RolledBack):
            await world.start()


async def test_an_emptied_witness_vouches_for_nothing(tmp_path: Path) -> None:
    """A file without a note stands for a log that has just begun, and for no longer one."""
    for _ in range(2):
        await written(tmp_path)
    for path in (tmp_path / "witness").iterdir():
        path.write_bytes(b"")
    async with world_in(tmp_path) as world:
        with pytest.raises(RolledBack):
            await world.start()


async def test_an_older_copy_takes_no_entry_of_any_log(tmp_path: Path) -> None:
    """A database that was put back stops every log, also those that lost nothing."""
    await written(tmp_path)
    shutil.copy(tmp_path / "interlock.db", tmp_path / "older")
    await written(tmp_path)
    removed(tmp_path / "interlock.db")
    shutil.copy(tmp_path / "older", tmp_path / "interlock.db")
    async with world_in(tmp_path) as world:
        with pytest.raises(RolledBack):
            await activate(world.store, world.vault, revision="another")
        with pytest.raises(RolledBack):
            await world.start()
        assert codes(await world.verify()) == {"rolled_back"}


async def test_what_is_put_back_under_a_living_process_takes_no_entry(
    tmp_path: Path,
) -> None:
    """The state that this very process signed last is refused when another went on since."""
    async with world_in(tmp_path) as world:
        await world.start()
        before = await world.ledger.head("default")
        with closing(sqlite3.connect(tmp_path / "interlock.db")) as connection:
            rows = connection.execute(
                "SELECT * FROM ledger_head WHERE log = 'default'"
            ).fetchall()
        async with world_in(tmp_path) as other:
            await other.start()

        with (
            closing(sqlite3.connect(tmp_path / "interlock.db")) as connection,
            connection,
        ):
            connection.execute("DELETE FROM ledger_entry WHERE seq >= ?", [before.size])
            connection.execute("DELETE FROM ledger_head WHERE log = 'default'")
            connection.execute("INSERT INTO ledger_head VALUES (?, ?, ?, ?)", rows[0])
        with pytest.raises(RolledBack):
            await world.start()


async def test_a_head_that_nobody_signed_takes_no_entry(tmp_path: Path) -> None:
    """Entries that were appended by whoever has no key are not built upon."""
    await written(tmp_path)
    with closing(sqlite3.connect(tmp_path / "interlock.db")) as connection, connection:
        tree = Frontier()
        for (leaf,) in connection.execute("SELECT leaf FROM ledger_entry ORDER BY seq"):
            tree = tree.append(leaf)
        tree = tree.append(leaf_hash(b"{}"))
        connection.execute(
            "INSERT INTO ledger_entry VALUES ('default', 3, '', 'x', x'7b7d', ?, NULL, NULL)",
            [leaf_hash(b"{}")],
        )
        connection.execute(
            "UPDATE ledger_head SET size = 4, root = ?, frontier = ? WHERE log = 'default'",
            [tree.root(), tree.to_bytes()],
        )
    with pytest.raises(Tampered):
        async with world_in(tmp_path) as world:
            await world.start()


async def test_a_trusting_ledger_takes_a_log_as_it_stands(tmp_path: Path) -> None:
    """Where it is so configured, a database without any witness goes on, and is witnessed again."""
    await written(tmp_path)
    shutil.rmtree(tmp_path / "witness")
    async with World(
        tmp_path, tools=[Effects().tool("note.write")], trusting=True
    ) as world:
        await world.start()
        assert world.ledger.witness.newest("default") is not None


def test_notes_only_grow(tmp_path: Path) -> None:
    """A note of a smaller log is never added after a larger one, whoever is late."""
    first, second, third = notes(tmp_path / "keys", 3)
    witness, late = Witness(tmp_path), Witness(tmp_path)
    witness.begin("a")
    assert witness.newest("a") == ""
    witness.keep("a", second)
    late.keep("a", first)
    late.keep("a", second)
    assert whole_notes((tmp_path / "a.note").read_bytes()) == [second]
    witness.keep("a", third)
    late.keep("a", first, recovered=True)
    assert witness.newest("a") == first


def test_a_torn_note_is_passed_over(tmp_path: Path) -> None:
    """What a crash left of a note is no note, and the next one stands behind it."""
    first, second = notes(tmp_path / "keys", 2)
    file = tmp_path / "a.note"
    for cut in range(1, len(second.encode())):
        file.write_bytes(f"\n{first}\n".encode() + second.encode()[:cut])
        assert Witness(tmp_path).newest("a") in {first, second}
        Witness(tmp_path).keep("a", second)
        assert Witness(tmp_path).newest("a") == second


def test_a_large_file_keeps_its_first_and_its_newest_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stays bounded, and never goes back."""
    monkeypatch.setattr(module, "MOST", 2_000)
    signed = notes(tmp_path / "keys", 60)
    witness = Witness(tmp_path)
    witness.begin("a")
    for note in signed:
        witness.keep("a", note)
        assert witness.newest("a") == note
        assert Witness(tmp_path).newest("a") == note
    content = (tmp_path / "a.note").read_bytes()
    assert len(content) < 3_000
    assert whole_notes(content)[0] == signed[0]


def test_a_note_goes_to_the_file_that_is_there(tmp_path: Path) -> None:
    """A file that was replaced while its lock was awaited keeps no note: the new one does."""
    first, second = notes(tmp_path / "keys", 2)
    witness = Witness(tmp_path)
    witness.begin("a")
    path = tmp_path / "a.note"
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        keeping = threading.Thread(target=witness.keep, args=("a", second))
        keeping.start()
        time.sleep(0.1)  # until the lock is awaited
        replaced = tmp_path / "new"
        replaced.write_text(first)
        replaced.replace(path)
    keeping.join()

    assert whole_notes(path.read_bytes()) == [first, second]
