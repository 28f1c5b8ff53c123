"""The runs of one home: started, claimed, ended, listed, and what a person may do with a run."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import orjson
from sqlalchemy import Connection, insert, update

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.errors import Erased, Fenced
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import erased
from interlock.runtime.record.events import RunEnded, RunResumed, RunStarted
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import action, approval, budget, erasure, run_list
from interlock.runtime.run.claim import give_back, may_live, take, taker
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import (
    LEASE_S,
    OPEN,
    NewRun,
    Run,
    Status,
    check,
    opened,
    requester_of,
    row_of,
)
from interlock.runtime.run.run_list import RunSummary


class Runs:
    """Starts, claims, ends and lists runs; holds no state of its own and is safe to share."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def start(self, new: NewRun, *, trace: str = "", claim: bool = True) -> Run:
        """Record a new run, its budget and its data key, and return the run claimed under fence 1.

        Without *claim* the run is left queued for whoever claims it.
        """
        if not claim:
            return await self._store.write(lambda tx: self._start(tx, new, trace, token=""))
        with _taken() as token:
            return await self._store.write(lambda tx: self._start(tx, new, trace, token=token))

    def _start(self, tx: Tx, new: NewRun, trace: str, *, token: str) -> Run:
        run_id = f"run-{secrets.token_hex(6)}"
        tenant = new.principal.tenant
        status: Status = "running" if token else "queued"
        fence = 1 if token else 0
        label = canonical(asdict(TRUSTED)).decode()
        principal = asdict(new.principal)
        request = canonical(new.request)
        key = self._vault.create(tx.connection, run_id)
        budget.create(tx, budget_id=run_id, tenant=tenant, limits=new.limits)
        sealed = {
            "principal": key.seal(canonical(principal), place=f"run/{run_id}/principal"),
            "request": key.seal(request, place=f"run/{run_id}"),
        }
        row = {
            "id": run_id,
            "tenant": tenant,
            "agent": new.agent,
            "status": status,
            **sealed,
            "label": label,
            "autonomy": new.autonomy,
            "revision": new.revision,
            "budget_id": run_id,
            "fence": fence,
            "claim": token,
            "owner": taker() if token else "",
            "lease_until": tx.now + LEASE_S if token else 0,
            "attempts": fence,
            "refusals": 0,
            "trace": trace,
            "created": tx.now,
            "updated": tx.now,
        }
        tx.connection.execute(insert(tables.run), row)
        tx.events.append(
            RunStarted(
                log=tenant,
                run_id=run_id,
                key=key,
                agent=new.agent,
                revision=new.revision,
                autonomy=new.autonomy,
                status=status,
                fence=fence,
                budget=run_id,
                limits=asdict(new.limits),
                label=label,
                requester=requester_of(new.principal),
                principal=principal,
                request=new.request,
                sealed=sealed,
            )
        )
        return Run(
            id=run_id,
            tenant=tenant,
            agent=new.agent,
            principal=new.principal,
            request=orjson.loads(request),
            autonomy=new.autonomy,
            revision=new.revision,
            budget_id=run_id,
            fence=fence,
            claim=token,
            trace=trace,
            status=status,
            refusals=0,
            label=TRUSTED,
            created=tx.now,
        )

    async def claim(self, run_id: str) -> Run:
        """Take over a queued, waiting, held or abandoned run under the next fence.

        The claim counts as alive until `give_back`, or until its lease is over; `beat` extends the
        lease. Raises `NotFound`, and `BadInput` when the run has ended ("ended") or a live claim
        holds it ("claimed").
        """
        with _taken() as token:
            return await self._store.write(lambda tx: self._claim(tx, run_id, token))

    def _claim(self, tx: Tx, run_id: str, token: str) -> Run:
        row = row_of(tx.connection, run_id)
        if row["status"] not in OPEN:
            raise refused("ended", what=f"run {run_id}", status=row["status"])
        seconds = row["lease_until"] - tx.now
        is_worked_on = row["status"] in {"running", "held"}
        if is_worked_on and seconds > 0 and may_live(row["claim"], owner=row["owner"]):
            raise refused("claimed", what=f"run {run_id}", owner=row["owner"], seconds=seconds)
        fence = row["fence"] + 1
        taken_over = (
            update(tables.run)
            .where(tables.run.c.id == run_id, tables.run.c.fence == row["fence"])
            .values(
                status="running",
                fence=fence,
                claim=token,
                owner=taker(),
                lease_until=tx.now + LEASE_S,
                attempts=row["attempts"] + 1,
                updated=tx.now,
            )
            .returning(tables.run)
        )
        claimed = tx.connection.execute(taken_over).mappings().one_or_none()
        if claimed is None:
            raise Fenced(run_id=run_id, fence=fence)
        tx.checked.clear()  # what was checked before the fence moved says nothing now
        key = self._vault.key(tx.connection, run_id)
        tx.events.append(RunResumed(log=row["tenant"], run_id=run_id, fence=fence))
        return opened(claimed, key, claim=token)

    def give_back(self, run: Run) -> None:
        """Say that nothing works under the claim any more; the next claim need not await the lease.

        Work of the claim that is still on its way to the database is written or fenced all the
        same, and nobody is told which. Giving back twice changes nothing.
        """
        give_back(run.claim)
        self._store.forget(run.claim)

    async def beat(self, run: Run) -> None:
        """Extend the lease; raises `Fenced` when another claim has taken the run."""
        await self._store.write(lambda tx: self._extend(tx, run))

    def _extend(self, tx: Tx, run: Run) -> None:
        check(tx, run, closing=True)
        lease = update(tables.run).where(tables.run.c.id == run.id)
        tx.connection.execute(lease.values(lease_until=tx.now + LEASE_S))

    async def trace(self, run: Run, reference: str) -> None:
        """Remember the span of this claim for the next claim to link to; rides with a checkpoint."""

        def work(tx: Tx) -> None:
            check(tx, run)
            traced = update(tables.run).where(tables.run.c.id == run.id)
            tx.connection.execute(traced.values(trace=reference))

        if reference:
            self._store.later(run.claim, work)

    async def end(self, run: Run, status: Status, outcome: dict[str, Json]) -> None:
        """Record how this claim ended: done, failed, waiting for a person, or held."""
        await self._store.write(lambda tx: self._end(tx, run, status, outcome))

    def _end(self, tx: Tx, run: Run, status: Status, outcome: dict[str, Json]) -> None:
        check(tx, run, closing=status == "held")
        key = self._vault.key(tx.connection, run.id)
        sealed = {"outcome": key.seal(canonical(outcome), place=f"run/{run.id}/outcome")}
        values = {
            "status": status,
            **sealed,
            "lease_until": 0,
            "updated": tx.now,
        }
        tx.connection.execute(update(tables.run).where(tables.run.c.id == run.id).values(values))
        tx.checked.clear()
        tx.events.append(
            RunEnded(
                log=run.tenant,
                run_id=run.id,
                status=status,
                fence=run.fence,
                error=outcome.get("error"),
                sealed=sealed,
            )
        )

    async def read(self, run_id: str) -> Run:
        """Return the run as it stands.

        Raises `NotFound`, `BadInput` ("erased") when the run was erased, and `Erased` when its key
        is gone and the ledger has no record of an erasure.
        """

        def look(connection: Connection) -> Run:
            row = row_of(connection, run_id)
            try:
                return opened(row, self._vault.key(connection, run_id))
            except Erased as error:
                if run_id in erased(connection):
                    raise refused("erased", what=f"run {run_id}") from error
                raise

        return await self._store.read(look)

    async def outcome(self, run_id: str) -> dict[str, Json] | None:
        """Return what `end` recorded last, or None while there is nothing."""

        def look(connection: Connection) -> dict[str, Json] | None:
            sealed = row_of(connection, run_id)["outcome"]
            if sealed is None:
                return None
            key = self._vault.key(connection, run_id)
            outcome: dict[str, Json] = orjson.loads(key.open(sealed, place=f"run/{run_id}/outcome"))
            return outcome

        return await self._store.read(look)

    async def list(
        self,
        *,
        tenant: str | None = None,
        status: Status | None = None,
        agent: str | None = None,
        after: str | None = None,
        limit: int = run_list.PAGE,
    ) -> list[RunSummary]:
        """Return one page of runs, newest first, also those that were erased.

        *after* is the id of the last run of the page before; raises `NotFound` for an unknown one.
        The number of statements is the same for any number of runs.
        """
        return await self._store.read(
            lambda connection: run_list.page(
                connection,
                self._vault,
                tenant=tenant,
                status=status,
                agent=agent,
                after=after,
                limit=limit,
            )
        )

    async def count(self) -> int:
        """Return the number of runs, erased ones included."""
        return await self._store.read(run_list.count)

    async def cancel(self, run_id: str, *, by: str) -> None:
        """End the run for good: the fence moves on, so that whoever works on it writes nothing more.

        An approval that is waited for is withdrawn. An action that has started may have acted, so
        it becomes unknown and is charged what was set aside. Raises `NotFound`, and `BadInput`
        ("ended").
        """
        await self._store.write(lambda tx: self._cancel(tx, run_id, by=by))

    def _cancel(self, tx: Tx, run_id: str, *, by: str) -> None:
        row = row_of(tx.connection, run_id, lock=True)
        if row["status"] not in OPEN:
            raise refused("ended", what=f"run {run_id}", status=row["status"])
        fence = row["fence"] + 1
        cancelled = update(tables.run).where(tables.run.c.id == run_id)
        tx.connection.execute(cancelled.values(status="cancelled", fence=fence, updated=tx.now))
        tx.checked.clear()
        approval.withdraw(tx, run_id=run_id)
        key = self._vault.key(tx.connection, run_id)
        action.abandon(tx, run_id=run_id, tenant=row["tenant"], key=key)
        tx.events.append(
            RunEnded(log=row["tenant"], run_id=run_id, status="cancelled", fence=fence, by=by)
        )

    async def resolve(
        self, run_id: str, action_id: str, *, person: Principal, happened: bool, note: str
    ) -> None:
        """Record what *person* found out about an unknown action, whether its run has ended or not.

        *action_id* may be the beginning of an id. See `action.resolve` for what is refused; of an
        erased run nothing is resolved ("erased").
        """

        def work(tx: Tx) -> None:
            row = row_of(tx.connection, run_id)
            if run_id in erased(tx.connection):
                raise refused("erased", what=f"run {run_id}")
            action.resolve(
                tx,
                run=row,
                key=self._vault.key(tx.connection, run_id),
                beginning=action_id,
                person=person,
                happened=happened,
                note=note,
            )

        await self._store.write(work)

    async def erase(self, run_id: str, *, by: str) -> None:
        """Erase an ended run for good and record that it was, in one transaction.

        Raises `NotFound`, and `BadInput` for a run that goes on ("not_ended") or was erased before
        ("erased").
        """

        def work(tx: Tx) -> None:
            row = row_of(tx.connection, run_id, lock=True)
            if row["status"] in OPEN:
                raise refused("not_ended", what=f"run {run_id}", status=row["status"])
            erasure.erase(tx, self._vault, run_id=run_id, tenant=row["tenant"], by=by)

        await self._store.write(work)


@contextmanager
def _taken() -> Iterator[str]:
    """Take a claim, and give it back when it was not recorded: then nobody works under it."""
    token = take()
    try:
        yield token
    except BaseException:
        give_back(token)
        raise
