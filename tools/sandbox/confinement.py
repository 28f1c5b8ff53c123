"""What a child process gives up before it reads one byte of hostile input.

Layers, outermost first. *Closed* means: if the layer cannot be put up, the child ends and nothing
is read. Which of the open ones took effect is `confine`'s result.

- Parent (`process.py`, closed): own session, empty environment, no inherited descriptor, wall
  clock, bounded answer.
- No new privileges, death with the parent (open): they narrow what is left after a break-in, and
  stop orphans.
- Empty network, IPC and user namespaces (open): no interface exists, not even loopback, and root
  loses its powers over the host. Open, because many containers forbid it.
- Files (`landlock.py`, open): the kernel opens the installed code and the system's libraries, for
  reading, and nothing else. Open, because many kernels are built or started without it.
- Kernel limits (closed): CPU, address space, no byte written to any file, 16 descriptors, no core
  file. No new process or thread either, except that Linux never holds root to that one.
- System calls (`seccomp.py`, closed where the system has such a filter): no socket, process,
  program, signal, or file opened but for reading. A system without one is macOS, or a machine other
  than x86_64 and aarch64.
- Audit hook (closed): Python code cannot use sockets, start processes, load libraries, change or
  write files, nor read any outside the installed code. It does not see native code.

So a memory-safety bug in lxml, expat or zlib passes the hook and meets the rest. Where files are
not confined it could still read what this user can, and can tell nobody but the parent, which
believes no more of an answer than its form.
"""

import ctypes
import os
import resource
import signal
import sys
from typing import Final

from interlock.tools.sandbox import landlock, seccomp
from interlock.tools.sandbox.limits import Isolation, Limits

_NEW_USER: Final = 0x10000000
_NEW_NET: Final = 0x40000000
_NEW_IPC: Final = 0x08000000
_SET_DEATH_SIGNAL: Final = 1
_SET_NO_NEW_PRIVILEGES: Final = 38
_DESCRIPTORS: Final = 16

# What the loader and libc (for `iconv`) read by themselves, late; nothing of it belongs to a user.
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")

_REFUSED_PREFIXES: Final = (
    "socket.",
    "subprocess.",
    "ctypes.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.system",
    "pty.spawn",
    "shutil.",
    "signal.",
    "sqlite3.",
    "tempfile.",
    "webbrowser.",
)
_REFUSED: Final = frozenset(
    "os." + call
    for call in (  # noqa: SIM905 - words read best as words
        "chdir chflags chmod chown kill killpg link listxattr lockf mkdir putenv remove "
        "removexattr rename rmdir setxattr symlink truncate unsetenv utime"
    ).split()
)
_WRITE_FLAGS: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def confine(limits: Limits) -> Isolation:
    """Give up everything that pure computing does not need, for the rest of this process.

    Return which open layers took effect.

    Call it once, on a process with one thread, before it reads anything hostile: there is no way
    back, and no second call. It fails closed: an `OSError` or `ValueError` from the kernel must end
    the process.
    """
    code = _code()
    network = False
    files = False
    calls = False
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        network = _leave_namespaces(libc)
        files = landlock.put_up(libc, (*code, *_LIBRARIES))
    _limit_resources(limits)
    # The filter leaves no call that the layers before it need; the hook needs none.
    if sys.platform == "linux":
        calls = seccomp.put_up(libc)
    _refuse_in_python(code)
    return Isolation(
        calls=calls,
        files=files,
        network=network,
    )


def _code() -> tuple[str, ...]:
    """Return where installed code is: what Python imports from, and the libraries beside it."""
    places = {path for path in sys.path if path}
    for prefix in (sys.prefix, sys.base_prefix):
        places.add(f"{prefix}{os.sep}lib")
        places.add(f"{prefix}{os.sep}{sys.platlibdir}")
    real = {os.path.realpath(place) for place in places}
    return tuple(real - {os.sep})


def _leave_namespaces(libc: ctypes.CDLL) -> bool:
    libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    # Root in a container without user namespaces may still have the second.
    return any(
        libc.unshare(flags | _NEW_NET | _NEW_IPC) == 0 for flags in (_NEW_USER, 0)
    )


def _limit_resources(limits: Limits) -> None:
    # One second of grace: the soft limit's SIGXCPU says which limit it was, the hard limit's
    # SIGKILL does not.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
    for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE):
        resource.setrlimit(nothing, (0, 0))


def _refuse_in_python(code: tuple[str, ...]) -> None:
    folders = tuple(path + os.sep for path in code)

    def refuse(event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = args
            refused = _writes(flags) or not _is_code(path, folders)
        else:
            refused = event in _REFUSED or event.startswith(_REFUSED_PREFIXES)
        if refused:
            raise PermissionError(f"{event} is refused in a confined process")

    sys.addaudithook(refuse)


def _writes(flags: object) -> bool:
    return not isinstance(flags, int) or bool(flags & _WRITE_FLAGS)


def _is_code(path: object, folders: tuple[str, ...]) -> bool:
    """Tell a file of the installation, which late imports need, from every other.

    A descriptor is not a path.
    """
    if not isinstance(path, (str, bytes)):
        return False
    return os.path.realpath(os.fsdecode(path)).startswith(folders)
