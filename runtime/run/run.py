"""Runs: one execution of an agent each, claimed by a fence so that only one worker ever writes for it.

    queued -> running -> waiting | held -> running -> done | failed
    queued, running, waiting, held -> cancelled

A run is held when a guard, or what it depends on, failed closed: nothing was done, and a new claim
carries it on.

A claim raises the fence; every later write names the fence it was claimed under and is refused when
it is no longer the current one. The fence is the authority, the lease only says when a worker may
be presumed dead.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.errors import BadInput, Fenced, GuardFailed, NotFound
from interlock.runtime.policy.label import TRUSTED, Label
from interlock.runtime.policy.request import Amounts, Autonomy, Principal
from interlock.runtime.record.events import RunEnded, RunHeld, RunResumed, RunStarted
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import budget
from interlock.runtime.run.claim import give_back, may_live, take, taker

Status: TypeAlias = Literal["queued", "running", "waiting", "held", "done", "failed", "cancelled"]
#: A run in one of these has not ended
OPEN: Final[frozenset[Status]] = frozenset({"queued", "running", "waiting", "held"})
LEASE_S: Final = 30
_c = tables.run.c
_CLAIMED: Final = (
    select(_c.status)
    .where(
        _c.id == bindparam("run"),
        _c.fence == bindparam("at"),
        _c.claim == bindparam("under"),
    )
    .with_for_update()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run as claimed: who it is for, what was asked, under which policy revision and fence."""

    id: str
    tenant: str
    agent: str
    principal: Principal
    request: dict[str, Json]
    autonomy: Autonomy
    revision: str
    budget_id: str
    fence: int
    #: The token of the claim; empty for a run that was read or that is queued
    claim: str
    trace: str
    status: Status
    refusals: int
    label: Label
    created: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRun:
    """What is needed to start a run; all of it from the caller, none from the agent."""

    agent: str
    principal: Principal
    request: dict[str, Json]
    limits: Amounts
    autonomy: Autonomy
    revision: str


