"""Deadlines: a worker records of each question whose time is up that nobody decided.

Where an agent asked, its run goes on and records the same; whoever comes first does it, once. What
an application outside asked about has nobody else who would record it.
"""

import asyncio
import logging
from collections.abc import Sequence
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

        One of which it cannot be recorded keeps no other from being recorded.
        """
        overdue = await self._approvals.overdue()
        for tenant, approvals in overdue.items():
            await self._record(approvals, tenant)

    async def _record(self, approvals: Sequence[str], tenant: str) -> None:
        """Record it of all at once, or of each alone where that fails."""
        try:
            await self._approvals.expire(approvals, tenant=tenant)
        except InterlockError as error:
            if len(approvals) == 1:
                _log.warning("the expiry of %s waits: %s", approvals[0], error)
                return
            for approval_id in approvals:
                await self._record([approval_id], tenant)
