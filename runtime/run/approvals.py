"""The reviewers' side of approvals: list what waits, look at the evidence, decide."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from sqlalchemy import Connection, RowMapping, Select, and_, or_, select, tuple_

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal, Verdict
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import approval_step, edit, expiry, lapse
from interlock.runtime.run.approval import State
from interlock.runtime.run.erasure import key_of
from interlock.runtime.run.handling import Handling, handle
from interlock.runtime.run.likeness import Likeness, likeness_of
from interlock.runtime.run.question import (
    Approval,
    ApprovalSummary,
    opened,
    row_named,
    summary,
)
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.verdict import Shown, judge


class Approvals:
    """Lists, reads and decides approvals; holds no state of its own and is safe to share."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def list(
        self,
        *,
        tenant: str | None = None,
        run: str | None = None,
        state: State | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[ApprovalSummary]:
        """Return the approvals, newest first, without those of erased runs.

        The list ends at *limit* approvals; without one it is whole. For a next page *after* is the
        id of the last approval of the page before; raises `NotFound` for an unknown
        one. The number of statements is the same for any number of approvals.
        """

        def look(connection: Connection) -> list[ApprovalSummary]:
            now = self._store.now(connection)
            query = _wanted(
                tenant=tenant,
                run=run,
                state=state,
                now=now,
            ).limit(limit)
            if after is not None:
                last = row_named(connection, after)
                approvals = tables.approval.c
                older = tuple_(approvals.created, approvals.id) < (
                    last["created"],
                    last["id"],
                )
                query = query.where(older)
            rows = connection.execute(query).mappings().all()
            steps = approval_step.by_approval(connection, [row["id"] for row in rows])
            return [self._listed(row, now, steps[row["id"]]) for row in rows]

        return await self._store.read(look)

    async def read(self, approval_id: str) -> Approval:
        """Return one approval with its evidence.

        Raises `NotFound`, `Tampered` when the evidence is not what was recorded, and as
        `erasure.key_of` does.
        """

        def look(connection: Connection) -> Approval:
            row = row_named(connection, approval_id)
            key = key_of(connection, self._vault, row["run_id"])
            steps = approval_step.of(connection, key, row)
            return opened(row, key, self._store.now(connection), steps=steps)

        return await self._store.read(look)

    async def current(self, approval_id: str) -> Approval:
        """Return as `read` does; where the time is up and nobody has recorded that, this does."""
        approval = await self.read(approval_id)
        if approval.state == "expired" and not approval.decided:
            await self._expire([approval_id], {approval.tenant})
            return await self.read(approval_id)
        return approval

    async def editors(self, approval: Approval) -> tuple[str, ...]:
        """Return who wrote edits of what the tool asks for in the run, and so cannot decide it."""

        def look(connection: Connection) -> tuple[str, ...]:
            key = key_of(connection, self._vault, approval.run_id)
            written = edit.edits(
                connection,
                key,
                run_id=approval.run_id,
                tool=approval.tool,
            )
            return edit.editors(written)

        return await self._store.read(look)

    async def of_job(self, job_id: str) -> Sequence[Approval]:
        """Return what waits of the runs of a job, oldest first, with its evidence.

        Raises `Tampered` when the evidence of one is not what was recorded.
        """

        def look(connection: Connection) -> Sequence[Approval]:
            now = self._store.now(connection)
            waiting = _wanted(tenant=None, run=None, state="waiting", now=now)
            query = waiting.where(tables.run.c.job == job_id)
            rows = connection.execute(query).mappings().all()
            steps = approval_step.by_approval(connection, [row["id"] for row in rows])
            return [self._opened(row, steps[row["id"]], now) for row in reversed(rows)]

        return await self._store.read(look)

    async def decide(
        self,
        approval_id: str,
        *,
        reviewer: Principal,
        verdict: Verdict,
        shown: str,
        note: str,
    ) -> None:
        """Record *reviewer*'s verdict on the evidence whose digest is *shown*.

        Nothing acts until the run is resumed. Raises as `verdict.judge` does.
        """
        alone = Shown(approval=approval_id, evidence=shown)
        await self.decide_together(
            [alone], reviewer=reviewer, verdict=verdict, note=note
        )

    async def decide_together(
        self,
        shown: Sequence[Shown],
        *,
        reviewer: Principal,
        verdict: Verdict,
        note: str,
        proposal: dict[str, Json] | None = None,
    ) -> None:
        """Record one verdict on each approval that was *shown*, or on none of them.

        Each is judged and recorded as if it were alone. Raises for the first that may not be judged
        as `verdict.judge` does, and `BadInput` ("not_alike") for the first that is not `Likeness`
        to the others: then nothing is decided (fails closed).
        """

        def work(tx: Tx) -> None:
            likeness: Likeness | None = None
            for one in shown:
                approval = judge(
                    tx,
                    self._vault,
                    replace(one, beside=likeness is not None),
                    reviewer=reviewer,
                    verdict=verdict,
                    note=note,
                    proposal=proposal,
                )
                likeness = likeness or likeness_of(approval)
                if likeness_of(approval) != likeness:
                    raise refused("not_alike", what=f"approval {approval.id}")

        await self._write(work, [one.approval for one in shown])

    async def handle(
        self, approval_id: str, handling: Handling, *, person: Principal
    ) -> None:
        """Record what *person* does about an approval that waits; raises as `handle` does."""

        def work(tx: Tx) -> None:
            handle(tx, self._vault, approval_id, handling, person=person)

        await self._write(work, [approval_id])

    async def overdue(self) -> Mapping[str, Sequence[str]]:
        """Return for what the time is up that nobody has recorded, by tenant; the oldest first."""
        return await self._store.read(
            lambda connection: expiry.unrecorded(
                connection, now=self._store.now(connection)
            )
        )

    async def expire(self, approvals: Sequence[str], *, tenant: str) -> None:
        """Record that nobody decided in time, of those *approvals* of which that is so."""
        await self._expire(approvals, {tenant})

    async def _write(
        self, work: Callable[[Tx], None], approvals: Sequence[str]
    ) -> None:
        """Let people act on *approvals*; record the expiry of one for which they came too late."""
        logs = {await self._log(approval_id) for approval_id in approvals}
        try:
            await self._store.write(work, logs=logs)
        except BadInput as error:
            if error.code == "expired":
                await self._expire(approvals, logs)
            raise

    async def _expire(self, approvals: Sequence[str], logs: Collection[str]) -> None:
        def work(tx: Tx) -> None:
            for approval_id in approvals:
                row = row_named(tx.connection, approval_id, lock=True)
                lapse.lapse(tx, self._vault, approval_id, run_id=row["run_id"])

        await self._store.write(work, logs=logs)

    async def _log(self, approval_id: str) -> str:
        """Return the log of the approval's tenant; raises `NotFound`."""
        row = await self._store.read(
            lambda connection: row_named(connection, approval_id)
        )
        return str(row["tenant"])

    def _listed(
        self, row: RowMapping, now: int, steps: Sequence[RowMapping]
    ) -> ApprovalSummary:
        key = self._vault.unwrapped(row["run_id"], row["wrapped"])
        read = tuple(approval_step.opened(key, row, step) for step in steps)
        return summary(row, key, now, steps=read)

    def _opened(
        self, row: RowMapping, steps: Sequence[RowMapping], now: int
    ) -> Approval:
        key = self._vault.unwrapped(row["run_id"], row["wrapped"])
        read = tuple(approval_step.opened(key, row, step) for step in steps)
        return opened(row, key, now, steps=read)


