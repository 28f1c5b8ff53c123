"""Settling: a person records what became of an action whose outcome is unknown.

    unknown -> done | failed

A settled action never acts again. No money moves: an unknown action was charged what it was
expected to cost, and that stays spent whatever was found. The record holds who settled it and why,
sealed.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import RowMapping, select, update

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.request import Amounts, Principal
from interlock.runtime.record.audit import erased
from interlock.runtime.record.events import Finding, Finished, Ruling
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run.four_eyes import objection
from interlock.runtime.run.run import principal_of, row_of

ROLE: Final = "reviewer"
#: The code of an outcome that a person found
RESOLVED: Final = "resolved"
LOOK: Final = "Look with `interlock run show`."
_c = tables.action.c


async def resolve(
    store: Store,
    vault: Vault,
    *,
    run_id: str,
    action_id: str,
    person: Principal,
    happened: bool,
    note: str,
) -> None:
    """Record that the action did or did not happen, whether its run has ended or not; *action_id* may be a beginning.

    Raises `NotFound`, and `BadInput` when the action is not unknown, when the run was erased, or
    when *person* is the one it was done for, is of another tenant, is no reviewer or gives no
    reason (fails closed).
    """

    def work(tx: Tx) -> None:
        run = row_of(tx.connection, run_id)
        if run_id in erased(tx.connection):
            gone = "it was erased, and with it what could be looked for"
            raise BadInput(
                what=f"run {run_id}", why=gone, next_step="The ledger keeps that it was unknown."
            )
        key, row = vault.key(tx.connection, run_id), _row(tx, run_id, action_id)
        served = principal_of(run, key)
        requester = served.on_behalf_of or served.id
        why = objection(person, requester=requester, role=ROLE, tenant=run["tenant"], note=note)
        if why is None and not _moved(
            tx, row["id"], happened=happened, now=store.now(tx.connection)
        ):
            why = f"it is {row['state']}, not unknown"
        if why is not None:
            raise BadInput(what=f"action {row['id'][:12]}", why=why, next_step=LOOK)
        tx.events.append(
            Finished(
                ruling=ruling_of(row, key, log=run["tenant"], codes=[RESOLVED]),
                state=_state(happened=happened),
                spent=asdict(Amounts()),
                finding=Finding(
                    reviewer=person.id, roles=person.roles, requester=requester, note=note
                ),
            )
        )

    await store.write(work)


def _row(tx: Tx, run_id: str, beginning: str) -> RowMapping:
    query = select(tables.action).where(
        _c.run_id == run_id, _c.id.startswith(beginning, autoescape=True)
    )
    found = tx.connection.execute(query).mappings().all()
    if not found or not beginning:
        raise NotFound(kind="action", name=beginning, next_step=LOOK)
    if len(found) > 1:
        raise BadInput(
            what=f"action {beginning}",
            why=f"{len(found)} actions begin so",
            next_step="Give more of its id.",
        )
    return found[0]


def _moved(tx: Tx, action_id: str, *, happened: bool, now: int) -> bool:
    """Move the action if nobody knows what became of it, and say whether it moved."""
    unknown = update(tables.action).where(_c.id == action_id, _c.state == "unknown")
    return (
        tx.connection.execute(
            unknown.values(state=_state(happened=happened), result=None, updated=now)
        ).rowcount
        == 1
    )


def ruling_of(row: RowMapping, key: DataKey, *, log: str, codes: Sequence[str]) -> Ruling:
    """Return what a ledger entry on the action in *row* says; its engine is the record."""
    return Ruling(
        log=log,
        run_id=row["run_id"],
        key=key,
        action=row["id"],
        tool=row["tool"],
        action_class=row["action_class"],
        fence=row["fence"],
        effect=row["effect"],
        codes=codes,
        revision=row["revision"],
        engine="record",
        digest=row["digest"],
    )


def _state(*, happened: bool) -> str:
    return "done" if happened else "failed"
