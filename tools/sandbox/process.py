"""One confined child process from the parent's side: started, fed, listened to, ended on time."""

import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from interlock.tools.sandbox.limits import Isolation, Limits, Refusal

_STDIN: Final = 0
_STDOUT: Final = 1
_PROOF_BYTES: Final = 4096
_CHILD: Final = "interlock.tools.sandbox.child"
_PROOF: Final = "interlock.tools.sandbox.escape"

# Names the packages by path without running their `__init__`s, which may load far more than the
# child needs.
_START: Final = """
import json, sys, types
folders, limits, modules, *arguments = sys.argv[1:]
for name, folder in json.loads(folders).items():
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [folder]
from interlock.tools.sandbox.child import run
sys.exit(run(limits, modules.split(","), arguments))
"""


def command(
    module: str, *arguments: str, limits: Limits, preload: Sequence[str] = ()
) -> list[str]:
    """Return the command of a confined child that calls `main(isolation, *arguments)` of *module*.

    The child loads *module* and *preload* before it is confined: what it imports later must be
    installed code. `main` returns the exit status and answers on stdout.
    """
    modules = (module, *preload)
    names = {package for name in (*modules, _CHILD) for package in _packages(name)}
    folders = {
        name: importlib.import_module(name).__path__[0] for name in sorted(names)
    }
    # A subclass of `Limits` knows more than the child has to.
    confined = {name: getattr(limits, name) for name in Limits.__dataclass_fields__}
    # Isolated mode: no environment variable, user site or current directory takes part in the
    # child's imports.
    return [
        sys.executable,
        "-I",
        "-c",
        _START,
        json.dumps(folders),
        json.dumps(confined),
        ",".join(modules),
        *arguments,
    ]


def _packages(module: str) -> Iterator[str]:
    """Yield the packages around a module, outermost first."""
    names = module.split(".")
    for length in range(1, len(names)):
        yield ".".join(names[:length])


async def escapes(limits: Limits) -> list[str]:
    """Return what a child under `limits` could do that it must not.

    Nothing when its confinement holds.

    Raises `Refusal` when the child did not answer.
    """
    proof = await _proof(limits)
    return list(proof["escapes"])


async def isolation(limits: Limits) -> Isolation | None:
    """Return which layers of the kernel hold a child under `limits` on this machine.

    `None` means that a child cannot confine itself here, so that none runs.
    """
    try:
        proof = await _proof(limits)
    except Refusal:
        return None
    return Isolation(**proof["isolation"])


async def _proof(limits: Limits) -> dict[str, Any]:
    argv = command(_PROOF, limits=limits)
    answer = await run(argv, b"", wall_s=limits.wall_s, max_output=_PROOF_BYTES)
    proof: dict[str, Any] = json.loads(answer)
    return proof


async def run(
    argv: Sequence[str], data: bytes, *, wall_s: float, max_output: int
) -> bytes:
    """Return what the child wrote, once it ended with status 0 within `wall_s` seconds.

    Else raise `Refusal`.

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
        raise Refusal("limit", f"it did not end within {wall_s:g} s") from None
    finally:
        await _end(transport, channel)
    if len(channel.output) > max_output:
        raise Refusal("limit", f"it answered with more than {max_output} bytes")
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
            "unreadable", f"its process did not start ({error.strerror})"
        ) from None


async def _end(transport: asyncio.SubprocessTransport, channel: _Channel) -> None:
    """Kill what is left of the group, and wait for the child.

    A descendant elsewhere cannot hold this up.
    """
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
        raise Refusal("limit", "it takes more CPU time than allowed")
    if status == -signal.SIGKILL:
        raise Refusal(
            "limit",
            "its process was killed, most often for want of memory on this machine",
        )
    if status is None or status > 0:
        raise Refusal(
            "unreadable",
            f"its process failed to start or to confine itself (status {status})",
        )
    if status < 0:
        raise Refusal("malformed", f"its process crashed (signal {-status})")
