"""A completion as an endpoint gives it, made a message; anything out of the API's form is none."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage

from interlock.tools.models.no_answer import NoAnswer
from interlock.tools.models.question import DOT


def message_of(body: object, tools: Sequence[dict[str, Any]]) -> AIMessage:
    """Return the first choice as a message; raises `NoAnswer` ("malformed") for what is none."""
    offered = [schema["function"]["name"] for schema in tools]
    ours = {name.replace(".", DOT): name for name in offered}
    match body:
        case {
            "choices": [
                {"finish_reason": "stop" | "tool_calls", "message": {**message}},
                *_,
            ]
        }:
            pass
        case {"choices": [{"finish_reason": reason}, *_]}:
            raise malformed(f"the answer is not whole: it ended by {_word(reason)}")
        case _:
            raise malformed("the answer is not whole: no choice")
    content = message.get("content") or ""
    calls = message.get("tool_calls") or []
    if not isinstance(content, str) or not isinstance(calls, list):
        raise malformed("the message is not one")
    return AIMessage(
        content=content,
        tool_calls=[_call(call, ours) for call in calls],
        usage_metadata=_usage(body),
    )


def malformed(detail: str) -> NoAnswer:
    """Return the failure of an answer that is no completion."""
    return NoAnswer(why="malformed", detail=detail)


def unfit(detail: str) -> NoAnswer:
    """Return the failure of an answer that the model may mend."""
    return NoAnswer(why="unfit", detail=detail)


def _word(reason: object) -> str:
    return repr(str(reason)[:40])


def _usage(body: object) -> Any:
    """Return the tokens as the endpoint counts them, or None when it gives no two numbers."""
    match body:
        case {"usage": {"prompt_tokens": read, "completion_tokens": wrote, **more}}:
            if type(read) is int and type(wrote) is int:
                return {
                    "input_tokens": read,
                    "output_tokens": wrote,
                    "total_tokens": read + wrote,
                    "input_token_details": {"cache_read": _cached(more)},
                }
    return None


def _cached(more: Mapping[Any, Any]) -> int:
    match more:
        case {"prompt_tokens_details": {"cached_tokens": cached}}:
            return cached if type(cached) is int else 0
    return 0


def _call(call: object, ours: Mapping[str, str]) -> dict[str, Any]:
    match call:
        case {
            "id": str(call_id),
            "function": {"name": str(name), "arguments": str(text)},
        }:
            arguments = _arguments(text)
        case _:
            raise malformed("a tool call is not one")
    if not call_id:
        raise malformed("a tool call is not one")
    return {
        "name": ours.get(name, name),
        "args": arguments,
        "id": call_id,
        "type": "tool_call",
    }


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unfit("the arguments of a tool call are no JSON") from error
    if not isinstance(arguments, dict):
        raise unfit("the arguments of a tool call are no object")
    return arguments
