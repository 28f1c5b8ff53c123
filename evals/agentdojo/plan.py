"""What a planner states before it reads: a plan for each task, made from the prompt and the tools.

A plan is the planner's side, as the benchmark's own calls are. It holds no value that only the
environment has: the tests compare its literals with the prompt. Planners differ, so what is
measured with these plans is what a capable one can reach.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from interlock.evals.agentdojo.catalogue import changes
from interlock.evals.agentdojo.goals import Calls, call
from interlock.evals.agentdojo.package import SuiteName

FOLDER: Final = Path(__file__).resolve().parent / "plans"
#: A text or another value that an expression states
_QUOTED: Final = re.compile(r"'([^']*)'|`([^`]*)`")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """The plan of one task; without steps where none can be stated before reading."""

    #: As the tool `plan.state` takes them
    steps: tuple[Mapping[str, Any], ...] = ()
    #: Reads that the plan needs, and the benchmark's own calls lack: function and arguments
    also: tuple[Mapping[str, Any], ...] = ()
    #: Literal that is no word of the prompt -> why the prompt implies it
    implied: Mapping[str, str] = field(default_factory=dict)
    cannot: str = ""

    def with_reads(self, calls: Calls) -> Calls:
        """Return the calls, with the plan's other reads before the first that changes something."""
        reads = [call(read["function"], **read["args"]) for read in self.also]
        first = next(
            (at for at, own in enumerate(calls) if changes(own.function)), len(calls)
        )
        return [*calls[:first], *reads, *calls[first:]]

    def planned(self, function: str) -> frozenset[str]:
        """Return the arguments of a function that every step with it plans."""
        steps = [step["arguments"] for step in self.steps if step["tool"] == function]
        return frozenset.intersection(*map(frozenset, steps)) if steps else frozenset()

    def literals(self) -> Iterator[str]:
        """Yield every literal of the steps, also those within expressions."""
        for step in self.steps:
            yield from _quoted(step.get("each", ""))
            for term in step["arguments"].values():
                yield from _texts(term.get("value"))
                yield from _texts(term.get("around"))
                yield from _quoted(term.get("of", ""))
                yield from _quoted(term.get("within", ""))


@cache
def stated(suite: SuiteName) -> Mapping[str, Stated]:
    """Return the plans of a suite by user task; tasks that change nothing have none."""
    document = yaml.safe_load((FOLDER / f"{suite}.yaml").read_text("utf-8"))
    return {
        task: Stated(
            steps=tuple(entry.get("steps", ())),
            also=tuple(entry.get("also", ())),
            implied=entry.get("implied", {}),
            cannot=entry.get("cannot", ""),
        )
        for task, entry in document.items()
    }


def _quoted(expression: str) -> Iterator[str]:
    for raw, value in _QUOTED.findall(expression):
        yield raw or value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
