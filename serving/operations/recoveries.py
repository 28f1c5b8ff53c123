"""Recoveries: a person who knows why the database was put back lets the ledger go on from there."""

from sqlalchemy import Connection

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import EVERY
from interlock.runtime.record.gap import Gap
from interlock.runtime.record.store import Tx
from interlock.runtime.run import recovery, subject
from interlock.runtime.run.recovery import Recovery
from interlock.runtime.storage import Storage
from interlock.serving.desk import Desk


async def gaps(storage: Storage) -> list[Gap]:
    """Return what the witness knows and the database has not, log by log."""

    def look(connection: Connection) -> list[Gap]:
        return storage.ledger.gaps(connection)

    return await storage.store.read(look)


async def recover(desk: Desk, *, person: Principal, note: str) -> Recovery:
    """Name the gaps in the ledger, end what they leave open, and let the logs go on.

    See `interlock.runtime.run.recovery`. Raises `BadInput` when there is nothing to recover.
    """
    storage = desk.storage
    missing = await gaps(storage)
    if not missing:
        raise BadInput(
            code="wrong_state",
            what="recovery",
            why="the database is the one that was witnessed",
            next_step="Go on: nothing is lost.",
        )

    def work(tx: Tx) -> Recovery:
        return recovery.recover(
            tx,
            storage.vault,
            missing,
            by=person.id,
            note=note,
        )

    return await desk.acts.recover(
        work,
        person=person,
        arguments={"note": note},
        look=subject.installation("ledger", ""),
        logs=(EVERY, *(gap.log for gap in missing)),
    )
