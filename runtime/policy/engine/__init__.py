"""The decision point asks the policy; anything that is not a clean answer is a deny."""

from typing import Protocol

from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.request import AccessRequest


class DecisionPoint(Protocol):
    """Decides requests under one policy revision.

    Fails closed: an engine that is down, slow, undefined, malformed or of another revision answers
    deny with a `pdp_...` reason; `decide` never raises for the engine's sake.
    """

    @property
    def revision(self) -> str:
        """The revision every answer must carry."""
        ...

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the policy's decision on *request*."""
        ...
