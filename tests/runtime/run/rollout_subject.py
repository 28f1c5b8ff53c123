"""The subject of test_rollout.py: a process that promotes the rollout that is under way.

It dies inside the transaction, after the entries of rollout, release and policy were added, or
after the commit.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final

from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx
from interlock.runtime.run import rollout
from interlock.runtime.testing import World

#: Inside the transaction, and after it
INSIDE: Final = "turned"
AFTER: Final = "committed"


async def main(folder: Path, point: str) -> None:
    """Promote the candidate, and die at *point*."""
    async with World(folder) as world:
        here = await world.store.read(lambda look: rollout.newest(look, world.vault))
        assert here is not None

        def work(tx: Tx) -> None:
            rollout.turn(tx, world.vault, here, how="promoted")
            if point == INSIDE:
                os.kill(os.getpid(), signal.SIGKILL)

        await world.store.write(work, logs=(HOME,))
        if point == AFTER:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
