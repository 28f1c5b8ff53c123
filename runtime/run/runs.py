"""The runs of one home: started, claimed, ended, listed, and what a person may do with a run."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Final, TypeAlias, TypeVar

from sqlalchemy import Connection, update

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import RunEnded
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.privacy import shed
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import (
    canary,
    copies,
    erasure,
    limit,
    pin,
    progress,
    run_list,
    run_outcome,
    settlement,
    turn,
)
from interlock.runtime.run.beginning import begun, fields_of, name_of, started_of
from interlock.runtime.run.cancellation import cancel
from interlock.runtime.run.claim import (
    extend,
    give_back,
    take_over,
    taken,
)
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import (
    LEASE_S,
    OPEN,
    NewRun,
    Run,
    Status,
    check,
    opened,
    row_of,
)
from interlock.runtime.run.run_list import RunSummary

T = TypeVar("T")
#: What is done in the transaction in which the run with this id begins
Also: TypeAlias = Callable[[Tx, str], None]
#: Seconds between two extensions of a lease: one may fail
BEAT_S: Final = LEASE_S / 3


class Runs:
    """Starts, claims, ends and lists runs; holds no state of its own and is safe to share."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def start(
        self,
        new: NewRun,
        *,
        trace: str = "",
        claim: bool = True,
        also: Also | None = None,
    ) -> Run:
        """Record a new run, its budget and its data key, and return the run claimed under fence 1.

        Without *claim* the run is left queued for whoever claims it. *also* is done in the same
        transaction. Raises as `erasure.key_of` does where the run is a copy of an erased one.
        """

        def begin(tx: Tx) -> Run:
            run = self._start(tx, new, trace, token)
            if also:
                also(tx, run.id)
            return run

        with taken() if claim else nullcontext("") as token:
            return await self._store.write(begin, logs=(new.principal.tenant,))

    def _start(self, tx: Tx, new: NewRun, trace: str, token: str) -> Run:
        if new.shadow:  # erased since it was read: its copy would hold it still
            erasure.key_of(tx.connection, self._vault, new.shadow)
        run_id = name_of(tx.connection, self._vault, new)
        tenant = new.principal.tenant
        key = self._vault.create(tx.connection, run_id, tenant=tenant)
        limit.create(
            tx,
            budget_id=run_id,
            tenant=tenant,
            limits=new.limits,
            job=new.job,
            is_shadow=bool(new.shadow),
        )
        fields = fields_of(new, key, trace=trace, token=token, now=tx.now)
        fields |= canary.unready(self._vault, run_id)
        row = begun(tx, fields)
        tx.events.append(started_of(new, row, key))
        return opened(row, key, claim=token)

    async def claim(self, run_id: str) -> Run:
        """Take over a queued, waiting, held or abandoned run under the next fence.

        The claim counts as alive until `give_back`, or until its lease is over; `beating` extends
        the lease. Raises `NotFound`, and `BadInput` when the run has ended ("ended") or a live
        claim holds it ("claimed").
        """

        def work(tx: Tx) -> Run:
            row = row_of(tx.connection, run_id, lock=True)
            return take_over(tx, self._vault, row, token=token)

        with taken() as token:
            return await self._write(run_id, work)

    async def repin(self, run_id: str, *, pins: Pins, by: str) -> None:
        """Pin an open run anew; see `pin.repin`."""

        def work(tx: Tx) -> None:
            pin.repin(tx, self._vault, run_id, pins=pins, by=by)

        await self._write(run_id, work)

    def give_back(self, run: Run) -> None:
        """Say that nothing works under the claim any more; the next claim need not await the lease.

        Work of the claim that is still on its way to the database is written or fenced all the
        same, and nobody is told which. Giving back twice changes nothing.
        """
        give_back(run.claim)
        self._store.forget(run.claim)

    @contextmanager
    def beating(self, run: Run) -> Iterator[None]:
        """Extend the lease again and again while the block runs, until another claim has the run.

        The event loop may be busy meanwhile, and the database away for a time. A lease that could
        not be extended ends, and the claim is fenced once another one has the run.
        """

        def beat(connection: Connection) -> None:
            extend(connection, run, now=self._store.now(connection))

        with self._store.pulse.beating(beat, scope=run.tenant, every_s=BEAT_S):
            yield

    async def trace(self, run: Run, reference: str) -> None:
        """Remember the span of this claim, for the next claim to link to; not awaited."""

        def work(tx: Tx) -> None:
            check(tx, run)
            traced = update(tables.run).where(tables.run.c.id == run.id)
            tx.connection.execute(traced.values(trace=reference))

        if reference:
            self._store.later(run.claim, work, logs=(run.tenant,))

    async def end(
        self,
        run: Run,
        status: Status,
        outcome: dict[str, Json],
        *,
        waiting: Sequence[str] = (),
        outage: bool = False,
    ) -> None:
        """Record how this claim ended: done, failed, waiting for a person, held or queued again.

        *waiting* are the approvals that are waited for. A claim that is held because of an *outage*
        is no try of the run. When the run itself has ended, what still waits for a person is
        withdrawn, and the graph's checkpoints are deleted.
        """
        await self._store.write(
            lambda tx: self._end(
                tx, run, status, outcome, waiting=waiting, outage=outage
            ),
            logs=(run.tenant,),
        )

    async def leave(self, run: Run, why: str) -> None:
        """Record that an outage ended this claim, unless the end of the claim is recorded already.

        For a claim that ended while nothing could be recorded. Raises `NotRecorded` while nothing
        can; a claim that is not the newest changes nothing.
        """

        def work(tx: Tx) -> None:
            row = row_of(tx.connection, run.id, lock=True)
            is_newest = (row["fence"], row["claim"]) == (run.fence, run.claim)
            if is_newest and row["lease_until"]:
                self._end(tx, run, "held", {"error": why}, waiting=(), outage=True)

        await self._store.write(work, logs=(run.tenant,))

    def _end(
        self,
        tx: Tx,
        run: Run,
        status: Status,
        outcome: dict[str, Json],
        *,
        waiting: Sequence[str],
        outage: bool,
    ) -> None:
        check(tx, run, closing=status == "held")
        sealed = run_outcome.sealed(tx.connection, self._vault, run.id, outcome)
        told = canary.told(self._vault, run.id, status)
        values = {
            "status": status,
            **sealed,
            **turn.after(tx, run, status, waiting=waiting, outage=outage),
            "lease_until": 0,
            "updated": tx.now,
            **told,
        }
        tx.connection.execute(
            update(tables.run).where(tables.run.c.id == run.id).values(values)
        )
        tx.checked.clear()
        if status not in OPEN:
            progress.end(tx, run.id)
        tx.events.append(
            RunEnded(
                log=run.tenant,
                run_id=run.id,
                status=status,
                fence=run.fence,
                error=outcome.get("error"),
                canary=bool(told["canary"]),
                outage=outage,
                sealed=sealed,
            )
        )

    async def read(self, run_id: str) -> Run:
        """Return the run as it stands.

        Raises `NotFound`, and as `erasure.key_of` does.
        """

        def look(connection: Connection) -> Run:
            row = row_of(connection, run_id)
            return opened(row, erasure.key_of(connection, self._vault, run_id))

        return await self._store.read(look)

    async def outcome(self, run_id: str) -> dict[str, Json] | None:
        """Return what `end` recorded last, or None for nothing; raises as `read` does."""
        return await self._store.read(
            lambda connection: run_outcome.read(connection, self._vault, run_id)
        )

    async def list(
        self,
        *,
        tenant: str | None = None,
        status: Status | None = None,
        agent: str | None = None,
        erased: bool | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[RunSummary]:
        """Return the runs, newest first; of those that were *erased* all, only or none.

        The list ends at *limit* runs; without one it is whole. For a next page *after* is the id of
        the last run of the page before; raises `NotFound` for an unknown one.
        The number of statements is the same for any number of runs.
        """
        return await self._store.read(
            lambda connection: run_list.page(
                connection,
                self._vault,
                tenant=tenant,
                status=status,
                agent=agent,
                erased=erased,
                after=after,
                limit=limit,
            )
        )

    async def count(self) -> int:
        """Return the number of runs, erased ones included."""
        return await self._store.read(run_list.count)

    async def cancel(self, run_id: str, *, by: str, undo: bool = False) -> None:
        """End the run for good, or leave it to whoever is to *undo* its effects first.

        See `cancellation.cancel`. Raises `NotFound`, and `BadInput` ("ended").
        """
        await self._write(
            run_id, lambda tx: cancel(tx, self._vault, run_id, by=by, undo=undo)
        )

    async def resolve(
        self,
        run_id: str,
        action_id: str,
        *,
        person: Principal,
        happened: bool,
        note: str,
    ) -> None:
        """Record what *person* found out about an unknown action, whether its run has ended or not.

        *action_id* may be the beginning of an id. See `settlement.resolve` for what is refused; of
        an erased run nothing is resolved ("erased").
        """

        def work(tx: Tx) -> None:
            row = row_of(tx.connection, run_id, lock=True)
            settlement.resolve(
                tx,
                run=row,
                key=erasure.key_of(tx.connection, self._vault, run_id),
                beginning=action_id,
                person=person,
                happened=happened,
                note=note,
            )

        await self._write(run_id, work)

    async def erase(self, run_id: str, *, by: str) -> None:
        """Erase an ended run for good, and the canaries made of it; record that in one transaction.

        Afterwards the files of the database hold nothing of it either; see `privacy.shed`. A run
        that was erased before is not erased again: what a killed command left is finished, and
        nothing is recorded. Raises `NotFound`, and `BadInput` for a run that goes on ("not_ended").
        """

        def work(tx: Tx) -> bool:
            row = row_of(tx.connection, run_id, lock=True)
            if row["status"] in OPEN:
                raise refused("not_ended", what=f"run {run_id}", status=row["status"])
            return copies.erase(tx, self._vault, row, by=by)

        def withdraw(tx: Tx) -> None:
            row = row_of(tx.connection, run_id, lock=True)
            copies.withdraw(tx, self._vault, row, by=by)

        try:
            while not await self._write(run_id, work):
                await self._write(run_id, withdraw)
        except BadInput as error:
            if error.code != "erased":
                raise
        await asyncio.to_thread(shed, self._store.engine)

    async def _write(self, run_id: str, work: Callable[[Tx], T]) -> T:
        """Run *work* while the head of the run's log is held; raises `NotFound`."""
        tenant = await self._store.read(
            lambda connection: row_of(connection, run_id)["tenant"]
        )
        return await self._store.write(work, logs=(tenant,))
