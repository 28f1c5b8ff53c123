"""Whether a failure is an outage: what every run depends on is away, and no run is at fault."""

from typing import Final

from interlock.runtime.errors import GuardFailed, Unanswered
from interlock.runtime.policy.act import persons_act
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.request import Principal, Resource

_NOBODY: Final = Principal(id="nobody", tenant="nobody", roles=())


async def is_outage(error: BaseException, point: DecisionPoint) -> bool:
    """Whether *error* came of an outage of the database, of a service or of the engine *point*.

    An engine that left a request unanswered is asked a small one: if the engine answers that, then
    the engine is there, and the fault is the first request's own.
    """
    if isinstance(error, Unanswered):
        return not await answers(point)
    return isinstance(error, GuardFailed) and error.is_outage


async def answers(point: DecisionPoint) -> bool:
    """Whether the engine decides about a request of nobody; the decision binds nobody."""
    request = persons_act(
        "worker.start",
        person=_NOBODY,
        arguments={},
        resource=Resource(type="worker", id="", clearance="public"),
        subject=None,
        now=0,
        revision=point.revision,
    )
    decision = await point.decide(request)
    return not decision.unanswered
