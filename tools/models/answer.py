"""The answer of a model as it arrives: within the profile of our records, or no answer at all.

A call with arguments that cannot be recorded, checkpointed or shown could end the run in the middle
of what it does. So such an answer fails here, whole: half a plan is none (fails closed).
"""

import json
from typing import Any, Final

from langchain_core.messages import AIMessage

from interlock.runtime.canonical import Written
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import NotCanonical
from interlock.runtime.policy.bounds import Bounds
from interlock.tools.models.usage import MOST_BYTES_A_TOKEN, size

MALFORMED: Final = "model_malformed"
#: Bytes of a message, and of each of its calls, that no token of the model stands for
_FRAME: Final = 256


def taken(answer: AIMessage, *, bounds: Bounds, longest: int) -> str:
    """Return the model's message as JSON.

    Raises `ToolFailed` for more calls ("too_many_calls") or more bytes ("answer_too_long") than
    *bounds* allow, and for what has no canonical form ("model_malformed"). Too long is also what
    *longest* tokens cannot have been: a server that says more than it was asked for is not believed
    about the tokens either, and what a run keeps stays within the tokens it may use. The tokens are
    used in each case.
    """
    calls = answer.tool_calls
    if len(calls) > bounds.calls:
        detail = f"the answer has {len(calls)} calls, and {bounds.calls} are the most"
        raise ToolFailed(code="too_many_calls", detail=detail, is_spent=True)
    text = _written(answer)
    most = longest * MOST_BYTES_A_TOKEN + _FRAME * (1 + len(calls))
    most = min(most, bounds.answer_bytes)
    if size(text) > most:
        detail = f"the answer has {size(text)} bytes, and {most} are the most"
        raise ToolFailed(code="answer_too_long", detail=detail, is_spent=True)
    return text


def _written(answer: AIMessage) -> str:
    """Return the message as JSON, where a record, a checkpoint and a denial can hold all of it."""
    calls = answer.tool_calls
    message: dict[str, Any] = {
        "content": answer.text,
        "id": answer.id,
        "tool_calls": [
            {"name": call["name"], "args": call["args"], "id": call["id"]}
            for call in calls
        ],
    }
    try:
        for call in calls:
            # As a denial keeps them
            Written({"arguments": {"arguments": call["args"]}})
        Written({"names": [[call["name"], call["id"]] for call in calls]})
        Written({"content": [answer.text, answer.id]})
        return json.dumps(message, ensure_ascii=False)
    except (NotCanonical, ValueError, RecursionError) as error:
        detail = f"the answer cannot be recorded: {type(error).__name__}"
        raise ToolFailed(code=MALFORMED, detail=detail, is_spent=True) from error
