"""One confined child process from the parent's side: started, fed, listened to, ended on time."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from json import dumps, loads
from pathlib import Path
from typing import Final, Literal, cast

from interlock.tools.documents.document import Kind, Limits
from interlock.tools.documents.errors import Refusal

_STDIN: Final = 0
_STDOUT: Final = 1
_LONGEST_LIST: Final = 4096  # bytes

# Names the package by path without running the `__init__` of `interlock.tools`, which may load far
# more than a parser.
_START: Final = """
import importlib, sys, types
where, module, *arguments = sys.argv[1:]
for name in ("interlock", "interlock.tools"):
    sys.modules[name] = types.ModuleType(name)
for room in ("documents", "sandbox"):
    package = types.ModuleType("interlock.tools." + room)
    sys.modules[package.__name__] = package
    package.__path__ = [where + "/" + room]
main = importlib.import_module("interlock.tools." + module).main
sys.exit(main(*arguments))
"""


def command(task: Kind | Literal["isolation"], limits: Limits) -> list[str]:
    """Return the command of a child that parses one kind from stdin under `limits`, or says what isolates it."""
    return _command("documents.child", task, dumps(asdict(limits)))


async def escapes(limits: Limits) -> list[str]:
    """Return what a child under `limits` could do that it must not; nothing when its confinement holds.

    Raises `Refusal` when the child did not answer.
    """
    found: list[str] = loads(
        await run(
            _command("sandbox.escape", dumps(asdict(limits))),
            b"",
            wall_s=limits.wall_s,
            max_output=_LONGEST_LIST,
        )
    )
    return found


def _command(module: str, *arguments: str) -> list[str]:
    where = str(Path(__file__).resolve().parent.parent)
    # Isolated mode: no environment variable, user site or current directory takes part in the
    # child's imports.
    return [sys.executable, "-I", "-c", _START, where, module, *arguments]


async def run(argv: Sequence[str], data: bytes, *, wall_s: float, max_output: int) -> bytes:
    """Return what the child wrote, once it ended with status 0 within `wall_s` seconds; else raise `Refusal`.

    The child has its own session, an empty environment and no descriptor but its three streams. It
    is gone, with its process group, when this returns, raises or is cancelled. Refusals: `limit`,
    `malformed` (it crashed), `unreadable`.
    """
    transport, channel = await _start(argv, max_output)
    try:
        async with asyncio.timeout(wall_s):
            stdin = cast(asyncio.WriteTransport, transport.get_pipe_transport(_STDIN))
            stdin.write(data)
            stdin.write_eof()
            await channel.done.wait()
    except TimeoutError:
        raise Refusal("limit", f"it was not parsed within {wall_s:g} s") from None
    finally:
        await _end(transport, channel)
    if len(channel.output) > max_output:
        raise Refusal("limit", f"its parser answered with more than {max_output} bytes")
    _check(transport.get_returncode())
    return bytes(channel.output)


class _Channel(asyncio.SubprocessProtocol):
    """Collects what the child writes, up to one chunk more than `max_output`."""

    def __init__(self, max_output: int) -> None:
        self._max_output = max_output
        self.output = bytearray()
        self.done = asyncio.Event()
        """Nothing more is wanted or to come."""
        self.lost = asyncio.Event()
        """The child was waited for and its pipes are closed."""

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        if len(self.output) <= self._max_output:
            self.output += data
        if len(self.output) > self._max_output:
            self.done.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.done.set()
        self.lost.set()


async def _start(
    argv: Sequence[str], max_output: int
) -> tuple[asyncio.SubprocessTransport, _Channel]:
    try:
        return await asyncio.get_running_loop().subprocess_exec(
            lambda: _Channel(max_output),
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise Refusal(
            "unreadable", f"the parser process did not start ({error.strerror})"
        ) from None


async def _end(transport: asyncio.SubprocessTransport, channel: _Channel) -> None:
    """Kill what is left of the group, and wait for the child; a descendant elsewhere cannot hold this up."""
    if not channel.lost.is_set():
        # Before `lost` the child was not waited for, or a member still holds a pipe: the group's
        # number is in use.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(transport.get_pid(), signal.SIGKILL)
        stdin = cast(asyncio.WriteTransport, transport.get_pipe_transport(_STDIN))
        # With nothing left to write it is closed, or about to be; asyncio does not take an abort
        # then.
        if stdin.get_write_buffer_size():
            stdin.abort()
        cast(asyncio.ReadTransport, transport.get_pipe_transport(_STDOUT)).close()
        await channel.lost.wait()
    transport.close()


def _check(status: int | None) -> None:
    if status == -signal.SIGXCPU:
        raise Refusal("limit", "parsing it takes more CPU time than allowed")
    if status == -signal.SIGKILL:
        raise Refusal(
            "limit", "its parser was killed, most often for want of memory on this machine"
        )
    if status is None or status > 0:
        raise Refusal(
            "unreadable",
            f"the parser process failed to start or to confine itself (status {status})",
        )
    if status < 0:
        raise Refusal("malformed", f"its parser crashed (signal {-status})")
