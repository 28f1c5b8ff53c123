"""A turn as a stream: server-sent events as vLLM sends them, the usage in the last piece."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from interlock.tools.scripted.turn import Turn

#: Characters of one piece of a text
_PIECE: Final = 16
_DONE: Final = b"data: [DONE]\n\n"


def events(
    asked: Mapping[str, Any], turn: Turn, usage: Mapping[str, Any]
) -> list[bytes]:
    """Return the events of one answer; the usage is among them if it was asked for."""
    model = asked.get("model", "m")
    sent = [_event(model, [_choice(delta)]) for delta in _deltas(turn)]
    sent.append(_event(model, [_choice({}, finish=turn.finished)]))
    options = asked.get("stream_options") or {}
    if options.get("include_usage") and usage:
        sent.append(_event(model, [], usage=usage))
    return [*sent, _DONE]


def _deltas(turn: Turn) -> Iterator[dict[str, Any]]:
    """Yield the role, the text in pieces, and of each call the name before its arguments."""
    yield {"role": "assistant", "content": ""}
    for piece in _pieces(turn.text):
        yield {"content": piece}
    for index, call in enumerate(turn.message.get("tool_calls", ())):
        function = call["function"]
        head = {"name": function["name"], "arguments": ""}
        first = {"index": index, "id": call["id"], "type": "function", "function": head}
        yield {"tool_calls": [first]}
        for piece in _pieces(function["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]


def _choice(delta: Mapping[str, Any], *, finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _event(
    model: str, choices: list[dict[str, Any]], *, usage: Mapping[str, Any] | None = None
) -> bytes:
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": model,
        "choices": choices,
    }
    if usage is not None:
        body["usage"] = usage
    return f"data: {json.dumps(body)}\n\n".encode()
