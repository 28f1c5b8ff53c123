"""Checkpoints leave the machine: a second folder vouches, and a witness over HTTP cosigns."""

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from interlock.runtime.errors import RolledBack
from interlock.runtime.record.consistency import holds
from interlock.runtime.record.tlog import Checkpoint, attested
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.storage import Storage
from interlock.serving.settings import Settings
from interlock.serving.shipping import shipped, shipping
from interlock.serving.workspace import open_workspace

KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
NAME = "witness.example/w"


@dataclass(kw_only=True)
class TwinWitness:
    """A witness after C2SP tlog-witness: it cosigns what is consistent with what it cosigned."""

    key: bytes = b""
    known: dict[str, Checkpoint] = field(default_factory=dict)
    signer: Ed25519PrivateKey = KEY
    statuses: list[int] = field(default_factory=list)

    @property
    def vkey(self) -> str:
        raw = b"\x04" + KEY.public_key().public_bytes_raw()
        key_id = sha256(NAME.encode() + b"\n" + raw).digest()[:4]
        return f"{NAME}+{key_id.hex()}+{base64.b64encode(raw).decode()}"

    def add(self, body: str) -> tuple[int, str]:
        """Return status and body of the answer to add-checkpoint."""
        head, _, note = body.partition("\n\n")
        first, *lines = head.split("\n")
        checkpoint = attested(note, self.key)
        if checkpoint is None:
            return 403, ""
        before = self.known.get(checkpoint.origin, Checkpoint("", 0, b""))
        if int(first.removeprefix("old ")) != before.size:
            return 409, f"{before.size}\n"
        is_grown = holds(
            [base64.b64decode(line) for line in lines],
            old=before.size,
            old_root=before.root,
            new=checkpoint.size,
            new_root=checkpoint.root,
        )
        if not is_grown:
            return 422, ""
        self.known[checkpoint.origin] = checkpoint
        text = note.partition("\n\n")[0]
        signature = self.signer.sign(f"cosignature/v1\ntime 7\n{text}\n".encode())
        raw = b"\x04" + KEY.public_key().public_bytes_raw()
        key_id = sha256(NAME.encode() + b"\n" + raw).digest()[:4]
        line = base64.b64encode(key_id + (7).to_bytes(8) + signature).decode()
        return 200, f"\u2014 {NAME} {line}\n"


@contextmanager
def served(twin: TwinWitness) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            status, text = twin.add(self.rfile.read(length).decode())
            twin.statuses.append(status)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def settings_in(place: Path, **witness: str) -> Settings:
    chosen = {"home": str(place / "home")}
    chosen |= {f"witness.{name}": value for name, value in witness.items()}
    return open_workspace({}, chosen=chosen).settings


def opening(settings: Settings) -> Any:
    second = None if settings.witness is None else settings.witness.folder
    return Storage.open(
        database=settings.database,
        keys=settings.home / "keys",
        witness=settings.home / "checkpoints",
        second=second,
    )


async def engage(settings: Settings, name: str) -> None:
    """Add an entry to the home's log, and ship."""
    async with opening(settings) as storage, shipped(settings, storage):
        await KillSwitches(storage.store).engage("tool", name, by="ada")


async def troubles(settings: Settings) -> dict[tuple[str, str], str]:
    """Return what is wrong after one round."""
    async with opening(settings) as storage:
        shipment = shipping(settings, storage)
        await shipment.round()
        return shipment.troubles


async def test_a_second_folder_vouches_when_the_whole_machine_was_put_back(
    tmp_path: Path,
) -> None:
    """Database, keys and witness of an older day are recognised by the notes elsewhere."""
    settings = settings_in(tmp_path, folder=str(tmp_path / "far"))
    await engage(settings, "a")
    shutil.copytree(tmp_path / "home", tmp_path / "older")
    await engage(settings, "b")
    shutil.rmtree(tmp_path / "home")
    (tmp_path / "older").rename(tmp_path / "home")

    with pytest.raises(RolledBack):
        await engage(settings, "c")


async def test_a_second_machine_finds_the_witness_in_the_second_folder(
    tmp_path: Path,
) -> None:
    """Database and keys are enough where the checkpoints are kept elsewhere, too."""
    settings = settings_in(tmp_path, folder=str(tmp_path / "far"))
    await engage(settings, "a")
    shutil.rmtree(tmp_path / "home" / "checkpoints")
    await engage(settings, "b")

    assert await troubles(settings) == {}


async def test_a_witness_cosigns_every_log_that_grew(tmp_path: Path) -> None:
    """The newest checkpoint is cosigned, also when the witness knows more than we remember."""
    twin = TwinWitness()
    with served(twin) as url:
        settings = settings_in(tmp_path, url=url, key=twin.vkey)
        async with opening(settings) as storage:
            twin.key = storage.ledger.public_key
        for name in "abc":
            await engage(settings, name)
        shutil.rmtree(tmp_path / "home" / "cosigned")
        await engage(settings, "d")
        assert await troubles(settings) == {}

    (kept,) = (tmp_path / "home" / "cosigned").glob("*.note")
    assert f"\u2014 {NAME} " in kept.read_text("utf-8")
    assert [known.size for known in twin.known.values()] == [4]
    assert set(twin.statuses) == {200, 409}


@pytest.mark.parametrize("fault", ["another key", "refused", "nobody there"])
async def test_what_is_not_cosigned_is_told_and_stops_nothing(
    tmp_path: Path, fault: str
) -> None:
    """A witness that is away, refuses, or signs with another key is a trouble for people to see."""
    twin = TwinWitness()
    with served(twin) as url:
        address = "http://127.0.0.1:9" if fault == "nobody there" else url
        settings = settings_in(tmp_path, url=address, key=twin.vkey)
        async with opening(settings) as storage:
            twin.key = b"" if fault == "refused" else storage.ledger.public_key
        if fault == "another key":
            twin.signer = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
        await engage(settings, "a")

        assert list(await troubles(settings)) == [(address, "@home")]
    assert not (tmp_path / "home" / "cosigned").exists()


async def test_a_log_that_shrank_is_seen_by_the_witness(tmp_path: Path) -> None:
    """Database and local checkpoints were put back: the witness knows more entries."""
    twin = TwinWitness()
    with served(twin) as url:
        settings = settings_in(tmp_path, url=url, key=twin.vkey)
        async with opening(settings) as storage:
            twin.key = storage.ledger.public_key
        await engage(settings, "a")
        shutil.copytree(tmp_path / "home", tmp_path / "older")
        await engage(settings, "b")
        shutil.rmtree(tmp_path / "home")
        (tmp_path / "older").rename(tmp_path / "home")
        shutil.rmtree(tmp_path / "home" / "cosigned")

        assert "2 entries" in json.dumps(list((await troubles(settings)).values()))
