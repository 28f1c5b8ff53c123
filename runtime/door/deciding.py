"""Deciding: the policy is asked, and its answer is kept to the policy that the run is pinned to."""

from interlock.runtime import telemetry
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.run import pin
from interlock.runtime.run.attempt import Attempt


class Deciding:
    """Asks the policy; lives as long as the door and holds no state of its own."""

    def __init__(
        self,
        *,
        pdp: DecisionPoint,
        spans: telemetry.Telemetry,
    ) -> None:
        self._pdp = pdp
        self._spans = spans

    async def decide(
        self,
        attempt: Attempt,
    ) -> Decision:
        """Return what the policy answers; raises `AnotherPolicy` as `pin.keep_to` does."""
        engine = getattr(self._pdp, "engine", "?")
        with self._spans.policy(engine=engine, revision=self._pdp.revision) as span:
            decision = await self._pdp.decide(attempt.request)
            if not decision.unanswered:
                pin.keep_to(attempt.run, revision=decision.revision)
            codes = [reason.code for reason in decision.reasons]
            telemetry.decided(span, effect=decision.effect, codes=codes)
        return decision
