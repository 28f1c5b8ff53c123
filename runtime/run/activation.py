"""Activation: the ledger says from when on which policy revision was in force.

Each change of policy is an entry of its own, and the bundle that was put in force is kept in the
database: it decides about what people do until another one is in force, and about that one too.
"""

from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, select

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import Tampered
from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.record.events import HOME, PolicyActivated
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import upsert
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.refusal import refused

_ENTRIES: Final = tables.ledger_entry.c
_POLICIES: Final = tables.policy.c
_KEEP: Final = Statement(upsert(tables.policy, keys=("revision",)))
_NEWEST: Final = Statement(
    select(_ENTRIES.seq, _ENTRIES.body, _ENTRIES.payload)
    .where(
        _ENTRIES.log == HOME,
        _ENTRIES.run_id == "",
        _ENTRIES.event == PolicyActivated.event,
    )
    .order_by(_ENTRIES.seq.desc())
    .limit(1)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """The activation that was recorded last."""

    #: The number of its entry, -1 for none
    seq: int = -1
    #: Empty for none
    revision: str = ""


async def activate(
    store: Store,
    vault: Vault,
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
        previous = pending[-1] if pending else newest(tx.connection, vault).revision
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

    before = await store.read(lambda connection: newest(connection, vault))
    if before.revision != revision:
        await store.write(work, logs=(HOME,))


def begin(tx: Tx, vault: Vault, *, revision: str, bundle: Bundle | None) -> None:
    """Put *revision* in force where no policy is; whoever calls holds the head of the home."""
    if not newest(tx.connection, vault).revision:
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


def newest(connection: Connection, vault: Vault) -> Newest:
    """Return the activation that was recorded last.

    Raises `Tampered` when its entry does not name the revision that was sealed with the entry:
    whoever can write to the database puts no policy in force.
    """
    row = _NEWEST.one(connection, {})
    if row is None:
        return Newest()
    key = vault.known(HOME)
    try:
        revision = str(orjson.loads(row["body"])["revision"])
        stated = canonical({"revision": revision})
        place = kept_at(HOME, row["seq"])
        is_sealed = key.open(row["payload"], place=place) == stated
    except (ValueError, LookupError, TypeError, Tampered):
        is_sealed = False
    if not is_sealed:
        raise changed("it does not name the revision that was recorded")
    return Newest(seq=row["seq"], revision=revision)


def changed(why: str) -> Tampered:
    """Return the error of an activation that is not as it was recorded."""
    return Tampered(what="ledger entry policy_activated", why=why)


def kept(connection: Connection, revision: str) -> bytes | None:
    """Return the archive of the bundle that was in force as *revision*, or None."""
    query = select(_POLICIES.archive).where(_POLICIES.revision == revision)
    archive: bytes | None = connection.execute(query).scalar_one_or_none()
    return archive
