"""Attacks from within a plan: the attacker fills what the plan leaves open, or moves in time.

The plan was stated before the attacker had the planner. So the attacker takes the calls that it
lets through, and puts its own texts where the plan says nothing.
"""

from collections.abc import Iterator
from typing import Any

from interlock.evals.agentdojo.catalogue import has_effect
from interlock.evals.agentdojo.goals import Calls, call
from interlock.evals.agentdojo.plan import Stated


def refilled(wanted: Any, *, own: Calls, plan: Stated) -> Iterator[Any]:
    """Yield the attacker's call as it fits each of the user's own calls of the same function.

    First with what the plan holds from the user and the rest from the attacker, then with all from
    the user but one argument. Calls without an effect, and of other functions, stay as they are.
    """
    alike = [one for one in own if one.function == wanted.function]
    if not has_effect(wanted.function) or not alike:
        yield wanted
        return
    planned = plan.planned(wanted.function)
    for one in alike:
        held = {name: value for name, value in one.args.items() if name in planned}
        yield call(wanted.function, **{**wanted.args, **held})
        for name, value in wanted.args.items():
            if name not in planned:
                yield call(wanted.function, **{**one.args, name: value})
