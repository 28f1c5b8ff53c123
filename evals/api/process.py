"""The child of a trial, from outside: started, measured and killed."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
#: Where the processor time stands in /proc/PID/stat, behind the name of the program
_TIMES: Final = slice(11, 13)


class Child:
    """One served home as a process; started anew as often as a trial likes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: asyncio.subprocess.Process | None = None
        self.port = 0

    async def start(self) -> None:
        """Start it, and return when it listens."""
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "interlock.evals.api.child",
            str(self._folder),
            stdout=asyncio.subprocess.PIPE,
        )
        self._running = running
        line = b"" if running.stdout is None else await running.stdout.readline()
        if not line:
            raise RuntimeError("the child did not start; it says why above")
        self.port = int(line)

    async def end(self, number: signal.Signals) -> None:
        """Send the signal, and return when the process is gone."""
        if self._running is not None:
            self._running.send_signal(number)
            await self._running.wait()

    @property
    def seconds(self) -> float:
        """The processor time that the process has used."""
        if self._running is None:
            return 0.0
        stat = Path(f"/proc/{self._running.pid}/stat").read_text("ascii")
        fields = stat.rpartition(")")[2].split()
        return sum(map(int, fields[_TIMES])) / _TICKS
