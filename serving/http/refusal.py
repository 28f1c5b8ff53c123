"""Refusals: why a request is not taken, before any operation is asked for."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from interlock.runtime.errors import InterlockError

Why: TypeAlias = Literal[
    "host_unknown",
    "too_large",
    "unsupported",
    "too_many",
    "in_progress",
    "bad_cursor",
]
#: What is the matter, and the next step
_TEXTS: Final[Mapping[Why, tuple[str, str]]] = {
    "host_unknown": (
        "The Host header names a host that this server does not serve.",
        "Ask by its own name, or serve it with --name.",
    ),
    "too_large": (
        "The body is larger than {most} bytes.",
        "Send less, or several requests.",
    ),
    "unsupported": (
        "A body of {kind} is not taken here.",
        "Send application/json or multipart/form-data.",
    ),
    "too_many": (
        "You have asked more often than {rate} times a second.",
        "Wait for as long as Retry-After says.",
    ),
    "in_progress": (
        "A request with this Idempotency-Key is still being worked on.",
        "Send the same request again in a moment.",
    ),
    "bad_cursor": (
        "The cursor is none of this list.",
        "Begin without one, and hand on what `next` holds.",
    ),
}


class RequestRefused(InterlockError):
    """The request is not taken, and *code* says why; nothing was done."""

    exit_code = 2
    code: Why

    def __init__(self, code: Why, *, retry_after: int = 0, **data: str | int) -> None:
        why, self.next_step = _TEXTS[code]
        self.code = code
        self.why = why.format(**data)
        self.retry_after = retry_after
        super().__init__(f"{self.why} {self.next_step}")
