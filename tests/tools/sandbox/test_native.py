"""What native code in the child cannot do: each call goes to libc, past Python and its audit hook,
and the kernel answers.
"""

import ctypes
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from interlock.tools.sandbox.limits import Isolation, Limits
from interlock.tools.sandbox.process import isolation

PROBE: Final = """
import ctypes, dataclasses, errno, json, os, sys
from interlock.tools.sandbox.confinement import confine
from interlock.tools.sandbox.limits import Limits
libc = ctypes.CDLL(None)
libc.__errno_location.restype = ctypes.POINTER(ctypes.c_int)
last = libc.__errno_location()
# A function of a library is looked up once; after `confine` the hook would refuse that.
for name in (
    "abort chmod execve fcntl fork iconv_open kill memfd_create mkdir open openat prctl prlimit "
    "ptrace rename setrlimit socket socketpair symlink syscall unlink unshare _exit"
).split():
    getattr(libc, name)
confined, file, code, *calls = sys.argv[1:]
file, code, pair, parent = file.encode(), code.encode(), (ctypes.c_int * 2)(), os.getppid()
limit = (ctypes.c_ulong * 2)()
said = dataclasses.asdict(confine(Limits())) if confined == "confined" else None
def outcome(call):
    last[0] = 0
    return errno.errorcode[last[0]] if eval(call) == -1 else "done"
print(json.dumps([said, *map(outcome, calls)]))
"""

UNKNOWN: Final = (
    "libc.socket(1, 1, 0)",
    "libc.socket(2, 1, 0)",
    "libc.socketpair(1, 1, 0, pair)",
    "libc.fork() or libc._exit(0)",
    "libc.kill(parent, 0)",
    "libc.prctl(3, 0, 0, 0, 0)",
    "libc.memfd_create(b'm', 0)",
    "libc.chmod(file, 0o644)",
    "libc.mkdir(file + b'.folder', 0o755)",
    "libc.symlink(file, file + b'.link')",
    "libc.rename(file, file + b'.moved')",
    "libc.unlink(file + b'.moved')",
)
REFUSED: Final = (
    "libc.open(file, 1)",
    "libc.open(file, 2)",
    "libc.open(file + b'.new', 0o101, 0o600)",
    "libc.openat(-100, file, 1)",
    "libc.fcntl(0, 8, 0)",
    "libc.prlimit(0, 4, limit, None)",
)
# Let through, the first replaces the probe, and the second has it stopped by its next signal; a
# container may refuse the third.
UNTRIED: Final = (
    "libc.execve(b'/bin/true', None, None)",
    "libc.ptrace(0, 0, 0, 0)",
    "libc.unshare(0)",
)


def called(
    confined: str, file: Path, *calls: str
) -> tuple[dict[str, bool], dict[str, str]]:
    """Return what `confine` said and what each call came to, in one process that was confined, or
    left free.
    """
    file.write_text("before")
    argv = [sys.executable, "-c", PROBE, confined, str(file), json.__file__, *calls]
    done = subprocess.run(  # noqa: S603 - our own script
        argv,
        capture_output=True,
        stdin=subprocess.PIPE,
        text=True,
        timeout=20,
        check=True,
    )
    said, *outcomes = json.loads(done.stdout)
    return said, dict(zip(calls, outcomes, strict=True))


def test_native_code_has_no_other_system_calls(tmp_path: Path) -> None:
    """Sockets, processes, programs, tracing, signals, namespaces and changes of the tree do not
    exist for the child.
    """
    said, outcomes = called("confined", tmp_path / "file", *UNKNOWN, *UNTRIED)

    assert said["calls"]
    assert outcomes == dict.fromkeys((*UNKNOWN, *UNTRIED), "ENOSYS")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("file", "before")
    ]


def test_native_code_opens_nothing_for_writing(tmp_path: Path) -> None:
    """A call that the child keeps is refused with the arguments that would write, signal or raise a
    limit.
    """
    _, outcomes = called("confined", tmp_path / "file", *REFUSED)

    assert outcomes == dict.fromkeys(REFUSED, "EPERM")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("file", "before")
    ]


def test_the_same_calls_are_done_where_nothing_confines(tmp_path: Path) -> None:
    """It is the confinement that refuses: every call that can be tried without it is done then."""
    _, outcomes = called("free", tmp_path / "file", *REFUSED, *UNKNOWN)

    assert set(outcomes.values()) == {"done"}


def test_native_code_reads_installed_code_only_or_confine_says_so(
    tmp_path: Path,
) -> None:
    """Where the kernel has Landlock, libc opens no file of the account or the system but code, and
    it is reported.
    """
    landlock = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0
    paths = ("b'/etc/passwd'", "b'/proc/self/environ'", "b'/'", "file", "code")
    said, outcomes = called(
        "confined", tmp_path / "file", *(f"libc.open({path}, 0)" for path in paths)
    )

    *others, code = outcomes.values()
    assert said["files"] is landlock
    assert set(others) == {"EACCES" if landlock else "done"}
    assert code == "done"


def test_libc_still_loads_its_own_late(tmp_path: Path) -> None:
    """What libc reads by itself when a document asks for another encoding is within reach."""
    _, outcomes = called(
        "confined", tmp_path / "file", "libc.iconv_open(b'UTF-8', b'KOI8-R')"
    )

    assert set(outcomes.values()) == {"done"}


def test_native_code_that_aborts_ends_the_child(tmp_path: Path) -> None:
    """Without a call that sends a signal, `abort` still ends the process by one."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        called("confined", tmp_path / "file", "libc.abort()")

    assert caught.value.returncode < 0


async def test_the_installation_tells_what_isolates_a_child(tmp_path: Path) -> None:
    """What is said of this machine is what a confined process found on it."""
    said, _ = called("confined", tmp_path / "file")

    assert await isolation(Limits()) == Isolation(**said)
