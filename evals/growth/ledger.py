"""What an entry of the record costs as the record grows: `interlock bench ledger`.

Each entry is sealed, chained and signed as any other; fifty go into a commit, as they do where many
runs are at work. Appending and verifying have a process each, so that each has its own memory.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, TypeAlias, get_args

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record import audit
from interlock.runtime.record.events import HOME, PolicyActivated
from interlock.runtime.record.store import Tx
from interlock.runtime.storage import Storage

Work: TypeAlias = Literal["append", "verify"]
_COMMIT: Final = 50
_KIB: Final = 1024


def ledger(*, sizes: Iterable[int]) -> list[dict[str, Any]]:
    """Return the figures of one record that grows to each of *sizes*, in order.

    Times are microseconds an entry: of the wall clock to append, and of the processor; memory is
    the most that the process had, in MiB.
    """
    figures = []
    with TemporaryDirectory(prefix="interlock-bench-") as folder:
        for size in sorted(sizes):
            row: dict[str, Any] = {"entries": size}
            for work in get_args(Work):
                row |= _apart(
                    work,
                    folder,
                    size,
                )
            figures.append(row)
    return figures


def _apart(work: Work, folder: str, size: int) -> dict[str, float]:
    """Do the work in a process of its own, and return its figures by name."""
    command = [sys.executable, "-m", __name__, work, folder, str(size)]
    finished = subprocess.run(  # noqa: S603 - our own module
        command, check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, float] = json.loads(finished.stdout)
    return {f"{work}_{name}": figure for name, figure in figures.items()}


async def measured(work: Work, folder: Path, size: int) -> dict[str, float]:
    """Do the work on the home in *folder*, and return what it took."""
    place = f"sqlite:///{folder / 'bench.db'}"
    async with Storage.open(database=place, keys=folder / "keys") as storage:
        before = (await storage.ledger.head(HOME)).size
        wall = time.perf_counter()
        processor = time.process_time()
        if work == "append":
            await _append(
                storage,
                size - before,
            )
        else:
            await _verify(storage)
        wall = time.perf_counter() - wall
        processor = time.process_time() - processor
        entries = size - before if work == "append" else size
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "us": round(1e6 * wall / entries, 1),
        "cpu_us": round(1e6 * processor / entries, 1),
        "mib": round(most / _KIB, 1),
    }


async def _append(storage: Storage, entries: int) -> None:
    revision = "0" * 64
    entry = PolicyActivated(
        log=HOME,
        revision=revision,
        previous=revision,
    )
    for first in range(0, entries, _COMMIT):
        number = min(
            _COMMIT,
            entries - first,
        )

        def work(tx: Tx, number: int = number) -> None:
            tx.events.extend([entry] * number)

        await storage.store.write(work, logs=(HOME,))


async def _verify(storage: Storage) -> None:
    report = await audit.verified(
        storage.store,
        storage.vault,
        storage.ledger,
    )
    if not report.valid:
        raise GuardFailed(
            guard="bench",
            why=str(report.problems[0]),
            next_step="Run `interlock audit verify` on a home of yours.",
        )


if __name__ == "__main__":
    name, place, number = sys.argv[1:]
    if name in get_args(Work):
        measuring = measured(name, Path(place), int(number))  # type: ignore[arg-type]  # checked above
        print(json.dumps(asyncio.run(measuring)))
