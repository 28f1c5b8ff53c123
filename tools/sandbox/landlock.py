"""A sandbox in the kernel that leaves a process some files to read, and no other file.

It holds against native code, and against root. It judges what is opened from now on; descriptors
that are open stay so. It does not hide that a file is there, how large it is, or where a link
leads. Where the kernel has it, TCP ports, abstract Unix sockets and signals to processes outside
are closed too. Numbers and layouts are those of `man 7 landlock` and `linux/landlock.h`; its three
system calls have the same numbers on every machine but Alpha.
"""

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from typing import Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1

_READ_FILE: Final = 1 << 2
_READ_DIRECTORY: Final = 1 << 3

# From which version of the interface the kernel knows which rights. All it knows are taken away.
_FILE_RIGHTS: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
_NETWORK_RIGHTS: Final = ((4, 0b11),)
_SCOPES: Final = ((6, 0b11),)


def put_up(libc: ctypes.CDLL, readable: Iterable[str]) -> bool:
    """Close every file to this thread for good but those at or below `readable`.

    Return whether that took effect.

    It fails open: a kernel without it, or that refuses it, leaves all as it was. A path that is not
    there, or that cannot be opened, stays closed. The process must have given up new privileges
    before.
    """
    libc.syscall.restype = ctypes.c_long
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return False
    # struct landlock_ruleset_attr; an older kernel takes the longer form as long as what it does
    # not know is zero.
    taken = struct.pack(
        "=QQQ",
        *(
            _known(rights, version)
            for rights in (_FILE_RIGHTS, _NETWORK_RIGHTS, _SCOPES)
        ),
    )
    ruleset = libc.syscall(_CREATE_RULESET, taken, ctypes.c_size_t(len(taken)), 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            with contextlib.suppress(OSError):
                _allow(libc, ruleset, path)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _known(rights: tuple[tuple[int, int], ...], version: int) -> int:
    return sum(bits for since, bits in rights if since <= version)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        listed = _READ_DIRECTORY if stat.S_ISDIR(os.fstat(place).st_mode) else 0
        # struct landlock_path_beneath_attr, which is packed. A rule that is not taken leaves the
        # path closed.
        libc.syscall(
            _ADD_RULE,
            ruleset,
            _PATH_BENEATH,
            struct.pack("=Qi", _READ_FILE | listed, place),
            0,
        )
    finally:
        os.close(place)
