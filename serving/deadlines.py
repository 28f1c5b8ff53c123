"""Deadlines: a worker records of each question whose time is up that nobody decided.

Where an agent asked, its run goes on and records the same; whoever comes first does it, once. What
an application outside asked about has nobody else who would record it.
"""

import asyncio
import logging
from typing import Final

from interlock.runtime.errors import InterlockError
from interlock.runtime.run.approvals import Approvals

#: Seconds between two looks
_LOOK_S: Final = 5.0
_log: Final = logging.getLogger(__name__)


class Deadlines:
    """Records expiries for as long as it works; two at once record each of them once."""

    #: It goes on after none
    defects: Final = 0

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    async def work(self) -> None:
        """Look again and again until cancelled; that the database is away ends nothing."""
        while True:
            try:
                await self.settle()
            except InterlockError as error:
                _log.warning("expiries wait: %s", error)
            await asyncio.sleep(_LOOK_S)

    async def settle(self) -> None:
        """Record what there is to record now, and return.

        What cannot be recorded of one tenant keeps no other from being recorded.
        """
        overdue = await self._approvals.overdue()
        for tenant, approvals in overdue.items():
            try:
                await self._approvals.expire(approvals, tenant=tenant)
            except InterlockError as error:
                _log.warning("expiries of tenant %s wait: %s", tenant, error)
