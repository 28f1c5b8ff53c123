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
from interlock.tools.models.usage import size

MALFORMED: Final = "model_malformed"


def taken(answer: AIMessage, *, bounds: Bounds) -> str:
    """Return the model's message as JSON.

    Raises `ToolFailed` for more calls ("too_many_calls") or more bytes ("answer_too_long") than
    *bounds* allow, and for what has no canonical form ("model_malformed").
    """
    calls = answer.tool_calls
    if len(calls) > bounds.calls:
        raise ToolFailed(
            code="too_many_calls",
            detail=f"the answer has {len(calls)} calls, and {bounds.calls} are the most",
        )
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
            Written(
                {"arguments": {"arguments": call["args"]}}
            )  # as a denial keeps them
        Written({"names": [[call["name"], call["id"]] for call in calls]})
        Written({"content": [answer.text, answer.id]})
        text = json.dumps(message, ensure_ascii=False)
    except (NotCanonical, ValueError, RecursionError) as error:
        detail = f"the answer cannot be recorded: {type(error).__name__}"
        raise ToolFailed(code=MALFORMED, detail=detail) from error
    if size(text) > bounds.answer_bytes:
        raise ToolFailed(
            code="answer_too_long",
            detail=f"the answer has {size(text)} bytes, and {bounds.answer_bytes} are the most",
        )
    return text
