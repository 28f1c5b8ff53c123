"""The subject of test_promotion_kill.py: a process that turns the release in force again and again.

It dies inside the first transaction where the order says so: after the entries of the change were
added, or after everything was handed to the database and before the commit is known.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final

from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx
from interlock.runtime.run import promotion
from interlock.runtime.testing import World

FOREVER: Final = "forever"


async def main(folder: Path, point: str, names: list[str]) -> None:
    """Turn to each release in its turn, and die at *point* of the first change."""
    async with World(folder) as world:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            for name in names:
                await turn(world, name, point)


async def turn(world: World, name: str, point: str) -> None:
    """Put *name* in force unless it is."""

    def work(tx: Tx) -> None:
        before = promotion.newest(tx.connection, world.vault).release
        if before == name:
            return
        promotion.turn(tx, world.vault, name, how="promoted", after=before, by="rita")
        if point == "turned":
            os.kill(os.getpid(), signal.SIGKILL)

    await world.store.write(work, logs=(HOME,))
    if point == "committed":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
