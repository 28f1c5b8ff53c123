"""The beginning of a run: its first row, and the entry that says so."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import BadInput, Tampered
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.record.events import RunStarted
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import canary, limit, pin, widening
from interlock.runtime.run.claim import claimed
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import NewRun, requester_of

#: The priority of a run that goes before all others; the lowest is as far from zero
HIGHEST: Final = 100
#: The first label of every run, as it is stored
_TRUSTED: Final = canonical(asdict(TRUSTED)).decode()
_NEW: Final = Statement(insert(tables.run).returning(*tables.run.columns))


def name_of(connection: Connection, vault: Vault, new: NewRun) -> str:
    """Return the id of a new run; raises `BadInput` ("taken_already") for one that is there."""
    if not new.id:
        return canary.work(vault)
    query = select(tables.run.c.id).where(tables.run.c.id == new.id)
    if connection.execute(query).first() is not None:
        raise BadInput(
            code="taken_already",
            what=f"run {new.id}",
            why="there is a run of this id",
            next_step="Look at that one.",
        )
    return new.id


def fields_of(
    new: NewRun,
    key: DataKey,
    *,
    trace: str,
    token: str,
    now: int,
) -> dict[str, Any]:
    """Return the row of a new run, claimed under *token* or queued without one."""
    run_id = key.id
    principal = canonical(new.principal.written)
    fields = {
        "id": run_id,
        "tenant": new.principal.tenant,
        "agent": new.agent,
        "status": "queued",
        "principal": key.seal(principal, place=f"run/{run_id}/principal"),
        "request": key.seal(canonical(new.request), place=f"run/{run_id}"),
        "pins": pin.sealed(new.pins, key),
        "label": _TRUSTED,
        "autonomy": new.autonomy,
        "revision": new.revision,
        "release": new.release,
        "intent": widening.written(new.intent),
        "budget_id": run_id,
        "fence": 0,
        "claim": token,
        "owner": "",
        "lease_until": 0,
        "attempts": 0,
        **_queued(new, now=now),
        "refusals": 0,
        "trace": trace,
        "created": now,
        "updated": now,
    }
    if token:
        fields |= claimed(
            token,
            fence=1,
            attempts=1,
            tries=1,
            now=now,
        )
    return fields


def begun(tx: Tx, fields: Mapping[str, Any]) -> Row:
    """Insert the row of a new run, and return the row as it stands."""
    row = _NEW.one(tx.connection, fields)
    if row is None:
        raise Tampered(what=f"run {fields['id']}", why="its row was not kept")
    return row


def _queued(new: NewRun, *, now: int) -> dict[str, Any]:
    """Return the columns that say when a worker may claim the run."""
    if abs(new.priority) > HIGHEST:
        raise refused("priority", what=f"run of {new.agent}", highest=HIGHEST)
    return {
        "job": new.job,
        "priority": new.priority,
        "pinned": pin.digest_of(new.agent, revision=new.revision, others=new.pins),
        "tries": 0,
        "outages": 0,
        "ready_at": max(new.not_before, now),
        "paused": 0,
        "undoing": 0,
        "canary": 0,
        "shadow": new.shadow,
    }


def started_of(new: NewRun, row: Row, key: DataKey) -> RunStarted:
    """Return the entry of the new run in *row*."""
    return RunStarted(
        log=row["tenant"],
        run_id=row["id"],
        key=key,
        agent=new.agent,
        revision=new.revision,
        release=new.release,
        rollout=new.rollout,
        autonomy=new.autonomy,
        status=row["status"],
        fence=row["fence"],
        job=row["job"],
        priority=row["priority"],
        pinned=row["pinned"],
        budget=row["budget_id"],
        parent=limit.above(
            row["tenant"],
            job=new.job,
            is_shadow=bool(new.shadow),
        ),
        shadow=new.shadow,
        limits=new.limits.counts(),
        intent=new.intent,
        label=row["label"],
        requester=requester_of(new.principal),
        principal=new.principal.written,
        request=new.request,
        sealed={name: row[name] for name in ("principal", "request", "pins")},
    )