class Runs:
    """Starts, claims and ends runs; holds no state of its own."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def start(self, proposal: NewRun, *, trace: str = "", claim: bool = True) -> Run:
        """Record a new run, its budget and its data key, and return it claimed under fence 1.

        Without *claim* the run is left queued for whoever claims it.
        """
        if not claim:
            return await self._store.write(lambda tx: self._start(tx, proposal, trace, token=""))
        with _taking() as token:
            return await self._store.write(lambda tx: self._start(tx, proposal, trace, token=token))

    def _start(self, tx: Tx, proposal: NewRun, trace: str, *, token: str) -> Run:
        run_id = f"run-{secrets.token_hex(6)}"
        now = self._store.now(tx.connection)
        key = self._vault.create(tx.connection, run_id)
        budget.create(
            tx, budget_id=run_id, tenant=proposal.principal.tenant, limits=proposal.limits
        )
        principal = canonical(asdict(proposal.principal))
        row = {
            "id": run_id,
            "tenant": proposal.principal.tenant,
            "agent": proposal.agent,
            "status": "running" if token else "queued",
            "principal": key.seal(principal, place=f"run/{run_id}/principal"),
            "request": key.seal(canonical(proposal.request), place=f"run/{run_id}"),
            "label": canonical(asdict(TRUSTED)).decode(),
            "autonomy": proposal.autonomy,
            "revision": proposal.revision,
            "budget_id": run_id,
            "fence": 1 if token else 0,
            "claim": token,
            "owner": taker() if token else "",
            "lease_until": now + LEASE_S if token else 0,
            "attempts": 1 if token else 0,
            "refusals": 0,
            "trace": trace,
            "created": now,
            "updated": now,
        }
        tx.connection.execute(insert(tables.run).values(row))
        tx.events.append(
            RunStarted(
                log=proposal.principal.tenant,
                run_id=run_id,
                key=key,
                agent=proposal.agent,
                revision=proposal.revision,
                autonomy=proposal.autonomy,
                status="running" if token else "queued",
                fence=1 if token else 0,
                budget=run_id,
                limits=asdict(proposal.limits),
                label=canonical(asdict(TRUSTED)).decode(),
                requester=proposal.principal.on_behalf_of or proposal.principal.id,
                principal=asdict(proposal.principal),
                request=proposal.request,
            )
        )
        return replace(self._read(tx.connection, run_id), claim=token)

    async def claim(self, run_id: str) -> Run:
        """Take over a queued, waiting, held or abandoned run under the next fence.

        The claim counts as alive until `give_back`, or until its lease is over: `beat` extends it.
        Raises `BadInput` when the run has ended ("ended") or a live claim holds it ("claimed"),
        `NotFound` when there is none.
        """
        with _taking() as token:
            return await self._store.write(lambda tx: self._claim(tx, run_id, token))

    def give_back(self, run: Run) -> None:
        """Say that nothing works under the claim any more, so that the next claim need not wait for the lease.

        What of the claim is still on its way to the database is written all the same, and nobody is
        told whether it was. Giving back twice changes nothing.
        """
        give_back(run.claim)
        self._store.forget(run.claim)

    def _claim(self, tx: Tx, run_id: str, token: str) -> Run:
        row = row_of(tx.connection, run_id)
        now = self._store.now(tx.connection)
        if row["status"] not in OPEN:
            raise BadInput(
                code="ended",
                what=f"run {run_id}",
                why=f"it is {row['status']}",
                next_step="Start a new run.",
            )
        if (
            row["status"] in {"running", "held"}
            and row["lease_until"] > now
            and may_live(row["claim"], owner=row["owner"])
        ):
            why = f"worker {row['owner']} holds it for another {row['lease_until'] - now} s"
            raise BadInput(
                code="claimed",
                what=f"run {run_id}",
                why=why,
                next_step="Wait, or stop that worker.",
            )
        fence = row["fence"] + 1
        values = {
            "status": "running",
            "fence": fence,
            "claim": token,
            "owner": taker(),
            "lease_until": now + LEASE_S,
            "attempts": row["attempts"] + 1,
            "updated": now,
        }
        if (
            tx.connection.execute(
                update(tables.run).where(_c.id == run_id, _c.fence == row["fence"]).values(values)
            ).rowcount
            != 1
        ):
            raise Fenced(run_id=run_id, fence=fence)
        tx.checked.clear()  # what was checked before the fence moved says nothing now
        self._vault.key(tx.connection, run_id)
        tx.events.append(RunResumed(log=row["tenant"], run_id=run_id, fence=fence))
        return replace(self._read(tx.connection, run_id), claim=token)

    async def beat(self, run: Run) -> None:
        """Extend the lease; raises `Fenced` when the run belongs to another worker by now."""
        await self._store.write(lambda tx: self._extend(tx, run))

    def _extend(self, tx: Tx, run: Run) -> None:
        check(tx, run, closing=True)
        lease = self._store.now(tx.connection) + LEASE_S
        tx.connection.execute(update(tables.run).where(_c.id == run.id).values(lease_until=lease))

    async def trace(self, run: Run, reference: str) -> None:
        """Remember the span of this claim, for the next one to link to; rides with the claim's first checkpoint."""

        def work(tx: Tx) -> None:
            check(tx, run)
            tx.connection.execute(update(tables.run).where(_c.id == run.id).values(trace=reference))

        if reference:
            self._store.later(run.claim, work)

    async def end(self, run: Run, status: Status, outcome: dict[str, Json]) -> None:
        """Record how this claim ended: done, failed, waiting for a person, or held."""
        await self._store.write(lambda tx: self._end(tx, run, status, outcome))

    def _end(self, tx: Tx, run: Run, status: Status, outcome: dict[str, Json]) -> None:
        check(tx, run, closing=status == "held")
        key = self._vault.key(tx.connection, run.id)
        sealed = key.seal(canonical(outcome), place=f"run/{run.id}/outcome")
        values = {
            "status": status,
            "outcome": sealed,
            "lease_until": 0,
            "updated": self._store.now(tx.connection),
        }
        tx.connection.execute(update(tables.run).where(_c.id == run.id).values(values))
        tx.checked.clear()
        tx.events.append(
            RunEnded(
                log=run.tenant,
                run_id=run.id,
                status=status,
                fence=run.fence,
                error=outcome.get("error"),
            )
        )

    async def read(self, run_id: str) -> Run:
        """Return the run as it stands; raises `NotFound`."""
        return await self._store.read(lambda connection: self._read(connection, run_id))

    async def outcome(self, run_id: str) -> dict[str, Json] | None:
        """Return what `end` recorded last, or None while there is nothing."""

        def look(connection: Connection) -> dict[str, Json] | None:
            if (sealed := row_of(connection, run_id)["outcome"]) is None:
                return None
            opened: dict[str, Json] = orjson.loads(
                self._vault.key(connection, run_id).open(sealed, place=f"run/{run_id}/outcome")
            )
            return opened

        return await self._store.read(look)

    async def list(self) -> list[Run]:
        """Return every run that was not erased, newest first."""

        def look(connection: Connection) -> list[Run]:
            kept = (
                select(_c.id)
                .join(tables.data_key, tables.data_key.c.id == _c.id)
                .order_by(_c.created.desc(), _c.id)
            )
            ids = connection.execute(kept).scalars().all()
            return [self._read(connection, run_id) for run_id in ids]

        return await self._store.read(look)

    def _read(self, connection: Connection, run_id: str) -> Run:
        row = row_of(connection, run_id)
        key = self._vault.key(connection, run_id)
        request = key.open(row["request"], place=f"run/{run_id}")
        return Run(
            id=row["id"],
            tenant=row["tenant"],
            agent=row["agent"],
            principal=principal_of(row, key),
            request=orjson.loads(request),
            autonomy=row["autonomy"],
            revision=row["revision"],
            budget_id=row["budget_id"],
            fence=row["fence"],
            claim="",
            trace=row["trace"],
            status=row["status"],
            refusals=row["refusals"],
            label=label_of(row["label"]),
            created=row["created"],
        )


