"""What a request asks for: its words, read by the vocabulary of the policy of its run."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from interlock.runtime.door.tool import Value
from interlock.runtime.graph.agent import Agent, requested
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.intent import Intent, derive
from interlock.runtime.policy.intent.vocabulary import Vocabulary, vocabulary
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
        intent = derive(words, _known(bundle))
    return {"request": fields, "intent": intent}


def _known(bundle: Bundle | None) -> Vocabulary:
    return Vocabulary({}, {}) if bundle is None else _vocabulary(_Of(bundle))


class _Of:
    """A bundle by its revision, so that its vocabulary is made once."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Of) and other.bundle.revision == self.bundle.revision

    def __hash__(self) -> int:
        return hash(self.bundle.revision)


@lru_cache(maxsize=8)
def _vocabulary(of: _Of) -> Vocabulary:
    return vocabulary(of.bundle.data["rails"].get("config", {}).get("intent"))
