"""A filter in the kernel that leaves a process the system calls of computing and reading.

It is an allow list. A deny list must know every call of every kernel to come: `openat2`, `io_uring`
and `pidfd_getfd` each passed the lists written before them. And an allow list need not break where
libc or Python is another: a call that is not listed fails with `ENOSYS`, as on an older kernel, and
whoever wanted it falls back on the older one, which is listed. So `selectors`, imported late, finds
no epoll and goes on.

The filter sees numbers, not what a pointer leads to: which file is opened is for
`interlock.tools.sandbox.landlock`. A call under the numbers of another architecture ends the
process; those of x32 carry a bit that no listed number has. Numbers and layouts are those of `man 2
seccomp`, `linux/seccomp.h`, `linux/filter.h`, `linux/audit.h`, `linux/prctl.h` and, for the calls,
`asm/unistd_64.h` (x86_64) and `asm-generic/unistd.h` (aarch64).
"""

import ctypes
import errno
import fcntl
import os
import struct
import sys
from typing import Final

_PR_GET_SECCOMP: Final = 21
_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2

# struct sock_filter: code, jump if true, jump if false, operand. A jump counts the instructions it
# passes over.
_Step = tuple[int, int, int, int]
_STEP: Final = struct.Struct("=HBBI")
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K

# struct seccomp_data: number, architecture, instruction pointer, six arguments of 64 bits. Both
# machines are little-endian.
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_ARGUMENTS: Final = 16

_ALLOW: Final[_Step] = (_RETURN, 0, 0, 0x7FFF0000)
_KILL: Final[_Step] = (_RETURN, 0, 0, 0x80000000)
_UNKNOWN: Final[_Step] = (_RETURN, 0, 0, 0x00050000 | errno.ENOSYS)
_REFUSE: Final[_Step] = (_RETURN, 0, 0, 0x00050000 | errno.EPERM)

# AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64.
_MACHINES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Each call's number on x86_64 and on aarch64, which has no older form of some.
_FREE: Final[tuple[tuple[str, int, int | None], ...]] = (
    ("read", 0, 63),
    ("readv", 19, 65),
    ("pread64", 17, 67),
    ("write", 1, 64),
    ("writev", 20, 66),
    ("lseek", 8, 62),
    ("close", 3, 57),
    ("stat", 4, None),
    ("fstat", 5, 80),
    ("lstat", 6, None),
    ("newfstatat", 262, 79),
    ("statx", 332, 291),
    ("access", 21, None),
    ("faccessat", 269, 48),
    ("faccessat2", 439, 439),
    ("readlink", 89, None),
    ("readlinkat", 267, 78),
    ("getcwd", 79, 17),
    ("getdents", 78, None),
    ("getdents64", 217, 61),
    ("mmap", 9, 222),
    ("mprotect", 10, 226),
    ("munmap", 11, 215),
    ("mremap", 25, 216),
    ("madvise", 28, 233),
    ("brk", 12, 214),
    ("futex", 202, 98),
    ("getrandom", 318, 278),
    ("exit", 60, 93),
    ("exit_group", 231, 94),
    ("rt_sigaction", 13, 134),
    ("rt_sigprocmask", 14, 135),
    ("rt_sigreturn", 15, 139),
    ("sigaltstack", 131, 132),
    ("restart_syscall", 219, 128),
    ("getpid", 39, 172),
    ("getppid", 110, 173),
    ("gettid", 186, 178),
    ("getuid", 102, 174),
    ("geteuid", 107, 175),
    ("getgid", 104, 176),
    ("getegid", 108, 177),
    ("getrlimit", 97, 163),
    ("getrusage", 98, 165),
    ("times", 100, 153),
    ("sysinfo", 99, 179),
    ("uname", 63, 160),
    ("sched_yield", 24, 124),
    ("sched_getaffinity", 204, 123),
    ("time", 201, None),
    ("gettimeofday", 96, 169),
    ("clock_gettime", 228, 113),
    ("clock_getres", 229, 114),
    ("clock_nanosleep", 230, 115),
    ("nanosleep", 35, 101),
)


def put_up(libc: ctypes.CDLL) -> bool:
    """Put this thread under the filter for good; `False` on a system that has no such filter.

    Such are machines other than x86_64 and aarch64, and kernels that do not know `PR_GET_SECCOMP`.
    Everywhere else it fails closed: an `OSError` must end the process. The process must have given
    up new privileges before.
    """
    machine = os.uname().machine
    if (
        machine not in _MACHINES
        or sys.maxsize < 2**32
        or libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) < 0
    ):
        return False
    steps = program(machine)
    text = ctypes.create_string_buffer(steps, len(steps))
    # struct sock_fprog: how many steps, and where.
    header = struct.pack("HP", len(steps) // _STEP.size, ctypes.addressof(text))
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0) != 0:
        raise OSError(
            ctypes.get_errno(), "the kernel refused the filter of system calls"
        )
    return True


def program(machine: str) -> bytes:
    """Return the filter for `machine` as the kernel takes it.

    Another machine than the two is a `KeyError`.
    """
    newer = machine == "aarch64"
    steps: list[_Step] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _MACHINES[machine]),
        _KILL,
        (_LOAD, 0, 0, _NUMBER),
    ]
    for _, old, new in _FREE:
        steps += _when(new if newer else old, [_ALLOW])
    for (old, new), answer in _WITH_ARGUMENTS.items():
        steps += _when(new if newer else old, answer)
    steps.append(_UNKNOWN)
    return b"".join(_STEP.pack(*step) for step in steps)


def _when(number: int | None, answer: list[_Step]) -> list[_Step]:
    """Return the steps that give `answer`, whose every path returns, to the call of that number."""
    if number is None:
        return []
    return [(_EQUAL, 0, len(answer), number), *answer]


def _for_reading(argument: int) -> list[_Step]:
    # The kernel takes flags and commands as 32 bits, so the upper half says nothing.
    return [
        _low(argument),
        (_ANY_BIT, 0, 1, _WRITING),
        _REFUSE,
        _ALLOW,
    ]


def _one_of(argument: int, *values: int) -> list[_Step]:
    steps = [_low(argument)]
    for value in values:
        steps += _when(value, [_ALLOW])
    return [*steps, _REFUSE]


def _null(argument: int) -> list[_Step]:
    high: _Step = (_LOAD, 0, 0, _ARGUMENTS + 8 * argument + 4)
    return [
        _low(argument),
        (_EQUAL, 0, 3, 0),
        high,
        (_EQUAL, 0, 1, 0),
        _ALLOW,
        _REFUSE,
    ]


def _low(argument: int) -> _Step:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)


# Calls that are allowed with some arguments only: their numbers as above, and the answer.
_WITH_ARGUMENTS: Final[dict[tuple[int, int | None], list[_Step]]] = {
    (2, None): _for_reading(1),  # open
    (257, 56): _for_reading(2),  # openat
    # fcntl: with F_SETOWN and F_SETSIG a pipe would send signals to other processes.
    (72, 25): _one_of(1, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL),
    (302, 261): _null(2),  # prlimit64, which asks then, and sets nothing
}