@contextmanager
def _taking() -> Iterator[str]:
    """Take a claim, and give it back when it was not recorded: then nobody works under it."""
    token = take()
    try:
        yield token
    except BaseException:
        give_back(token)
        raise


def check(tx: Tx, run: Run, *, closing: bool = False) -> None:
    """Refuse to write for a run whose fence has moved on or that is held; belongs in every writing transaction.

    Fails closed. *closing* is for what is still recorded of a held run, what became of the calls
    that were under way; no intent is, and no checkpoint.
    """
    if (run.id, run.fence, run.claim) in tx.checked:
        return
    claimed = {"run": run.id, "at": run.fence, "under": run.claim}
    status = tx.connection.execute(_CLAIMED, claimed).scalar_one_or_none()
    if status == "held" and closing:
        return
    if status == "held":
        why = "the cost of a step did not fit any more, so the run is held"
        raise GuardFailed(
            guard=f"budget of {run.id}",
            why=why,
            next_step="Raise it (`interlock budget raise`), then resume.",
        )
    if status != "running":
        raise Fenced(run_id=run.id, fence=run.fence)
    tx.checked.add((run.id, run.fence, run.claim))


def hold(tx: Tx, run: Run) -> None:
    """Let this claim begin nothing more, in order with what it wrote so far; a new claim carries the run on.

    Whoever holds the run keeps it until the claim has ended, so that what is under way is not taken
    for abandoned.
    """
    tx.connection.execute(update(tables.run).where(_c.id == run.id).values(status="held"))
    tx.checked.clear()
    tx.events.append(RunHeld(log=run.tenant, run_id=run.id, fence=run.fence))


def label_of(text: str) -> Label:
    """Read a stored label back."""
    fields = orjson.loads(text)
    return Label(**fields | {"sources": tuple(fields["sources"])})


def principal_of(row: RowMapping, key: DataKey) -> Principal:
    """Return the principal of a run's row."""
    fields = orjson.loads(key.open(row["principal"], place=f"run/{row['id']}/principal"))
    return Principal(**fields | {"roles": tuple(fields["roles"])})


def row_of(connection: Connection, run_id: str) -> RowMapping:
    """Return the run's row as it is stored; raises `NotFound`."""
    row = connection.execute(select(tables.run).where(_c.id == run_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(kind="run", name=run_id, next_step="List runs with `interlock run list`.")
    return row
