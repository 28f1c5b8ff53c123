"""Looks that are shared: who asks before a look begins gets what that look finds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """One *look* for all tasks of one loop that ask at the same time.

    Nobody is told of a look that began before the question. So each task sees what was committed
    when the task asked, as with a look of its own. Raises what the look raises, to all who wait
    for that look. Whoever goes away cancels nothing.
    """

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        #: The look that has not begun
        self._coming: asyncio.Task[T] | None = None

    async def look(self) -> T:
        """Return what a look finds that begins after this question."""
        coming = self._coming
        if coming is None or coming.cancelling():  # it will never begin
            coming = self._coming = asyncio.create_task(self._begun())
        return await asyncio.shield(coming)

    async def _begun(self) -> T:
        self._coming = None  # whoever asks from here on waits for another look
        return await self._look()
