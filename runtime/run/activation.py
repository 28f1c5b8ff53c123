"""Activation: the ledger says from when on which policy revision was in force.

Recorded before the first run that starts under another revision than the newest one recorded, so a
change of policy leaves an entry of its own; that nobody has to agree to one is a gap
(docs/threat-model.md).
"""

from typing import Final

import orjson
from sqlalchemy import Connection, select

from interlock.runtime.errors import Tampered
from interlock.runtime.record.events import HOME, PolicyActivated
from interlock.runtime.record.store import Store, Tx, tables

_ENTRIES: Final = tables.ledger_entry.c
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


async def activate(store: Store, *, revision: str) -> None:
    """Record *revision* as the policy in force, unless the newest one recorded is the same.

    Raises `NotRecorded` when it cannot be recorded (fails closed: no run starts under a policy the
    ledger does not name).
    """

    def work(tx: Tx) -> None:
        pending = [  # of the same commit
            event.revision for event in tx.events if isinstance(event, PolicyActivated)
        ]
        previous = pending[-1] if pending else newest(tx.connection)
        if previous != revision:
            tx.events.append(
                PolicyActivated(
                    log=HOME,
                    revision=revision,
                    previous=previous,
                )
            )

    if await store.read(newest) != revision:
        await store.write(work, logs=(HOME,))


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
