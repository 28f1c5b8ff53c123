"""Openings: a person is shown an approval, by a page, by the API or by the command line."""

from contextlib import suppress

from sqlalchemy import Connection

from interlock.runtime.errors import NotRecorded, Tampered
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import opening
from interlock.runtime.run.question import Approval
from interlock.serving.home import Home


async def shown(
    home: Home,
    approval: Approval,
    *,
    person: Principal,
) -> None:
    """Keep when *person* was first shown what waits.

    Where nothing can be recorded the person is shown it all the same, and is not timed.
    """
    if approval.state != "waiting":
        return

    def first(connection: Connection) -> int:
        return opening.first(
            connection,
            home.vault,
            approval.id,
            person=person.id,
        )

    def work(tx: Tx) -> None:
        opening.note(
            tx,
            home.vault,
            approval.id,
            tenant=approval.tenant,
            person=person.id,
        )

    with suppress(NotRecorded, Tampered):
        if not await home.store.read(first):
            await home.store.write(
                work,
                logs=(approval.tenant,),
            )
