"""Promotion: the ledger says from when on which release was in force.

A change of release and the change of policy that comes with it are one transaction, so a crash
leaves the old release or the new one, with the policy of that one.
"""

from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, bindparam, select

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.bundle import read as read_bundle
from interlock.runtime.record.events import HOME, ReleaseTurned, RolloutTurned
from interlock.runtime.record.events.of_release import How
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import activation, artefact, release
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.release import Release
from interlock.runtime.run.unreleased import ReleaseUnusable

_ENTRIES: Final = tables.ledger_entry.c
_TURNS: Final = (
    select(_ENTRIES.seq, _ENTRIES.body, _ENTRIES.payload)
    .where(
        _ENTRIES.log == HOME,
        _ENTRIES.run_id == "",
        _ENTRIES.event == ReleaseTurned.event,
    )
    .order_by(_ENTRIES.seq.desc())
)
#: So that a look costs no more than what was recorded since the look before
_NEWEST: Final = Statement(_TURNS.where(_ENTRIES.seq > bindparam("above")).limit(1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One change of the release in force."""

    #: The number of its entry, -1 for none
    seq: int = -1
    #: Empty for none
    release: str = ""
    previous: str = ""
    how: How = "promoted"
    by: str = ""
    at: int = 0


def newest(connection: Connection, vault: Vault, *, above: int = -1) -> Turn:
    """Return the newest change after the entry *above*, or a turn to no release.

    Raises `Tampered` when the entry does not name the release that was sealed with the entry.
    """
    row = _NEWEST.one(connection, {"above": above})
    if row is None:
        return Turn()
    key = vault.key(connection, HOME)
    return _turn(key, row["seq"], row["body"], row["payload"])


def history(connection: Connection, vault: Vault) -> list[Turn]:
    """Return every change, the newest first; raises as `newest` does."""
    rows = connection.execute(_TURNS).all()
    if not rows:
        return []
    key = vault.key(connection, HOME)
    return [_turn(key, row.seq, row.body, row.payload) for row in rows]


def turn(
    tx: Tx,
    vault: Vault,
    name: str,
    *,
    how: How,
    after: str,
    by: str,
) -> None:
    """Put the release *name* in force with its policy, in the transaction of whoever calls.

    *after* is the release that was in force when this was decided; raises `BadInput`
    ("another_in_force") when another one is by now, ("never_in_force") for a way back to one that
    never was, and `ReleaseUnusable` unless the release and every artefact of it verify.
    """
    before = newest(tx.connection, vault).release
    if before != after or is_turned(tx):
        raise refused(
            "another_in_force",
            what=f"release {name[:12]}",
            in_force=before[:12] or "none",
            decided=after[:12] or "none",
        )
    if how == "rolled_back":
        _refuse_unproved(tx.connection, vault, name)
    new = release.read(tx.connection, vault, name)
    bundle = _checked(tx.connection, new)
    changed = ReleaseTurned(log=HOME, release=name, previous=before, how=how, by=by)
    tx.events.append(changed)
    policy = activation.newest(tx.connection, vault).revision
    if policy != bundle.revision:
        activation.put(tx, revision=bundle.revision, bundle=bundle, previous=policy)


def is_turned(tx: Tx) -> bool:
    """Whether another decision about releases is in this transaction, where no look finds it yet.

    Whoever refuses then is asked once more, in a transaction of its own.
    """
    return any(isinstance(event, ReleaseTurned | RolloutTurned) for event in tx.events)


def bundle_of(connection: Connection, one: Release) -> Bundle:
    """Return the policy of the release; raises `ReleaseUnusable` where it is not that policy."""
    digest = one.manifest.parts["policy"]
    kept = artefact.read(connection, "policy", digest)
    bundle = read_bundle(kept.content, name=f"of release {one.digest[:12]}")
    if bundle.revision != one.manifest.revision:
        raise ReleaseUnusable(code="artefact_altered", what=f"policy {digest[:12]}")
    return bundle


def _checked(connection: Connection, new: Release) -> Bundle:
    """Return the policy of the release once every artefact was read and is what its name says."""
    for kind, digest in new.manifest.parts.items():
        artefact.read(connection, kind, digest)
    return bundle_of(connection, new)


def _refuse_unproved(connection: Connection, vault: Vault, name: str) -> None:
    if name not in {turned.release for turned in history(connection, vault)}:
        raise refused("never_in_force", what=f"release {name[:12]}")


def _turn(key: DataKey, seq: int, body: bytes, payload: bytes) -> Turn:
    try:
        stated = orjson.loads(body)
        sealed = orjson.loads(key.open(payload, place=kept_at(HOME, seq)))
        turned = Turn(
            seq=seq,
            release=stated["release"],
            previous=stated["previous"],
            how=stated["how"],
            by=sealed["by"],
            at=stated["at"],
        )
    except (ValueError, LookupError, TypeError, Tampered) as error:
        raise _changed() from error
    if sealed["release"] != turned.release:
        raise _changed()
    return turned


def _changed() -> Tampered:
    return Tampered(
        what=f"ledger entry {ReleaseTurned.event}",
        why="it does not name the release that was recorded",
    )
