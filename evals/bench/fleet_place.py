"""Where a fleet is measured: an empty database for each measurement, and the processes on it."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final, Literal, TypeAlias

from interlock.evals.bench.fleet_subject import READY, Part, Took, queue
from interlock.evals.bench.queue import queue as claims
from interlock.evals.postgresql import Server, served
from interlock.runtime.errors import GuardFailed

Database: TypeAlias = Literal["sqlite", "postgres"]
_SUBJECT: Final = "interlock.evals.bench.fleet_subject"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """What the processes of one measurement took together."""

    parts: tuple[Took, ...]
    #: Processor time of the database server; 0 where there is none
    server_s: float

    @property
    def steps(self) -> int:
        """The steps of all processes."""
        return sum(part.steps for part in self.parts)

    @property
    def steps_per_s(self) -> float:
        """The steps a second until the last process was done."""
        return self.steps / max(part.wall_s for part in self.parts)

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time a step, in the processes that carry the runs."""
        return 1e6 * sum(part.processor_s for part in self.parts) / self.steps

    @property
    def server_us(self) -> float:
        """Microseconds of processor time a step in the database server."""
        return 1e6 * self.server_s / self.steps


class Place:
    """Makes an empty database for each measurement in a folder; made by `opened`."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self._folder = folder
        self._server = server
        self._numbers = count()

    def carried(self, part: Part, *, workers: int = 1, tenants: int = 1) -> Fleet:
        """Let so many workers carry the part's runs on together."""
        folder, url = self._empty()
        whole = replace(part, url=url, folder=str(folder))
        if part.kind != "stock":
            asyncio.run(queue(whole, tenants=tenants))
        share = replace(whole, runs=whole.runs // workers)
        before_s = self._server_s()
        parts = _carried([share] * workers)
        return Fleet(parts=parts, server_s=self._server_s() - before_s)

    def claims(self, runs: int) -> dict[str, float]:
        """Return what a claim takes before so many queued runs, in milliseconds."""
        _, url = self._empty()
        figures = claims(queued=runs, claims=runs, database=url)
        taken_ms: dict[str, float] = figures["claim_ms"]
        return taken_ms

    def _empty(self) -> tuple[Path, str]:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        if self._server is None:
            return folder, f"sqlite:///{folder / 'fleet.db'}"
        return folder, self._server.database()

    def _server_s(self) -> float:
        return 0.0 if self._server is None else self._server.processor_s()


@contextmanager
def opened(database: Database) -> Iterator[Place]:
    """Open a place on the disk of the working directory; a server of its own for PostgreSQL."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as made:
        folder = Path(made)
        if database == "sqlite":
            yield Place(folder, None)
            return
        with (
            tempfile.TemporaryDirectory(prefix="interlock-", dir="/tmp") as short,
            served(Path(short), durable=True) as server,
        ):
            yield Place(folder, server)


def _carried(parts: Sequence[Part]) -> tuple[Took, ...]:
    """Begin a process for each part, let all go at once, and return what they took."""
    processes = [_begun(part) for part in parts]
    for process in processes:
        if process.stdout is None or process.stdout.readline() != READY:
            raise _failed()
    for process in processes:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    return tuple(_ended(process) for process in processes)


def _begun(part: Part) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", _SUBJECT, json.dumps(asdict(part))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _ended(process: "subprocess.Popen[str]") -> Took:
    printed, _ = process.communicate()
    if process.returncode != 0:
        raise _failed()
    return Took(**json.loads(printed))


def _failed() -> GuardFailed:
    return GuardFailed(
        guard="bench",
        why="a process of the fleet failed",
        next_step="Its own words stand above.",
    )
