"""A guarantee: one thing that this installation promises to stop, and how that is tried."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from interlock.serving.verification.trial import Trial

#: Tries what must not happen; raises `WentThrough` where it happened all the same
Scenario: TypeAlias = Callable[[Trial], Awaitable[None]]
_STOPS: Final = "Stops "


@dataclass(frozen=True, kw_only=True, slots=True)
class Guarantee:
    """One named guarantee; its id never changes."""

    id: str
    #: What it stops, as the rest of the sentence "this stops ..."
    stops: str
    scenario: Scenario


def guarantees(scenarios: Mapping[str, Scenario]) -> dict[str, Guarantee]:
    """Return the guarantees that have these *scenarios*, by id.

    What a guarantee stops is said by the first paragraph of its scenario's docstring. Raises
    ValueError where that does not begin with "Stops".
    """
    return {name: _guarantee(name, scenario) for name, scenario in scenarios.items()}


def _guarantee(name: str, scenario: Scenario) -> Guarantee:
    words = inspect.getdoc(scenario) or ""
    first, _, _ = words.partition("\n\n")
    if not first.startswith(_STOPS):
        raise ValueError(f"{name}: its docstring does not say what it stops")
    stops = " ".join(first.removeprefix(_STOPS).split())
    return Guarantee(id=name, stops=stops, scenario=scenario)
