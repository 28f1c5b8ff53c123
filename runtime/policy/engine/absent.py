"""The decision point that stands where no policy could be loaded: it permits nothing."""

from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import trouble
from interlock.runtime.policy.request import AccessRequest


class AbsentPoint:
    """Answers every request with the deny of an engine that cannot be asked (fails closed).

    *why* says what is wrong with the policy, and stands in the reason of each deny.
    """

    engine = "none"
    #: No policy, so no revision
    revision = ""

    def __init__(self, why: str) -> None:
        self._why = why

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the deny; see `DecisionPoint`."""
        return trouble(
            "pdp_unavailable",
            revision=self.revision,
            engine=self.engine,
            detail=self._why.rstrip("."),
        )
