"""What a loop waits for: whether the work that it handed in became durable."""

import asyncio
from contextlib import suppress
from typing import Any


class Receipt:
    """What became of work that was handed in; the writer's thread says so, once.

    Any number of tasks of one loop may wait. Whoever goes away cancels nothing. A loop that was
    closed is told nothing.
    """

    __slots__ = ("_error", "_loop", "_result", "_waiters", "is_told")

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._result: Any = None
        self._error: Exception | None = None
        #: Whether it is known what became of the work
        self.is_told = False

    def set_result(self, result: Any) -> None:
        """Say that the work is durable; on the writer's thread."""
        self._result = result
        self._tell()

    def set_exception(self, error: Exception) -> None:
        """Say why the work is not durable; on the writer's thread."""
        self._error = error
        self._tell()

    async def outcome(self) -> Any:
        """Wait, and return what the work returned; raises what it failed with."""
        if not self.is_told:
            await self._wait()
        return self.told()

    async def _wait(self) -> None:
        self._loop = asyncio.get_running_loop()
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        if self.is_told:  # looked at last: see `_tell`
            self._wake()
        await waiter

    def told(self) -> Any:
        """Return what the work returned, once `is_told`; raises what it failed with."""
        if self._error is not None:
            raise self._error
        return self._result

    def _tell(self) -> None:
        self.is_told = True
        # Whoever begins to wait after the line above sees that it is told.
        if self._waiters and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
