"""The plan of a run: which one of the stated counts, and which calls it says as literals."""

from collections.abc import Collection, Mapping, Sequence

from pydantic import ValidationError

from interlock.runtime.door.plan.plan import Plan
from interlock.runtime.door.plan.same import same
from interlock.runtime.door.sent import Entry, Sent
from interlock.runtime.run.done import PLAN


def stated(
    sent: Sequence[Sent],
    ended: Mapping[str, Entry],
    done: Collection[str],
) -> Plan | None:
    """Return the plan of the run: the first that was stated, where the run was clean by then.

    Whatever the policy said: a plan that was stated after anything untrusted was read, or that
    cannot be read any more, is none (fails closed).
    """
    plans = [one for one in sent if one.tool == PLAN and one.action in done]
    first = min(plans, key=lambda one: ended[one.action].seq, default=None)
    if first is None or not first.is_clean:
        return None
    try:
        return Plan.model_validate(first.asked)
    except ValidationError:
        return None


def literals(
    plan: Plan | None,
    sent: Sent,
) -> frozenset[str]:
    """Return the arguments of a call that the plan says, all of them as literals; else none."""
    if plan is None:
        return frozenset()
    for step in plan.steps:
        said = {
            name: term.value
            for name, term in step.arguments.items()
            if not term.of and not term.within
        }
        if step.tool == sent.tool and all(
            name in said and same(value, said[name])
            for name, value in sent.arguments.items()
        ):
            return frozenset(sent.arguments)
    return frozenset()
