"""What makes a child of a drill fail: system calls that answer with an error, and short leases.

This is put into a child of the drill before the child becomes a worker. Nothing of the product
knows of it, and no setting reaches it. A fault stays until the process ends: its kernel answers so.
"""

import ctypes
import errno
import os
import signal
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from interlock.runtime.run import claim, runs, turn

#: fsync, fdatasync: the disk does not take what it was given
_SYNC: Final = {"x86_64": (74, 75), "aarch64": (82, 83)}
#: pwrite64, fallocate: a database's file takes no more
_WRITE: Final = {"x86_64": (18, 285), "aarch64": (68, 47)}
_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
#: The signal that brings the fault: which calls fail, and with which error
SIGNALS: Final[Mapping[str, tuple[signal.Signals, Mapping[str, Any], int]]] = {
    "eio": (signal.SIGUSR1, _SYNC, errno.EIO),
    "full": (signal.SIGUSR2, _WRITE, errno.ENOSPC),
}
_NO_NEW_PRIVILEGES: Final = 38
_SET_FILTER: Final = 1
_ALL_THREADS: Final = 1
# struct sock_filter, and its instructions: see `man 2 seccomp`
_STEP: Final = struct.Struct("=HBBI")
_LOAD_NUMBER: Final = (0x20, 0, 0, 0)
_ALLOW: Final = (0x06, 0, 0, 0x7FFF0000)
_FAIL: Final = 0x00050000


def can_fail() -> bool:
    """Whether system calls can be made to fail on this machine."""
    return os.uname().sysname == "Linux" and os.uname().machine in _SECCOMP


def arm(*, lease_s: int) -> None:
    """Let this process hold short leases, and fail once it is signalled."""
    _shorten(lease_s)
    if can_fail():
        for number, calls, error in SIGNALS.values():
            signal.signal(number, _failing(calls[os.uname().machine], error))


def _shorten(lease_s: int) -> None:
    """Make leases and back-offs so short that a drill meets their ends."""
    for place, name, value in (
        (claim, "LEASE_S", lease_s),
        (runs, "BEAT_S", lease_s / 3),
        (turn, "_FIRST_S", 1),
        (turn, "_LONGEST_S", lease_s),
    ):
        if not hasattr(place, name):
            raise AttributeError(f"{place.__name__} has no {name}: mend the drill")
        setattr(place, name, value)


def _failing(calls: Sequence[int], error: int) -> Any:
    def begin(_number: int, _frame: object) -> None:
        fail(calls, error)

    return begin


def fail(calls: Sequence[int], error: int) -> None:
    """Let the kernel answer the system calls of those numbers with *error*, in all threads.

    Raises OSError where the kernel does not: then the drill would prove nothing.
    """
    steps = [_LOAD_NUMBER]
    for number in calls:
        steps += [(0x15, 0, 1, number), (0x06, 0, 0, _FAIL | error)]
    packed = b"".join(_STEP.pack(*step) for step in [*steps, _ALLOW])
    text = ctypes.create_string_buffer(packed, len(packed))
    header = struct.pack("HP", len(packed) // _STEP.size, ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    number = _SECCOMP[os.uname().machine]
    if libc.syscall(number, _SET_FILTER, _ALL_THREADS, header) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused to let calls fail")
