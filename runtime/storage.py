"""The storage of one home: database, keys and ledger, and the rooms that read and write them."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from interlock.runtime.errors import NotWitnessed, Tampered
from interlock.runtime.record.events import HOME, Event
from interlock.runtime.record.inspection import MOST_ENTRIES, refuse_unfit
from interlock.runtime.record.ledger import Ledger
from interlock.runtime.record.logs import begin, is_new, names, refuse_foreign
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.store.writer import Observer, reason
from interlock.runtime.record.vault import Vault, has_keys, public_key
from interlock.runtime.record.witness import Witness
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.runs import Runs
from interlock.runtime.run.turn import WAKING

#: The name of a ledger that its owner gave no other; the C2SP tlog-checkpoint origin line
ORIGIN: Final = "interlock.invalid/ledger"


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """What can be read, and recorded, without a policy engine, an agent or a tool.

    Made by `Storage.open` and closed with it. A command that only reads opens no `Runtime`.
    """

    store: Store
    vault: Vault
    ledger: Ledger
    runs: Runs
    approvals: Approvals

    def refuse_unfit(self) -> None:
        """Raise what was found when the database was opened, if it is not fit to act on.

        Stops do without this: they are recorded on any database that takes them.
        """
        if self.ledger.watch.unfit is not None:
            raise self.ledger.watch.unfit

    def of(self, tenant: str) -> "Storage":
        """Return the same storage as *tenant* has it; see `Store.of`."""
        store = self.store.of(tenant)
        return replace(
            self,
            store=store,
            ledger=self.ledger.of(tenant),
            runs=Runs(store=store, vault=self.vault),
            approvals=Approvals(store=store, vault=self.vault),
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        database: str,
        keys: Path,
        witness: Path | None = None,
        second: Path | None = None,
        trusting: bool = False,
        origin: str = ORIGIN,
        reading: bool = False,
        entries: int = MOST_ENTRIES,
        clock: Callable[[], float] = time.time,
    ) -> AsyncIterator["Storage"]:
        """Open the database at the URL *database*; both it and the *keys* are made when new.

        *witness* is the folder outside the database that remembers the checkpoints of every log;
        without one it stands beside the folder of keys; what a *second* such folder knows counts as
        well, when that one can be read. A database that is older than what is
        remembered can be read, and takes no entry; one of which nothing is remembered neither,
        unless *trusting*. Unless the caller is only *reading*, the database is looked at first, up
        to so many *entries* of each log; what is found lets nothing begin (`refuse_unfit`). Raises
        `GuardFailed` when a part cannot be had (fails closed).
        """
        store = await Store.opened(database, clock=clock)
        try:
            place = witness or keys.parent / "checkpoints"
            is_begun = await _begun(store, keys, place, second)
            vault = Vault(keys, create=is_begun)
            ledger = Ledger(
                store=store,
                vault=vault,
                origin=origin,
                witness=place,
                trusting=trusting,
            )

            store.attach(observers=[_ringing(store)])
            await _prepare(store, vault)
            if not reading:
                ledger.watch.unfit = await _unfit(store, vault, ledger, most=entries)
            yield cls(
                store=store,
                vault=vault,
                ledger=ledger,
                runs=Runs(store=store, vault=vault),
                approvals=Approvals(store=store, vault=vault),
            )
        finally:
            store.close()


def _ringing(store: Store) -> Observer:
    """Return what tells the workers of other processes that a run may be ready."""

    def committed(events: tuple[Event, ...]) -> None:
        if any(event.event in WAKING for event in events):
            store.bell.ring()

    return committed


async def _prepare(store: Store, vault: Vault) -> None:
    """Begin the home's log and its data key, or look at them where they are there already."""

    def prepare(tx: Tx) -> None:
        begin(vault, tx.connection)

    def look(connection: Connection) -> bool:
        if HOME not in names(connection):
            return False
        refuse_foreign(vault, connection)
        return True

    if not await store.read(look):
        await store.write(prepare)


async def _begun(store: Store, keys: Path, folder: Path, second: Path | None) -> bool:
    """Whether this is a new home, whose witness begins here; an interrupted beginning is new too.

    An empty database is none when there are keys already, or when a log of it was witnessed: then
    it lost what it held.
    """
    _adopt(folder, second, keys)
    witness = Witness(folder)
    if not await store.read(is_new) or witness.logs():
        return False
    if has_keys(keys) and witness.newest(HOME) is None:
        return False
    try:
        witness.begin(HOME)
    except OSError as error:
        raise NotWitnessed(why=reason(error)) from error
    return True


async def _unfit(
    store: Store, vault: Vault, ledger: Ledger, *, most: int
) -> Tampered | None:
    """Return why nobody may act on the database, or None."""
    try:
        await store.read(
            lambda connection: refuse_unfit(connection, vault, ledger, most=most)
        )
    except Tampered as error:
        return error
    return None


def _adopt(folder: Path, second: Path | None, keys: Path) -> None:
    """Take over what the second folder knows; one that is away vouches for nothing."""
    public = None if second is None else public_key(keys)
    if second is None or public is None:
        return
    try:
        Witness(folder).adopt(Witness(second), public=public)
    except OSError as error:
        raise NotWitnessed(why=reason(error)) from error
