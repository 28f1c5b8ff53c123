"""The time as those see it who keep servers; a test hands in another."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """A clock that can be waited by."""

    def now(self) -> float:
        """Return the seconds since some moment; they never go back."""
        ...

    def date(self) -> int:
        """Return the seconds of the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when so many seconds are over."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return the seconds since the machine was started."""
        return time.monotonic()

    def date(self) -> int:
        """Return the seconds of the epoch."""
        return int(time.time())

    async def sleep(self, seconds: float) -> None:
        """Return when so many seconds are over."""
        await asyncio.sleep(seconds)
