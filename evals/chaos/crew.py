"""The workers of a drill, and what is done to them."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from interlock.evals.chaos.children import Child, Nursery
from interlock.evals.chaos.faulty import SIGNALS
from interlock.evals.chaos.office import OPERATOR

#: Seconds for which a worker with a bad disk goes on, at most
_ILL_S: Final = 2.0
#: Seconds for which a worker that is asked to stop is waited for
_PATIENCE_S: Final = 10.0
#: Seconds for which a worker is stopped beyond its lease
_BEYOND_S: Final = 1.5


@dataclass(kw_only=True)
class Crew:
    """Workers that are replaced whenever one has ended."""

    nursery: Nursery
    dice: random.Random
    size: int
    workers: list[Child] = field(default_factory=list)
    #: Why workers ended that nobody ended
    exits: Counter[str] = field(default_factory=Counter)
    _stopped: set[Child] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def fill(self) -> None:
        """Begin workers until the crew is whole; those that are stopped do not count."""
        for worker in [one for one in self.workers if not one.lives]:
            self.exits[worker.why] += 1
            self.workers.remove(worker)
        while len(self.workers) < self.size:
            worker = await self.nursery.begin("worker", "--json", "--as", OPERATOR)
            self.workers.append(worker)

    def victim(self, at_work: Collection[int]) -> Child:
        """Return a worker by chance, one of those *at_work* if there is one."""
        busy = [one for one in self.workers if one.pid in at_work]
        return self.dice.choice(busy or self.workers)

    async def kill(self, victim: Child) -> None:
        """Kill the worker outright."""
        victim.signal(signal.SIGKILL)
        await self._buried(victim)

    async def sicken(self, victim: Child, fault: str) -> None:
        """Let the worker's disk fail; after a moment the worker is asked to stop, or killed."""
        number, _, _ = SIGNALS[fault]
        victim.signal(number)
        await asyncio.sleep(self.dice.uniform(0.5, _ILL_S))
        await self._end(victim)
        await self._buried(victim)

    def pause(self, victim: Child, *, lease_s: int) -> None:
        """Stop the worker for longer than its lease, while the drill goes on; then wake it."""
        self.workers.remove(victim)
        self._stopped.add(victim)
        victim.signal(signal.SIGSTOP)
        self._later(self._wake(victim, lease_s + _BEYOND_S))

    async def resume_twice(self, run_id: str) -> None:
        """Let two people carry the run on at once, beside the workers."""
        for _ in range(2):
            person = await self.nursery.begin(
                "run", "resume", run_id, "--json", "--as", OPERATOR
            )
            self._later(self._ended(person))

    async def dismiss(self) -> None:
        """Wake everyone, let every worker drain, and return when all have ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        everyone = [*self.workers, *self._stopped]
        await asyncio.gather(*(self._end(worker) for worker in everyone))
        self.workers.clear()
        self._stopped.clear()

    async def _wake(self, victim: Child, seconds: float) -> None:
        await asyncio.sleep(seconds)
        victim.signal(signal.SIGCONT)

    async def _end(self, worker: Child) -> None:
        worker.signal(signal.SIGTERM)
        await asyncio.wait([worker.ended], timeout=_PATIENCE_S)
        worker.signal(signal.SIGKILL)
        await worker.ended

    async def _ended(self, child: Child) -> None:
        await child.ended

    async def _buried(self, worker: Child) -> None:
        await worker.ended
        self.workers.remove(worker)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
