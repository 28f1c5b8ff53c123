"""A crew: workers that an engine for clusters has placed, told and drained from one place.

The engine starts a worker anew when its process or its machine dies; what the dead worker was at is
claimed by others when its leases are over, as that of any worker.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from interlock.serving.worker import Turn, Until


class Hand(Protocol):
    """One worker, wherever it was placed."""

    def work(self, until: Until) -> Awaitable[None]:
        """Return when the worker has ended; raises what ends the worker for good."""

    def news(self) -> Awaitable[list[Turn]]:
        """Wait for a turn that ended, and return those since the last call."""

    def drain(self) -> Awaitable[None]:
        """Let the worker claim nothing more, and end the steps that are under way."""


class Crew:
    """Several hands as one worker; *told* hears of every turn of theirs.

    When one hand ends for good with an error the others are drained, and the error is raised: a
    crew that is smaller than it was asked to be would go unseen (fails closed).
    """

    def __init__(self, hands: Sequence[Hand], *, told: Callable[[Turn], None]) -> None:
        self._hands = hands
        self._told = told
        self._drains: list[asyncio.Future[None]] = []
        self._working: list[asyncio.Future[None]] = []

    def drain(self) -> None:
        """Drain every hand; not awaited."""
        self._drains += [asyncio.ensure_future(hand.drain()) for hand in self._hands]

    def stop(self) -> None:
        """Wait for no hand any more: its engine ends it with this process."""
        for waited in (*self._working, *self._drains):
            waited.cancel()

    async def work(self, until: Until) -> None:
        """Let all hands work; returns when every one has ended."""
        listening = [asyncio.create_task(self._hear(hand)) for hand in self._hands]
        self._working = [
            asyncio.ensure_future(hand.work(until)) for hand in self._hands
        ]
        try:
            await asyncio.wait(
                self._working,
                return_when=asyncio.FIRST_EXCEPTION,
            )
            if not all(working.done() for working in self._working):
                self.drain()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*self._working)
        finally:
            # Whoever has ended need not hear of a drain, so nobody waits for one that hangs.
            over = [*self._drains, *listening]
            for task in over:
                task.cancel()
            await asyncio.gather(*over, return_exceptions=True)

    async def _hear(self, hand: Hand) -> None:
        while True:
            for turn in await hand.news():
                self._told(turn)
