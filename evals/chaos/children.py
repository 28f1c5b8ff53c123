"""The children of a drill as the drill sees them: begun, signalled, and reaped."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from interlock.runtime.errors import GuardFailed

#: What the environment of a child never has: settings of whoever drills
_OURS: Final = "INTERLOCK_"
_STARTS_WITHIN_S: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Child:
    """One process that runs one command."""

    pid: int
    #: The file of its standard output
    output: Path
    #: Its exit code, negative for the signal that ended it
    ended: "asyncio.Future[int]"

    @property
    def lives(self) -> bool:
        """Whether the process has not ended."""
        return not self.ended.done()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.lives:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def told(self) -> list[dict[str, Any]]:
        """Return the JSON objects that the command printed; a line that was cut off is none."""
        return _objects(self.output)

    @property
    def why(self) -> str:
        """The code of the error that it ended with, or how it ended otherwise."""
        for told in reversed(_objects(self.output.with_suffix(".err"))):
            if "error" in told:
                return str(told["error"]["code"])
        return str(self.ended.result())


@dataclass(kw_only=True)
class Nursery:
    """Begins children that are forked from one process; made by `Nursery.opened`."""

    process: Process
    folder: Path
    lease_s: int
    children: list[Child] = field(default_factory=list)
    _orders: "count[int]" = field(default_factory=count)
    _begun: dict[int, "asyncio.Future[Child]"] = field(default_factory=dict)
    _living: dict[int, Child] = field(default_factory=dict)
    _is_closed: bool = False

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, folder: Path, *, lease_s: int, variables: Mapping[str, str]
    ) -> AsyncIterator["Nursery"]:
        """Start the process, and end it with all its children; files lie in *folder*."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "interlock.evals.chaos.nursery",
            stdin=PIPE,
            stdout=PIPE,
            env=_environment(variables),
            cwd=folder,
        )
        nursery = cls(
            process=process,
            folder=folder,
            lease_s=lease_s,
        )
        async with asyncio.timeout(_STARTS_WITHIN_S):
            await nursery._line()
        hearing = asyncio.create_task(nursery._hear())
        try:
            yield nursery
        finally:
            nursery._is_closed = True
            _stdin(process).close()
            await hearing
            await process.wait()

    async def begin(self, *words: str) -> Child:
        """Begin a child that runs `interlock` with the words."""
        number = next(self._orders)
        order = {
            "order": number,
            "words": words,
            "output": str(self._output(number).with_suffix("")),
            "lease_s": self.lease_s,
        }
        begun: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._begun[number] = begun
        _stdin(self.process).write(f"{json.dumps(order)}\n".encode())
        return await begun

    def _output(self, number: int) -> Path:
        return self.folder / f"child-{number}.out"

    async def _line(self) -> dict[str, Any]:
        if self.process.stdout is None:
            raise TypeError("the process needs a pipe")
        line = await self.process.stdout.readline()
        told: dict[str, Any] = json.loads(line) if line else {}
        return told

    async def _hear(self) -> None:
        while told := await self._line():
            if "begun" in told:
                self._add(told["begun"], told["order"])
            else:
                self._living.pop(told["ended"]).ended.set_result(told["code"])
        if not self._is_closed:
            self._bereave()

    def _bereave(self) -> None:
        """Let nobody wait for what an ended process would have told (fails closed)."""
        gone = GuardFailed(
            guard="nursery",
            why="it has ended, and with it whatever it was to begin and to tell",
            next_step="Look at what it says, and drill again.",
        )
        for begun in self._begun.values():
            begun.set_exception(gone)
        for child in self._living.values():
            child.ended.set_exception(gone)
        self._begun.clear()
        self._living.clear()

    def _add(self, pid: int, order: int) -> None:
        child = Child(
            pid=pid,
            output=self._output(order),
            ended=asyncio.get_running_loop().create_future(),
        )
        self._living[pid] = child
        self.children.append(child)
        self._begun.pop(order).set_result(child)


def _objects(file: Path) -> list[dict[str, Any]]:
    told = []
    for line in file.read_text("utf-8").splitlines():
        with suppress(ValueError):
            told.append(json.loads(line))
    return [one for one in told if isinstance(one, dict)]


def _stdin(process: Process) -> asyncio.StreamWriter:
    if process.stdin is None:
        raise TypeError("the process needs a pipe")
    return process.stdin


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    kept: Sequence[str] = [name for name in os.environ if not name.startswith(_OURS)]
    return {name: os.environ[name] for name in kept} | dict(variables)
