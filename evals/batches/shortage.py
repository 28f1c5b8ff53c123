"""A job whose budget is used up again and again, and is raised by a command that is killed, too.

Whatever is killed while runs are held, while the budget is raised and while the runs go on again,
each of them is done once: the budget says how many effects there were.
"""

import asyncio
import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from interlock.evals.batches.process import Process
from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.spend import NO_LIMIT
from interlock.runtime.run.jobs import Job

#: What runs out
KIND: Final = "effects"
#: Within so many seconds of the start of a raise something is killed: the command needs a part of
#: them to start, and the workers the rest to go on
_WITHIN_S: Final = 5.0


@dataclass(kw_only=True)
class Shortage:
    """The raises of one job, each by *step* effects, and the kills beside the first of them."""

    step: int
    kills: int
    dice: random.Random
    #: Makes the process of a command
    command: Callable[..., Process]
    raises: int = 0
    kills_of_raises: int = 0
    _raising: Process | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """The options with which the job is submitted; none where nothing is to run out."""
        return ("--budget", f"{KIND}={self.step}") if self.step else ()

    async def mend(self, job: Job, workers: Sequence[Process]) -> int:
        """Raise the budget where it holds runs of the job; return how many processes were killed.

        Raises `GuardFailed` where the raise before this one was refused.
        """
        if self._is_raising() or not _is_used_up(job):
            return 0
        words = ("budget", "raise", job.id, KIND, f"{self.step}")
        self._raising = self.command(*words)
        await self._raising.start()
        self.raises += 1
        if not self.kills:
            return 0
        victim = self.dice.choice([self._raising, *workers])
        await asyncio.sleep(self.dice.random() * _WITHIN_S)
        return await self._killed([victim, *workers])

    def _is_raising(self) -> bool:
        raising = self._raising
        if raising is None or raising.is_alive:
            return raising is not None
        if raising.code not in {0, -signal.SIGKILL}:
            raise GuardFailed(
                guard="interlock budget raise",
                why=raising.complained,
                next_step="Mend what it says, and run the batch again.",
            )
        return False

    async def _killed(self, processes: Sequence[Process]) -> int:
        """Kill the first that is alive; where none is, the kill is left for the next raise."""
        for victim in processes:
            if victim.is_alive:
                self.kills -= 1
                self.kills_of_raises += victim is self._raising
                await victim.end(signal.SIGKILL)
                return 1
        return 0


def _is_used_up(job: Job) -> bool:
    """Whether runs are held, and nothing is left of what they lack."""
    is_held = bool(job.counts.get("held"))
    return is_held and job.spent[KIND] >= job.limits.get(KIND, NO_LIMIT)
