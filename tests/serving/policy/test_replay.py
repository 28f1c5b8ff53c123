"""A recorded decision is asked again as it was asked then, whatever facts were added since."""

import copy
from typing import Any

from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.serving.policy.ordinary import ordinary
from interlock.serving.policy.replay import recorded


async def test_a_request_from_before_a_fact_was_added_replays(shipped: Bundle) -> None:
    """Without the facts of version 2 a request is one of version 1, and is permitted as it was."""
    (request,) = [
        candidate for candidate in ordinary(shipped) if candidate.action.tool == "document.read"
    ]
    document: dict[str, Any] = copy.deepcopy(request.document())
    for fact in ("version", "tool_schema", "subject"):
        del document["context"][fact]
    body = {"tool": request.action.tool, "class": request.action.action_class}
    payload = {**document, "arguments": document["action"]["arguments"]}

    replayed = recorded(body, payload)
    point = EmbeddedPoint(shipped)
    decision = await point.decide(replayed)
    point.close()

    assert replayed.context.version == 1
    assert replayed.digest == request.digest
    assert decision.effect == "permit"
