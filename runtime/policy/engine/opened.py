"""A decision point for whatever a caller has: a policy, or a point that the caller closes."""

from contextlib import AsyncExitStack

from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle


def point_of(policy: Bundle | DecisionPoint, stack: AsyncExitStack) -> DecisionPoint:
    """Return the embedded engine of a bundle, which *stack* closes, or the point as it is."""
    if not isinstance(policy, Bundle):
        return policy
    from interlock.runtime.policy.engine.embedded import EmbeddedPoint  # noqa: PLC0415 - wasmtime

    embedded = EmbeddedPoint(policy)
    stack.callback(embedded.close)
    return embedded
