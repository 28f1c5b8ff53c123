"""The filter of system calls as a program, run here step by step for both machines, whichever this
one is.
"""

import ctypes
import errno
import os
import struct
from dataclasses import dataclass
from typing import Final, cast

import pytest

from interlock.tools.sandbox.seccomp import program, put_up

ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
UNKNOWN: Final = 0x00050000 | errno.ENOSYS
REFUSED: Final = 0x00050000 | errno.EPERM
ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS: Final = {
    "x86_64": {"openat": 257, "fcntl": 72, "prlimit64": 302},
    "aarch64": {"openat": 56, "fcntl": 25, "prlimit64": 261},
}
machines: Final = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """A twin of libc on a kernel that answers `prctl` so, by the operation."""

    answers: dict[int, int]

    def prctl(self, operation: int, *_: object) -> int:
        return self.answers[operation]


def answer(
    machine: str, number: int, *arguments: int, architecture: int | None = None
) -> int:
    """Return what the filter for `machine` answers to one system call, as the kernel runs it."""
    steps = list(struct.iter_unpack("=HBBI", program(machine)))
    data = struct.pack(
        "=IIQ6Q",
        number,
        architecture or ARCHITECTURES[machine],
        0,
        *arguments,
        *[0] * (6 - len(arguments)),
    )
    at = loaded = 0
    while True:
        code, true, false, operand = steps[at]
        at += 1
        match code:
            case 0x20:
                (loaded,) = struct.unpack_from("=I", data, operand)
            case 0x15:
                at += true if loaded == operand else false
            case 0x45:
                at += true if loaded & operand else false
            case 0x06:
                return int(operand)
            case _:
                raise AssertionError(code)


@machines
def test_what_is_not_listed_does_not_exist(machine: str) -> None:
    """Few calls of all the numbers are allowed or looked at; every other, those to come included,
    is unknown.
    """
    known = {number for number in range(2000) if answer(machine, number) != UNKNOWN}

    assert {CALLS[machine][name] for name in CALLS[machine]} < known
    assert len(known) == {"x86_64": 59, "aarch64": 52}[machine]
    assert max(known) == 439


@machines
def test_a_call_of_another_architecture_ends_the_process(machine: str) -> None:
    """Under foreign numbers no call can be judged: i386, ARM and the other of the two machines are
    killed.
    """
    others = {0x40000003, 0x40000028, *ARCHITECTURES.values()} - {
        ARCHITECTURES[machine]
    }

    assert {answer(machine, 0, architecture=other) for other in others} == {KILL}


def test_no_call_of_x32_is_let_through() -> None:
    """The x32 numbers share the architecture of x86_64, so the bit they carry must keep them off
    the list.
    """
    assert {answer("x86_64", 0x40000000 | number) for number in range(2000)} == {
        UNKNOWN
    }


@machines
@pytest.mark.parametrize(
    "flags",
    [
        os.O_WRONLY,
        os.O_RDWR,
        3,
        os.O_CREAT,
        os.O_TRUNC,
        os.O_APPEND,
        os.O_TMPFILE | os.O_RDWR,
    ],
)
def test_a_file_opens_for_reading_only(machine: str, flags: int) -> None:
    """Any flag that writes or creates is refused, whatever else is asked for."""
    number = CALLS[machine]["openat"]

    assert answer(machine, number, 0, 0, os.O_CLOEXEC | os.O_DIRECTORY) == ALLOW
    assert answer(machine, number, 0, 0, os.O_CLOEXEC | flags) == REFUSED
    assert machine == "aarch64" or answer(machine, 2, 0, flags) == REFUSED


@machines
def test_a_descriptor_gets_no_owner_to_signal(machine: str) -> None:
    """Of `fcntl`, the commands that read and close on exec are left; the upper half of the argument
    changes nothing.
    """
    number = CALLS[machine]["fcntl"]
    allowed = {
        command
        for command in range(2000)
        if answer(machine, number, 0, command) == ALLOW
    }

    assert allowed == {1, 2, 3}
    assert answer(machine, number, 0, 1 << 32 | 8) == REFUSED


@machines
def test_limits_are_asked_not_set(machine: str) -> None:
    """A pointer to a new limit is refused, also one whose lower half is zero."""
    number = CALLS[machine]["prlimit64"]

    assert answer(machine, number, 0, 0, 0, 0x7000) == ALLOW
    assert answer(machine, number, 0, 0, 0x7000) == REFUSED
    assert answer(machine, number, 0, 0, 1 << 32) == REFUSED


def test_a_system_without_the_filter_is_open_and_says_so() -> None:
    """A kernel that does not know the filter leaves the child without it, and the answer is no."""
    assert not put_up(cast(ctypes.CDLL, Kernel(answers={21: -1})))


@pytest.mark.parametrize("mode", [0, 2])
def test_a_kernel_that_refuses_the_filter_ends_the_child(mode: int) -> None:
    """A kernel that knows the filter must take it, in a container that has one of its own too."""
    with pytest.raises(OSError, match="filter"):
        put_up(cast(ctypes.CDLL, Kernel(answers={21: mode, 22: -1})))
