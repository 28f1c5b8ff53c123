"""A streamed answer, put together: the same completion as an endpoint gives at once.

A stream that ends without saying why the model stopped is half an answer, and so is none (fails
closed). The usage is that of the last piece which tells it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from interlock.tools.models.completion import malformed

_DATA: Final = b"data:"
_END: Final = b"[DONE]"


@dataclass(kw_only=True, slots=True)
class _Joined:
    """The first choice of a stream, as far as it has come."""

    text: list[str] = field(default_factory=list)
    #: By the number of the call: its id, its name, and the pieces of its arguments
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    finish: object = None
    usage: object = None

    def take(self, piece: Mapping[str, Any]) -> None:
        """Add one piece."""
        if piece.get("usage") is not None:
            self.usage = piece["usage"]
        for choice in piece.get("choices") or ():
            if choice.get("index", 0) == 0:
                self._take_choice(choice)

    def _take_choice(self, choice: Mapping[str, Any]) -> None:
        self.finish = choice.get("finish_reason") or self.finish
        delta = choice.get("delta") or {}
        self.text.append(delta.get("content") or "")
        for part in delta.get("tool_calls") or ():
            function = part.get("function") or {}
            call = self.calls.setdefault(
                part["index"],
                {"id": "", "name": "", "arguments": []},
            )
            call["id"] = part.get("id") or call["id"]
            call["name"] = function.get("name") or call["name"]
            call["arguments"].append(function.get("arguments") or "")

    def completion(self) -> dict[str, Any]:
        """Return the whole."""
        calls = [
            {
                "id": call["id"],
                "type": "function",
                "function": {
                    "name": call["name"],
                    "arguments": "".join(call["arguments"]),
                },
            }
            for _, call in sorted(self.calls.items())
        ]
        message = {"content": "".join(self.text), "tool_calls": calls}
        choice = {"finish_reason": self.finish, "message": message}
        return {"choices": [choice], "usage": self.usage}


def joined(body: bytes) -> dict[str, Any]:
    """Return the completion that the events of *body* make; raises `NoAnswer` for half of one."""
    whole = _Joined()
    try:
        for piece in _pieces(body):
            whole.take(piece)
        return whole.completion()
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        why = f"a piece of the stream is none: {type(error).__name__}"
        raise malformed(why) from error


def _pieces(body: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield every event's JSON; raises `NoAnswer` where the stream has no end."""
    for line in body.splitlines():
        data = line.removeprefix(_DATA).strip()
        if data == _END:
            return
        if line.startswith(_DATA):
            yield json.loads(data)
    raise malformed("the stream broke off before its end")
