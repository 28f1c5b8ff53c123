"""The vault: what is not exactly what was sealed does not open, whatever it is."""

import hmac
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import text

from interlock.runtime.errors import Erased, Tampered
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import KEPT, DataKey, Vault
from interlock.runtime.testing import World, tampering

KEY = DataKey(id="r", secret=b"k" * 32)
SEALED = KEY.seal(b"content", place="here")


def test_what_was_sealed_opens_at_its_place() -> None:
    """The same key opens the same bytes for the same place."""
    assert KEY.open(SEALED, place="here") == b"content"


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"content",
        b"il1",
        b"il1abc",
        SEALED[:-1],
        SEALED + b"x",
        SEALED[:-1] + bytes([SEALED[-1] ^ 1]),
        "il1",
        7,
        None,
    ],
    ids=range(10),
)
def test_anything_else_is_tampered(stored: Any) -> None:
    """Plaintext, a part, a longer or changed form, and a value of another type are all refused
    alike.
    """
    with pytest.raises(Tampered):
        KEY.open(stored, place="here")
    with pytest.raises(Tampered):
        KEY.open(SEALED, place="elsewhere")


async def test_keys_that_nobody_works_with_are_let_go(tmp_path: Path) -> None:
    """However many keys were opened, the newest are in memory, those in use and that of the home;
    the others are opened anew.
    """
    async with World(tmp_path) as world:

        def work(tx: Tx) -> DataKey:
            used = world.vault.create(tx.connection, "used", tenant="default")
            for number in range(KEPT + 1):
                world.vault.create(tx.connection, f"run-{number}", tenant="default")
            return used

        used = await world.store.write(work, logs=("default",))
        assert world.vault.known("used") is used
        assert world.vault.known(f"run-{KEPT}").id == f"run-{KEPT}"
        assert world.vault.known(HOME).id == HOME
        with pytest.raises(Tampered):
            world.vault.known("run-0")
        again = await world.store.read(
            lambda connection: world.vault.key(connection, "run-0")
        )

        assert again.id == "run-0"
        assert world.vault.known("run-0") is again


@pytest.mark.parametrize("stored", ["x'00'", "''", "'text'", "7", "x''"])
async def test_a_changed_data_key_is_tampered(tmp_path: Path, stored: str) -> None:
    """A wrapped key that was cut, emptied or retyped is refused as such; one that is gone is
    erased.
    """
    async with World(tmp_path) as world:
        run = await world.start()
        with tampering(world.store) as connection:
            connection.execute(
                text(f"UPDATE data_key SET wrapped = {stored} WHERE id = '{run.id}'")  # noqa: S608 - ours
            )
        other = Vault(tmp_path / "keys", create=False)
        with tampering(world.store) as connection:
            with pytest.raises(Tampered):
                other.key(connection, run.id)
            with pytest.raises(Erased):
                other.key(connection, "run-none")


async def test_an_erasure_by_another_process_closes_what_this_one_had_open(
    tmp_path: Path,
) -> None:
    """A key that was opened once opens nothing more when another process has erased it."""
    async with World(tmp_path) as world:
        run = await world.start()
        with tampering(world.store) as connection:
            Vault(tmp_path / "keys", create=False).erase(connection, run.id)

        with pytest.raises(Erased):
            await world.runs.read(run.id)


async def test_a_data_key_that_is_changed_while_it_is_in_use_is_tampered(
    tmp_path: Path,
) -> None:
    """A key in memory does not stand in for the stored one."""
    async with World(tmp_path) as world:
        run = await world.start()
        with tampering(world.store) as connection:
            connection.execute(text("UPDATE data_key SET wrapped = x'00'"))

        with pytest.raises(Tampered):
            await world.runs.read(run.id)


def test_a_new_key_survives_a_loss_of_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key file, its name in the folder, and the name of the folder are durable before anything
    is sealed; also when another process made the key and died.
    """
    fsync, synced = os.fsync, set[int]()

    def watched(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    folder = tmp_path / "home" / "keys"
    Vault(folder, create=True)
    made = [folder / "master.key", folder / "ledger.key"]
    names = {folder.stat().st_ino, folder.parent.stat().st_ino}

    assert synced == names | {path.stat().st_ino for path in made}
    synced.clear()
    Vault(folder, create=True)
    assert synced == names


def test_marks_are_made_with_a_key_for_their_purpose_alone(tmp_path: Path) -> None:
    """Each purpose has a key of its own, which is HKDF-Expand (RFC 5869) of the signing key."""
    vault = Vault(tmp_path, create=True)
    for purpose in (b"one", b"other", b"one"):
        expand = HKDFExpand(
            algorithm=SHA256(), length=32, info=b"interlock/mark/" + purpose
        )
        key = expand.derive(vault.signing.private_bytes_raw())
        assert vault.mark(purpose, b"value") == hmac.digest(key, b"value", "sha256")
