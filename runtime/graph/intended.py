"""What a request asks for: its words, read by the vocabulary of the policy of its run."""

from collections.abc import Mapping
from typing import Any

from interlock.runtime.door.tool import Value
from interlock.runtime.graph.agent import Agent, requested
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.wording import vocabulary_of
from interlock.runtime.policy.intent import Intent, derive
from interlock.runtime.policy.spoken import spoken_fields, texts_of


def stated(
    agent: Agent, request: Value | Mapping[str, Any], bundle: Bundle | None
) -> dict[str, Any]:
    """Return the request as plain JSON values, and what its words license: None without words.

    An engine without a bundle has no vocabulary, and licenses nothing (fails closed). Raises as
    `requested` does.
    """
    fields = requested(agent, request)
    spoken = spoken_fields(agent.request)
    intent: Intent | None = None
    if spoken:
        words = list(texts_of(fields, spoken).values())
        intent = derive(words, vocabulary_of(bundle))
    return {"request": fields, "intent": intent}
