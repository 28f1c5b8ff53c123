"""Baits: a worker puts canaries before the reviewers, one in so many of what they are asked.

The policy's data says how many (`attention.one_in`; 0 for none). Which requests are followed by a
canary is drawn with the home's key, so nobody foresees it and every worker draws the same; the
canary's id follows from the request, so two workers place one.
"""

import asyncio
import logging
import random
from typing import Final

from sqlalchemy import Connection, select

from interlock.runtime.errors import InterlockError
from interlock.runtime.record.store import tables
from interlock.runtime.run import canary, rehearsal
from interlock.runtime.run.question import ApprovalSummary
from interlock.serving import people
from interlock.serving.home import Home
from interlock.serving.quality.seeding import NEWEST, seed
from interlock.serving.worker import name

#: Seconds between two looks, and how old a request may be that is followed by a canary
_LOOK_S: Final = 5.0
_AGE_S: Final = 3_600
_log: Final = logging.getLogger(__name__)


class Baits:
    """Places canaries for as long as it works, in the name of this machine's account."""

    def __init__(self, home: Home) -> None:
        self._home = home
        #: How many defects were met so far
        self.defects = 0
        #: Of the newest requests those after which a canary was tried here, whatever came of that
        self._tried: set[str] = set()

    async def work(self) -> None:
        """Look again and again until cancelled; that a canary cannot be placed ends nothing."""
        while True:
            try:
                await self.settle()
            except InterlockError as error:
                _log.warning("canaries wait: %s", error)
            await asyncio.sleep(_LOOK_S)

    async def settle(self) -> None:
        """Place what is to be placed now, end what was left half placed, and return.

        Whatever keeps one canary from being placed is logged, and holds back that canary alone.
        """
        await rehearsal.end_abandoned(self._home, by=name())
        one_in = self._one_in()
        if not one_in:
            return
        now = await self._home.store.read(self._home.store.now)
        listed = await self._home.approvals.list(limit=NEWEST)
        self._tried &= {row.id for row in listed}
        for row in listed:
            is_due = row.created > now - _AGE_S and row.id not in self._tried
            if is_due and self._is_drawn(row, one_in):
                self._tried.add(row.id)
                await self._place(row)

    def _one_in(self) -> int:
        config = self._home.bundle.data["rails"].get("config", {})
        one_in: int = config.get("attention", {}).get("one_in", 0)
        return one_in

    def _is_drawn(self, row: ApprovalSummary, one_in: int) -> bool:
        vault = self._home.vault
        if canary.is_canary(vault, row.run_id):
            return False
        drawn = int.from_bytes(vault.mark(b"drawn", row.id.encode()))
        return drawn % one_in == 0

    async def _place(self, row: ApprovalSummary) -> None:
        """Place the canary that follows the request, unless it is there."""
        run_id = canary.after(self._home.vault, row.id)
        query = select(tables.run.c.id).where(tables.run.c.id == run_id)

        def is_there(connection: Connection) -> bool:
            return connection.execute(query).first() is not None

        if await self._home.store.read(is_there):
            return
        try:
            await seed(
                self._home,
                1,
                person=people.machine(tenant=row.tenant),
                chance=random.Random(run_id),  # noqa: S311 - it follows from the home's key
                run_id=run_id,
            )
        except InterlockError as error:
            _log.warning("no canary was placed: %s", error)
        except Exception as error:  # noqa: BLE001 - to measure reviewers ends no worker
            self.defects += 1
            _log.error(
                "no canary was placed: unexpected, number %d",
                self.defects,
                exc_info=error,
            )
