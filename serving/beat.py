"""The beat of a stream: when it shows a sign of life, and asks again whether who listens may."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


class Beat:
    """Comes every so many seconds, whether the stream is quiet or busy."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = asyncio.get_running_loop().time() + seconds

    async def before(self, queue: "asyncio.Queue[T]") -> T:
        """Return the next item; raises `TimeoutError` when the beat is due, whatever waits."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(self._next):
                if loop.time() >= self._next:
                    await asyncio.Event().wait()  # until the timeout, which is due
                return await queue.get()
        except TimeoutError:
            self._next = loop.time() + self._seconds
            raise
