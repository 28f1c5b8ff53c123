"""Files closed by the kernel: what Landlock alone holds, without the filter of system calls over
it.
"""

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final, cast

import pytest

from interlock.tools.sandbox.landlock import put_up

PROBE: Final = """
import ctypes, errno, json, os, socket, sys
from interlock.tools.sandbox.landlock import put_up
libc = ctypes.CDLL(None, use_errno=True)
readable, other, port, *calls = sys.argv[1:]
parent = os.getppid()
libc.prctl(38, 1, 0, 0, 0)
said = put_up(libc, (readable, readable + ".none"))
def outcome(call):
    try:
        eval(call)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
print(json.dumps([said, *map(outcome, calls)]))
"""

#: Call: since which version of Landlock it is refused, and how
REFUSED: Final = {
    "open(other + '/file').read()": (1, "EACCES"),
    "os.listdir(other)": (1, "EACCES"),
    "open('/etc/passwd').read()": (1, "EACCES"),
    "os.open(readable + '/file', os.O_WRONLY)": (1, "EACCES"),
    "open(readable + '/new', 'x')": (1, "EACCES"),
    "os.remove(readable + '/file')": (1, "EACCES"),
    "os.mkdir(readable + '/folder')": (1, "EACCES"),
    "os.symlink('file', readable + '/link')": (1, "EACCES"),
    "os.execv('/bin/true', ['true'])": (1, "EACCES"),
    "os.truncate(readable + '/file', 0)": (3, "EACCES"),
    "socket.create_connection(('127.0.0.1', int(port)))": (4, "EACCES"),
    "socket.socket().bind(('127.0.0.1', 0))": (4, "EACCES"),
    "socket.socket(socket.AF_UNIX).connect('\\0' + other)": (6, "EPERM"),
    "os.kill(parent, 0)": (6, "EPERM"),
}
ALLOWED: Final = (
    "open(readable + '/file').read()",
    "os.listdir(readable)",
    "os.stat(other + '/file')",
)


class Kernel:
    """A twin of libc on a kernel with some version of Landlock that takes no ruleset, or any."""

    def __init__(self, *, version: int, ruleset: int = -1, restricted: int = 0) -> None:
        self.taken: tuple[int, ...] = ()
        self._version, self._ruleset, self._restricted = version, ruleset, restricted
        self.syscall = self._Call(self)

    class _Call:
        def __init__(self, kernel: "Kernel") -> None:
            self._kernel = kernel
            self.restype: object = None

        def __call__(self, number: int, *arguments: object) -> int:
            return self._kernel.answer(number, arguments)

    def answer(self, number: int, arguments: tuple[object, ...]) -> int:
        if number == 446:
            return self._restricted
        if arguments[0] is None:
            return self._version
        self.taken = struct.unpack("=QQQ", cast(bytes, arguments[0]))
        return self._ruleset


def test_the_kernel_leaves_reading_below_what_is_named(tmp_path: Path) -> None:
    """Outside the named places nothing opens, inside nothing is written, and newer kernels close
    ports and signals too.
    """
    for name in ("readable", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("before")
    version = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)
    refused = {
        call: error for call, (since, error) in REFUSED.items() if since <= version
    }
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as local,
    ):
        local.bind("\0" + str(tmp_path / "other"))
        local.listen()
        places = (
            str(tmp_path / "readable"),
            str(tmp_path / "other"),
            str(tcp.getsockname()[1]),
        )
        argv = [sys.executable, "-c", PROBE, *places, *refused, *ALLOWED]
        done = subprocess.run(  # noqa: S603 - our own probe
            argv, capture_output=True, text=True, timeout=20, check=True
        )
    said, *outcomes = json.loads(done.stdout)

    assert said is (version > 0)
    assert dict(
        zip((*refused, *ALLOWED), outcomes, strict=True)
    ) == refused | dict.fromkeys(ALLOWED, "done")


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        (1, (0x1FFF, 0, 0)),
        (2, (0x3FFF, 0, 0)),
        (3, (0x7FFF, 0, 0)),
        (4, (0x7FFF, 3, 0)),
        (5, (0xFFFF, 3, 0)),
        (6, (0xFFFF, 3, 3)),
        (99, (0xFFFF, 3, 3)),
    ],
)
def test_all_that_a_kernel_knows_is_taken_away(
    version: int, taken: tuple[int, int, int]
) -> None:
    """Each version of Landlock is asked for the rights it has, and none it would refuse to hear
    of.
    """
    kernel = Kernel(version=version)

    assert not put_up(cast(ctypes.CDLL, kernel), ())
    assert kernel.taken == taken


@pytest.mark.parametrize("version", [-1, 0])
def test_a_system_without_landlock_is_open_and_says_so(version: int) -> None:
    """A kernel without it leaves the files as they were, and the answer is no."""
    kernel = Kernel(version=version)

    assert not put_up(cast(ctypes.CDLL, kernel), ())
    assert kernel.taken == ()


def test_a_ruleset_that_does_not_take_effect_is_no_confinement(tmp_path: Path) -> None:
    """The answer is yes only when the kernel took the whole of it."""
    for restricted in (0, -1):
        ruleset = os.open(tmp_path, os.O_RDONLY)
        kernel = Kernel(version=6, ruleset=ruleset, restricted=restricted)
        assert put_up(cast(ctypes.CDLL, kernel), ()) is (restricted == 0)
