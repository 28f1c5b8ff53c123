"""What a confined child may use, what holds the child, and why a parent refuses its answer."""

from dataclasses import dataclass
from typing import Final, Literal

_MIB: Final = 1024 * 1024

Code = Literal["limit", "malformed", "unreadable"]
"""`limit`: the child wanted too much. `malformed`: it crashed. `unreadable`: no answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much one child process may use; a child that wants more is ended."""

    cpu_s: int = 20
    """CPU seconds of the child, its start included."""
    wall_s: float = 30.0
    """Seconds from the start of the child to its end."""
    memory_bytes: int = 1024 * _MIB
    """Address space of the child."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Isolation:
    """Which layers of the kernel hold a child on this machine.

    `False` where the system has or grants none.

    The layers that every machine has are not named here: without one of those no child runs.
    """

    calls: bool
    """The kernel refuses every system call but those of computing and of reading files."""
    files: bool
    """The kernel opens nothing but installed code and system libraries."""
    network: bool
    """The network is an empty one of the child's own."""


class Refusal(Exception):
    """A child gave no answer: `code` says why, `detail` in words that do not quote the input."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(code, detail)
        self.code: Code = code
        self.detail = detail