def _wanted(
    *, tenant: str | None, run: str | None, state: State | None, now: int
) -> Select[tuple[object, ...]]:
    """Return the query of the approvals that are asked for, with the data keys of their runs."""
    approvals = tables.approval.c
    query: Select[tuple[object, ...]] = (
        select(tables.approval, tables.data_key.c.wrapped)
        .join(tables.data_key, tables.data_key.c.id == approvals.run_id)
        .join(tables.run, tables.run.c.id == approvals.run_id)
        .order_by(approvals.created.desc(), approvals.id.desc())
    )
    if tenant is not None:
        query = query.where(approvals.tenant == tenant)
    is_wanted = tables.WORK if run is None else approvals.run_id == run
    return _in_state(query.where(is_wanted), state, now=now)


def _in_state(
    query: Select[tuple[object, ...]], state: State | None, *, now: int
) -> Select[tuple[object, ...]]:
    """Return the query of those in the state at that moment."""
    approvals = tables.approval.c
    match state:
        case None:
            return query
        case "waiting":
            return query.where(
                and_(approvals.state == "waiting", approvals.expires > now)
            )
        case "expired":
            is_over = and_(approvals.state == "waiting", approvals.expires <= now)
            return query.where(or_(approvals.state == "expired", is_over))
        case "approved" | "rejected" | "used" | "withdrawn":
            return query.where(approvals.state == state)
        case _:
            assert_never(state)
