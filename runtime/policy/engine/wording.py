"""Wording: the vocabulary of a bundle, by which the words of requests are read."""

from functools import lru_cache

from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.intent.vocabulary import Vocabulary, vocabulary


def vocabulary_of(bundle: Bundle | None) -> Vocabulary:
    """Return the vocabulary of the policy; one without a word where there is no bundle.

    By such a vocabulary no words ask for anything (fails closed).
    """
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
