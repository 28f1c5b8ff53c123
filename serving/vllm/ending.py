"""Why a server ended: what its exit code and the end of its log say."""

import re
import signal
from pathlib import Path
from typing import Final, Literal, TypeAlias

from interlock.runtime.door.tool import Value

#: out_of_memory: of the machine or a device. port_taken: somebody listens there. bad_option: vLLM
#: does not know or cannot use an option. no_weights: no model is there, or one that it cannot read.
#: no_program: nothing could be run. killed: by a signal that is not ours. broke: any other end.
#: late: not ready in time. hung: it left probe after probe unanswered and did no work
Cause: TypeAlias = Literal[
    "out_of_memory",
    "port_taken",
    "bad_option",
    "no_weights",
    "no_program",
    "killed",
    "broke",
    "late",
    "hung",
]
#: What no restart mends, where the server was never ready
HOPELESS: Final[frozenset[Cause]] = frozenset(
    {"bad_option", "no_weights", "no_program"}
)
#: So many bytes of the log's end are looked at
_LOOKED_AT: Final = 65_536
_LONGEST: Final = 300
#: The first that the log matches tells; what costs most to mistake comes first
_SIGNS: Final[tuple[tuple[Cause, re.Pattern[str]], ...]] = (
    (
        "out_of_memory",
        re.compile(
            r"out of memory|OutOfMemory|MemoryError|Cannot allocate memory"
            r"|bad_alloc|No available memory for the cache|larger than the available KV"
            r"|less than desired .*memory utilization",
            re.IGNORECASE,
        ),
    ),
    ("port_taken", re.compile(r"[Aa]ddress already in use|Errno 98")),
    (
        "bad_option",
        re.compile(r"unrecognized arguments|: error: |invalid choice|ValidationError"),
    ),
    (
        "no_weights",
        re.compile(
            r"Repo id must be|OfflineModeIsEnabled|LocalEntryNotFound"
            r"|is not a local folder|no file named|Cannot find any model weights"
            r"|SafetensorError|config\.json"
        ),
    ),
)


class Ending(Value):
    """Why one server ended, in a word for programs and in words for people."""

    cause: Cause
    detail: str

    def __str__(self) -> str:
        """Return both."""
        return f"{self.cause}: {self.detail}"


def ending(code: int, log: Path) -> Ending:
    """Return why a server ended that nobody had asked to end, as its exit *code* and *log* say.

    A server that the kernel killed has left no line: SIGKILL counts as out of memory, because
    nobody else on this machine sends it.
    """
    lines = _last_lines(log)
    for cause, sign in _SIGNS:
        line = next((line for line in reversed(lines) if sign.search(line)), None)
        if line is not None:
            return Ending(cause=cause, detail=_short(line))
    if -code == signal.SIGKILL:
        return Ending(cause="out_of_memory", detail="killed, as the kernel does it")
    if code < 0:
        return Ending(cause="killed", detail=f"by {signal.Signals(-code).name}")
    last = next((line for line in reversed(lines) if line.strip()), "its log is empty")
    return Ending(cause="broke", detail=f"exit code {code}: {_short(last)}")


def _last_lines(log: Path) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOOKED_AT))
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _short(line: str) -> str:
    plain = "".join(sign for sign in line.strip() if sign.isprintable())
    return plain[:_LONGEST]
