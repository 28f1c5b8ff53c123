"""The calls of one claim: which are under way, and whose turn it is to be decided."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

from interlock.runtime.errors import InterlockError


class Calls:
    """The calls of one claim that are under way; lives as long as its door.

    Once one call has failed, no other begins or is decided (fails closed), and the failure comes
    out only when all have ended: LangGraph cancels the tasks beside one that raises, and a call cut
    off in the middle would leave an effect unknown.
    """

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._turn = asyncio.Lock()
        self.failure: InterlockError | None = None
        #: A call of this claim was refused, so the facts of the next one must show the refusal
        self.was_refused = False
        #: Action -> the bits of what is unread that it may have told; recorded only when it ends
        self.told: dict[str, int] = {}
        #: Plans of which it was asked what the policy would say
        self.foreseen = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until no other call of the claim is being decided; raises the claim's failure.

        One answer of a model may propose many calls at once. So each is decided on the record of
        the refusals before it, and a limit on them holds within one answer, too.
        """
        async with self._turn:
            if self.failure is not None:
                raise self.failure
            yield

    async def __aenter__(self) -> None:
        if self.failure is not None:
            await self._ended()
            raise self.failure
        self._count += 1
        self._none.clear()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._count -= 1
        if self._count == 0:
            self._none.set()
        if isinstance(error, InterlockError):
            self.failure = self.failure or error
            await self._ended()

    async def _ended(self) -> None:
        while self._count:
            await self._none.wait()
