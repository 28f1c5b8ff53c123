"""The turns of a script: what the server does with one request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

OK: Final = 200
#: What stands for a model that says nothing in particular
_FINISHED: Final = "stop"
_CALLING: Final = "tool_calls"
_REDIRECT: Final = 307


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of a tool: the tool's name as we write it, and the arguments as the model writes."""

    tool: str
    arguments: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What the server does with one request; `says`, `calls`, `refuses` and the like make one."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    #: Why the model stopped; empty for the reason that fits
    finish: str = ""
    #: The tokens that the server claims; None for an honest count, empty for none
    usage: Mapping[str, Any] | None = None
    status: int = OK
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The body in place of a completion
    raw: bytes | None = None
    content_type: str = "application/json"
    #: How long the server waits before its first byte, and between two pieces of a stream
    wait_s: float = 0
    piece_wait_s: float = 0
    #: After how many bytes of the body the connection breaks; None for never
    cut_after: int | None = None
    #: The server takes the request and never answers
    is_hung: bool = False

    @property
    def finished(self) -> str:
        """Why the model stopped."""
        return self.finish or (_CALLING if self.calls else _FINISHED)

    @property
    def message(self) -> dict[str, Any]:
        """The model's message as the API gives it."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None}
        if self.calls:
            message["tool_calls"] = [
                {
                    "id": f"call-{number}",
                    "type": "function",
                    "function": {
                        "name": call.tool.replace(".", "__"),
                        "arguments": call.arguments,
                    },
                }
                for number, call in enumerate(self.calls, start=1)
            ]
        return message


def says(text: str, **more: Any) -> Turn:
    """Answer with *text*; *more* are other fields of the turn."""
    return Turn(text=text, **more)


def answers(value: Any, **more: Any) -> Turn:
    """Answer with *value* as JSON text."""
    return Turn(text=json.dumps(value), **more)


def calls(tool: str, arguments: Mapping[str, Any] | str, **more: Any) -> Turn:
    """Call one tool; *arguments* that are a text are sent as they stand, JSON or not."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return Turn(calls=(Call(tool=tool, arguments=text),), **more)


def refuses(status: int, *, retry_after: str = "", words: str = "refused") -> Turn:
    """Answer with an error of the API, and with when to ask again if *retry_after* says it."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    body = {"error": {"message": words, "type": "error", "code": status}}
    return Turn(
        status=status,
        headers=headers,
        raw=json.dumps(body).encode(),
    )


def hangs() -> Turn:
    """Take the request and never answer."""
    return Turn(is_hung=True)


def slow(turn: Turn, *, wait_s: float) -> Turn:
    """Do what *turn* says, so much later."""
    return replace(turn, wait_s=wait_s)


def cut_off(turn: Turn, *, after: int = 0) -> Turn:
    """Break the connection after so many bytes of what *turn* answers."""
    return replace(turn, cut_after=after)


def garbage(body: bytes = b"<html>", *, content_type: str = "text/html") -> Turn:
    """Answer with something that is no completion."""
    return Turn(raw=body, content_type=content_type)


def oversize(size: int) -> Turn:
    """Answer with a completion whose text has so many bytes."""
    return Turn(text="x" * size)


def redirects(place: str) -> Turn:
    """Send the asker to another place."""
    return Turn(
        status=_REDIRECT,
        headers={"Location": place},
        raw=b"",
    )
