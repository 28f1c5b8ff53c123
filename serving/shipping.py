"""Shipping: the newest checkpoint of every log is taken off this machine, behind the commits.

Two places can be named: a second folder, and a witness over HTTP. A commit waits for neither. At
most one round is under way, and only the newest checkpoint of a log is sent, so nothing piles up;
what could not be shipped is shipped in a later round, and `interlock doctor` names it meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, func, select

from interlock.runtime.errors import InterlockError
from interlock.runtime.record.consistency import proof
from interlock.runtime.record.events import HOME, Event, Recovered
from interlock.runtime.record.store import tables
from interlock.runtime.record.tlog import Checkpoint, Signer
from interlock.runtime.record.witness import Witness, file_name
from interlock.runtime.storage import Storage
from interlock.serving.settings import Settings
from interlock.tools import files
from interlock.tools.files import NotSynced
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt
from interlock.tools.witness import (
    NotCosigned,
    OtherSize,
    WitnessKey,
    add_checkpoint,
)

#: Seconds between two rounds, and for the last one of a process
PAUSE: Final = 5.0
LAST: Final = 5.0
_ENTRIES: Final = tables.ledger_entry.c
_TROUBLES: Final = (
    InterlockError,
    OSError,
    NotSynced,
    NotSent,
    Spoilt,
    NotCosigned,
    ValueError,
)


class Place(Protocol):
    """Where checkpoints are shipped to."""

    @property
    def name(self) -> str:
        """What people know the place by."""

    async def deliver(self, log: str, note: str) -> None:
        """Bring the checkpoint there; raises one of `_TROUBLES`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondFolder:
    """A folder on another disk or machine."""

    storage: Storage
    folder: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    async def deliver(self, log: str, note: str) -> None:
        """Add the note, unless a newer one is there."""
        there = Witness(self.folder)
        there.begin(HOME)
        there.begin(log)
        recovered = await _recovered_at(self.storage, log) is not None
        if there.newest(log) != note:
            there.keep(log, note, recovered=recovered)


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpWitness:
    """Another party that cosigns checkpoints; the newest cosigned one is kept in *folder*."""

    storage: Storage
    destination: Destination
    key: WitnessKey
    folder: Path

    @property
    def name(self) -> str:
        """The address."""
        return self.destination.url

    async def deliver(self, log: str, note: str) -> None:
        """Have the checkpoint cosigned, unless the kept one is of the same size.

        A log that was recovered is another log for a witness, so it is signed under a name of its
        own.
        """
        checkpoint = Checkpoint.parse(note)
        if checkpoint is None:
            raise NotCosigned("the local checkpoint is none")
        recovered_at = await _recovered_at(self.storage, log)
        name = "" if recovered_at is None else f"/recovered-{recovered_at}"
        file = self.folder / f"{file_name(log)}{name.replace('/', '.')}"
        old = _size(file)
        if old == checkpoint.size:
            return
        leaves = await self.storage.store.read(
            lambda connection: _leaves(connection, log, checkpoint.size)
        )
        sent = note
        if name:
            origin = self.storage.ledger.origin(log) + name
            signer = Signer(key=self.storage.vault.signing, origin=origin)
            sent = signer.sign(size=checkpoint.size, root=checkpoint.root)
        try:
            cosigned = await self._add(sent, leaves, old)
        except OtherSize as other:
            if other.size > len(leaves):
                raise
            cosigned = await self._add(sent, leaves, other.size)
        files.write(file, cosigned.encode())

    async def _add(self, note: str, leaves: list[bytes], old: int) -> str:
        return await add_checkpoint(
            self.destination,
            self.key,
            note=note,
            old=old,
            proof=proof(leaves, min(old, len(leaves))),
        )


@dataclass(kw_only=True)
class Shipping:
    """Ships in rounds while the home is open; one for each storage."""

    storage: Storage
    places: tuple[Place, ...]
    #: What went wrong in the last round, by place and log
    troubles: dict[tuple[str, str], str] = field(default_factory=dict)

    async def round(self) -> None:
        """Bring the newest checkpoint of each log to each place."""
        for place in self.places:
            for log, note in self.storage.ledger.witness.logs().items():
                self.troubles.pop((place.name, log), None)
                try:
                    await place.deliver(log, note)
                except _TROUBLES as error:
                    self.troubles[place.name, log] = str(error) or type(error).__name__

    async def rounds(self, woken: asyncio.Event) -> None:
        """Go round after commits, and rest in between."""
        while True:
            await woken.wait()
            woken.clear()
            await self.round()
            await asyncio.sleep(PAUSE)


def shipping(settings: Settings, storage: Storage) -> Shipping:
    """Return what ships the checkpoints of *storage* to where *settings* say."""
    witness = settings.witness
    places: list[Place] = []
    if witness is not None and witness.folder is not None:
        places.append(SecondFolder(storage=storage, folder=witness.folder))
    if witness is not None and witness.url is not None:
        places.append(
            HttpWitness(
                storage=storage,
                destination=Destination.parse(
                    witness.url, reach="any", proxy=settings.proxy
                ),
                key=WitnessKey.parse(witness.key),
                folder=settings.home / "cosigned",
            )
        )
    return Shipping(storage=storage, places=tuple(places))


@asynccontextmanager
async def shipped(settings: Settings, storage: Storage) -> AsyncIterator[None]:
    """Ship while the block runs, and once more at its end within `LAST` seconds."""
    shipment = shipping(settings, storage)
    if not shipment.places:
        yield
        return
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()

    def wake(_: tuple[Event, ...]) -> None:
        loop.call_soon_threadsafe(woken.set)

    storage.store.attach(observers=[wake])
    task = asyncio.create_task(shipment.rounds(woken))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST):
                await shipment.round()


def _size(file: Path) -> int:
    """Return the size of the log in the checkpoint that *file* holds; 0 for none."""
    try:
        checkpoint = Checkpoint.parse(file.read_text("utf-8"))
    except (OSError, ValueError):
        return 0
    return 0 if checkpoint is None else checkpoint.size


async def _recovered_at(storage: Storage, log: str) -> int | None:
    """Return the entry by which *log* was recovered last, or None."""
    query = select(func.max(_ENTRIES.seq)).where(
        _ENTRIES.log == log,
        _ENTRIES.run_id == "",
        _ENTRIES.event == Recovered.event,
    )
    return await storage.store.read(
        lambda connection: connection.execute(query).scalar_one()
    )


def _leaves(connection: Connection, log: str, size: int) -> list[bytes]:
    query = (
        select(_ENTRIES.leaf)
        .where(_ENTRIES.log == log, _ENTRIES.seq < size)
        .order_by(_ENTRIES.seq)
    )
    return list(connection.execute(query).scalars())
