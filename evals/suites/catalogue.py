"""The suites there are, by name; a suite is imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from interlock.evals.suites.suite import Suite
from interlock.runtime.errors import BadInput

#: Name -> module and class; one of ours has no arguments
SUITES: Final[Mapping[str, str]] = {
    "adaptive": "interlock.evals.adaptive.suite:Adaptive",
    "office": "interlock.evals.adaptive.office.suite:Trials",
    "contracts": "interlock.evals.hostile.suite:Contracts",
    "bypass": "interlock.evals.bypass.suite:Bypasses",
    "agentdojo": "interlock.evals.agentdojo.suite:AgentDojo",
}


def names() -> list[str]:
    """Return the names of all suites."""
    return sorted(SUITES)


def suite(name: str) -> Suite:
    """Return the suite of that name; raises `BadInput` where there is none."""
    place = SUITES.get(name)
    if place is None:
        raise BadInput(
            what=f"suite {name!r}",
            why="there is no such suite",
            next_step="See `interlock eval list`.",
            code="not_found",
        )
    module, _, attribute = place.partition(":")
    made: Suite = getattr(import_module(module), attribute)()
    return made
