"""A server that is a process of ours: one line of JSON for each message, in and out."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from interlock.tools.mcp.server import (
    LARGEST_BURST,
    LARGEST_MESSAGE,
    STOP_S,
    Server,
)

#: What a command needs to find its way; nothing else of ours is handed on
INHERITED: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")

_POLL_S: Final = 0.01


@asynccontextmanager
async def process_streams(server: Server) -> AsyncIterator[tuple[Any, Any]]:
    """Run the command of *server*, and yield the streams of its messages.

    The process gets no terminal, what it writes on standard error is dropped, and with the context
    it and all that it started end. Too large a message, or too many for one of ours, ends the
    stream. Raises OSError when the command cannot be run.
    """
    child = await asyncio.create_subprocess_exec(
        *server.command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=server.folder,
        env=_environment(server),
        limit=LARGEST_MESSAGE,
        start_new_session=True,
    )
    arrived, inward = anyio.create_memory_object_stream[Any](0)
    outward, leaving = anyio.create_memory_object_stream[Any](0)
    pump = _Pump(child)
    try:
        async with anyio.create_task_group() as tasks, inward, outward:
            tasks.start_soon(pump.read, arrived)
            tasks.start_soon(pump.write, leaving, arrived)
            try:
                yield inward, outward
            finally:
                tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(child)


def _environment(server: Server) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, **server.environment}


class _Pump:
    """Carries messages between one process and the session."""

    def __init__(self, child: Process) -> None:
        self._child = child
        self._left = LARGEST_BURST

    async def read(self, arrived: Any) -> None:
        """Hand on every message until the process ends or says too much."""
        stdout = self._child.stdout
        async with arrived:
            while stdout is not None:
                try:
                    line = await stdout.readline()
                except ValueError:  # longer than the reader's limit
                    return
                self._left -= len(line)
                if not line or self._left < 0:
                    return
                try:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    continue  # many servers print a line that is no message
                with suppress(anyio.BrokenResourceError):
                    await arrived.send(SessionMessage(message))

    async def write(self, leaving: Any, arrived: Any) -> None:
        """Write every message of ours; where nothing can be written, the session ends."""
        stdin = self._child.stdin
        async with leaving:
            async for sent in leaving:
                self._left = LARGEST_BURST
                text = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
                try:
                    stdin.write(text.encode() + b"\n")  # type: ignore[union-attr]  # it is a pipe
                    await stdin.drain()  # type: ignore[union-attr]  # as above
                except OSError:
                    await arrived.aclose()
                    return


async def _end(child: Process) -> None:
    """Close the input, wait a little, and kill the process with all that it started."""
    if child.stdin is not None:
        child.stdin.close()
    await _exited(child)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    await _exited(child)
    # Its pipes may be full or a grandchild's by now: nobody reads them to their end.
    child._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - nothing public closes them


async def _exited(child: Process) -> None:
    """Wait a little for the end of the process, and not, as `wait` does, for that of its pipes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_S):
            while child.returncode is None:  # noqa: ASYNC110 - the end of a process sets no event
                await asyncio.sleep(_POLL_S)
