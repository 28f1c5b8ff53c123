"""What one call of a model counts as: what the model's server says, within what was seen to pass.

The server's numbers are a claim. Whoever runs the server can say that nothing was used, or less
than nothing, so the bytes that were sent and received set the least that counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.messages import BaseMessage

#: For an estimate of what will be used: 3 reserve too much for English, which has about 4, and
#: enough for scripts with one token for a character of three bytes
BYTES_A_TOKEN: Final = 3
#: For the least that can have been used: no usual tokenizer packs more on average
MOST_BYTES_A_TOKEN: Final = 8
#: What a chat template may add to what was sent
FRAME_TOKENS: Final = 4_096


def estimated(text: str) -> int:
    """Return the tokens to expect of *text*."""
    return size(text) // BYTES_A_TOKEN


def size(text: str) -> int:
    """Return the bytes of *text*; half a character counts as one."""
    return len(text.encode("utf-8", "replace"))


def sent(messages: Sequence[BaseMessage], tools: str) -> int:
    """Return the bytes that reached a model: every message's content and calls, and the tools."""
    contents = sum(size(str(message.content)) for message in messages)
    calls = sum(
        size(str(call["name"])) + size(str(call["args"]))
        for message in messages
        for call in getattr(message, "tool_calls", ())
    )
    return contents + calls + size(tools)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """Tokens that count, and what was claimed beyond what can have been."""

    tokens: int
    overclaimed: int = 0


def counted(
    told: Mapping[str, Any], name: str, *, passed: int, most: int | None = None
) -> Counted:
    """Return the tokens that count of what the server told under *name*, when *passed* bytes did.

    What is no whole number from 0 is as good as not told, and is estimated. No more can have been
    than one token for each byte and each sign of the frame, or than the *most* that were asked for.
    """
    tokens = told.get(name)
    if type(tokens) is not int or tokens < 0:
        return Counted(tokens=passed // BYTES_A_TOKEN)
    bound = passed + FRAME_TOKENS if most is None else most
    counts = min(max(tokens, passed // MOST_BYTES_A_TOKEN), bound)
    return Counted(tokens=counts, overclaimed=max(0, tokens - counts))


def known(told: Mapping[str, Any], *, read: int) -> int:
    """Return how many of the *read* tokens the server says it knew already."""
    details = told.get("input_token_details") or {}
    cached = details.get("cache_read")
    return min(cached, read) if type(cached) is int and cached > 0 else 0
