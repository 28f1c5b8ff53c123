"""One server: a process of vLLM with all that it starts, and its log."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from interlock.serving.vllm.ending import Ending, ending

_LOG_MODE: Final = 0o600


class Server(Protocol):
    """What is started, waited for and ended."""

    async def wait(self) -> Ending:
        """Return why it ended, once it has."""
        ...

    def terminate(self) -> None:
        """Ask it to end what it has, and then itself."""
        ...

    async def kill(self) -> None:
        """End it and all that it started, at once; returns when it is gone."""
        ...


class Process:
    """A server that is a process of this machine, in a session of its own."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def started(
        cls, words: Sequence[str], *, environment: Mapping[str, str], log: Path
    ) -> "Process":
        """Start a process that writes its *log*; the log before it is kept beside, as `.before`.

        Raises OSError where there is no such program.
        """
        handle = _begun(log)
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                env=dict(environment),
                cwd=log.parent,
                start_new_session=True,
            )
        finally:
            os.close(handle)
        return cls(process, log)

    async def wait(self) -> Ending:
        """Return why it ended, once it has; whatever it left behind is ended, too."""
        code = await self._process.wait()
        self._end_all()
        return ending(code, self._log)

    def terminate(self) -> None:
        """Send SIGTERM to the server alone: vLLM ends its own processes when it has drained."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    async def kill(self) -> None:
        """End the whole session."""
        self._end_all()
        await self._process.wait()

    def _end_all(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _begun(log: Path) -> int:
    """Put the log before aside, and return the handle of a new one."""
    if log.exists():
        log.replace(log.with_name(f"{log.name}.before"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _LOG_MODE)
