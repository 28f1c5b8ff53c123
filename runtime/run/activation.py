"""Activation: the ledger says from when on which policy revision was in force.

Each change of policy is an entry of its own, and the bundle that was put in force is kept in the
database: it decides about what people do until another one is in force, and about that one too.
"""

from typing import Final

import orjson
from sqlalchemy import Connection, select

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.record.events import HOME, PolicyActivated
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import upsert
from interlock.runtime.run.refusal import refused

_ENTRIES: Final = tables.ledger_entry.c
_POLICIES: Final = tables.policy.c
_KEEP: Final = Statement(upsert(tables.policy, keys=("revision",)))
_NEWEST: Final = (
    select(_ENTRIES.body)
    .where(
        _ENTRIES.log == HOME,
        _ENTRIES.run_id == "",
        _ENTRIES.event == PolicyActivated.event,
    )
    .order_by(_ENTRIES.seq.desc())
    .limit(1)
)


async def activate(
    store: Store,
    *,
    revision: str,
    bundle: Bundle | None = None,
    after: str | None = None,
) -> None:
    """Record *revision* as the policy in force, unless the newest one recorded is the same.

    *bundle* is kept with the entry. *after* is the revision that decided about this; raises
    `BadInput` ("another_in_force") when another one is in force by now. Raises `NotRecorded` when
    it cannot be recorded (fails closed: no run starts under a policy the ledger does not name).
    """

    def work(tx: Tx) -> None:
        pending = [  # of the same commit
            event.revision for event in tx.events if isinstance(event, PolicyActivated)
        ]
        previous = pending[-1] if pending else newest(tx.connection)
        if previous == revision:
            return
        if after is not None and previous != after:
            raise refused(
                "another_in_force",
                what=f"policy {revision[:12]}",
                in_force=previous[:12],
                decided=after[:12],
            )
        put(tx, revision=revision, bundle=bundle, previous=previous)

    if await store.read(newest) != revision:
        await store.write(work, logs=(HOME,))


def begin(tx: Tx, *, revision: str, bundle: Bundle | None) -> None:
    """Put *revision* in force where no policy is; whoever calls holds the head of the home."""
    if not newest(tx.connection):
        put(tx, revision=revision, bundle=bundle, previous="")


def put(tx: Tx, *, revision: str, bundle: Bundle | None, previous: str) -> None:
    """Add the entry that puts *revision* in force after *previous*, and keep the *bundle*."""
    tx.events.append(
        PolicyActivated(
            log=HOME,
            revision=revision,
            previous=previous,
        )
    )
    if bundle is not None:
        keep(tx, bundle)


def keep(tx: Tx, bundle: Bundle) -> None:
    """Keep *bundle* as the policy that its revision names, in place of what is kept as such."""
    row = {"revision": bundle.revision, "archive": pack(bundle.files)}
    _KEEP.run(tx.connection, row)


def newest(connection: Connection) -> str:
    """Return the revision that was activated last, or an empty string.

    Raises `Tampered` when the entry is unreadable.
    """
    body = connection.execute(_NEWEST).scalar_one_or_none()
    try:
        return "" if body is None else str(orjson.loads(body)["revision"])
    except (ValueError, LookupError, TypeError) as error:
        raise Tampered(
            what="ledger entry policy_activated", why="it does not name a revision"
        ) from error


def kept(connection: Connection, revision: str) -> bytes | None:
    """Return the archive of the bundle that was in force as *revision*, or None."""
    query = select(_POLICIES.archive).where(_POLICIES.revision == revision)
    archive: bytes | None = connection.execute(query).scalar_one_or_none()
    return archive
