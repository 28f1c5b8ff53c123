"""One command as a process of its own, which can be killed and started again."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

_PROGRAM: Final = Path(sys.executable).with_name("interlock")
_OWN_MEMORY: Final = "RssAnon:"
_KIB: Final = 1024
_QUARTER: Final = 4


@dataclass(kw_only=True)
class Process:
    """One command; what it prints is kept, what it complains of is kept, too."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    starts: int = 0
    #: How far the batch was, and the memory of the process then, in MiB
    memory: list[tuple[int, float]] = field(default_factory=list)
    _running: asyncio.subprocess.Process | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the process is at work."""
        return self._running is not None and self._running.returncode is None

    @property
    def code(self) -> int | None:
        """How the process ended last, None while it has not."""
        return None if self._running is None else self._running.returncode

    @property
    def said(self) -> str:
        """What the newest process of it has printed."""
        return self._file("out").read_text("utf-8")

    @property
    def complained(self) -> str:
        """What the newest process of it has said of failures."""
        return self._file("err").read_text("utf-8")

    async def start(self) -> None:
        """Start the command anew; its memory is measured from here on."""
        self.starts += 1
        self.memory.clear()
        with self._file("out").open("wb") as out, self._file("err").open("wb") as err:
            self._running = await asyncio.create_subprocess_exec(
                _PROGRAM,
                *self.words,
                env=dict(self.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    async def end(self, number: signal.Signals) -> None:
        """Send the signal, and return when the process is gone."""
        if self._running is None:
            return
        if self.is_alive:
            self._running.send_signal(number)
        await self._running.wait()

    def measure(self, progress: int) -> None:
        """Note how much memory the process has of its own, now that the batch is so far."""
        if self._running is None:
            return
        try:
            status = Path(f"/proc/{self._running.pid}/status").read_text("ascii")
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith(_OWN_MEMORY):
                mib = int(line.split()[1]) / _KIB
                self.memory.append((progress, mib))

    def quarters(self) -> tuple[float, float] | None:
        """Return the median memory in the first and the last quarter of what it has worked on.

        Until the batch goes on the process only starts, which tells nothing.
        """
        before = self.memory[0][0] if self.memory else 0
        worked = [(done, mib) for done, mib in self.memory if done > before]
        if not worked:
            return None
        first, last = worked[0][0], worked[-1][0]
        quarter = (last - first) / _QUARTER
        early = [mib for done, mib in worked if done <= first + quarter]
        late = [mib for done, mib in worked if done >= last - quarter]
        return round(median(early), 1), round(median(late), 1)

    def _file(self, kind: str) -> Path:
        return self.folder / f"{self.words[0]}-{id(self)}.{kind}"
