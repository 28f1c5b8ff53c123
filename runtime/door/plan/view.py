"""A view of a run's results, in which every step of a plan is evaluated as far as it can be.

The result of a step is that of the first action that was done as the step says, so a planner that
reads again cannot put another result in its place. A step with `each` has a result when each of its
calls is done: nobody can hide one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.door.plan.expression import NOTHING, Evaluation, Known
from interlock.runtime.door.plan.parts import is_part, within
from interlock.runtime.door.plan.plan import ITEM, PLACE, Part, Plan, PlannedStep, Term
from interlock.runtime.door.plan.reference import Opaque, named, refers
from interlock.runtime.door.plan.same import same, weight
from interlock.runtime.door.plan.work import Work
from interlock.runtime.door.sent import Sent

#: Elements of the longest list for which a step is repeated
MOST_ELEMENTS: Final = 256
#: Leaves of planned values and of calls that one view compares; beyond, no call is as planned
MOST_COMPARED: Final = 500_000
#: A text of which a part is looked for counts as so many
_READ: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What one argument will be: *value*, or a part of it; `NOTHING` where that is not known."""

    value: Any
    part: Part | None = None
    #: What stands around the part
    around: str = PLACE
    #: Names that point to objects stand in it
    is_reference: bool = False
    #: The planner says later which part it is
    is_open: bool = False

    def cost(
        self,
        value: Json,
        *,
        most: int,
    ) -> int:
        """Return how many leaves are compared to tell whether *value* is what was planned."""
        own = weight(self.value, most=most)
        own *= 1 if self.part is None else _READ
        return own + weight(value, most=most)

    def is_it(
        self,
        value: Json,
    ) -> bool:
        """Whether *value* is what was planned."""
        if self.part is not None:
            return is_part(within(value, self.around), self.value, self.part)
        return same(value, self.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """One call of a step."""

    step: str
    item: Any
    arguments: Mapping[str, Planned]
    #: How much may still be compared in the view
    work: Work

    @property
    def is_single(self) -> bool:
        """Whether the step is one call, and not one for each element of a list."""
        return self.item is NOTHING

    def is_met(
        self,
        arguments: Mapping[str, Json],
    ) -> bool:
        """Whether every argument is what was planned; what is not known is met by nothing."""
        return all(self._is_proved(name, arguments) for name in self.arguments)

    def is_possible(
        self,
        arguments: Mapping[str, Json],
    ) -> bool:
        """Whether every argument is what was planned, as far as that is known."""
        return all(
            planned.value is NOTHING
            or planned.is_open
            or self._is_proved(name, arguments)
            for name, planned in self.arguments.items()
        )

    def proved(
        self,
        arguments: Mapping[str, Json],
    ) -> list[str]:
        """Return the names of the arguments that are known to be what was planned."""
        return [name for name in self.arguments if self._is_proved(name, arguments)]

    def chosen(
        self,
        arguments: Mapping[str, Json],
    ) -> list[str]:
        """Return the names of the arguments that are some part of what was planned."""
        return [
            name
            for name, planned in self.arguments.items()
            if planned.is_open and self._is_planned(name, arguments)
        ]

    def _is_proved(
        self,
        name: str,
        arguments: Mapping[str, Json],
    ) -> bool:
        return not self.arguments[name].is_open and self._is_planned(name, arguments)

    def _is_planned(
        self,
        name: str,
        arguments: Mapping[str, Json],
    ) -> bool:
        planned = self.arguments[name]
        if planned.value is NOTHING or name not in arguments:
            return False
        value = arguments[name]
        cost = planned.cost(value, most=self.work.left)
        return self.work.allows(cost) and planned.is_it(value)


class View:
    """One view: *result* says what is seen of each action; *calls* are done, in their order.

    *takes* says which kind of object an argument of a tool names; empty for none.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        calls: Sequence[Sent],
        result: Callable[[Sent], Any],
        is_vouched: bool,
        takes: Callable[[str, str], str],
    ) -> None:
        self._evaluation = Evaluation()
        self._work = Work(MOST_COMPARED)
        self._calls = calls
        self._result = result
        self._is_vouched = is_vouched
        self._takes = takes
        self._known = Known()
        self._taken: set[str] = set()
        #: The calls of each step, as far as the view knows them
        self.elements: dict[str, list[Element]] = {}
        for step in plan.steps:
            self._look(step)

    def texts(self) -> set[str]:
        """Return the texts that stand in what is planned."""
        return {
            text
            for elements in self.elements.values()
            for element in elements
            for planned in element.arguments.values()
            if planned.part is None and not planned.is_reference
            for text in _texts(planned.value)
        }

    def _look(
        self,
        step: PlannedStep,
    ) -> None:
        items = [NOTHING]
        if step.each:
            items = self._evaluation.value(step.each, self._known)
        if not isinstance(items, list) or len(items) > MOST_ELEMENTS:
            self.elements[step.name] = []
            return
        elements = [self._element(step, item) for item in items]
        self.elements[step.name] = elements
        results = [self._result_of(step, element) for element in elements]
        if any(result is NOTHING for result in results):
            return
        if not step.each:
            self._known[step.name] = results[0]
            return
        self._known[step.name] = [
            {ITEM: item, "result": result}
            for item, result in zip(items, results, strict=True)
        ]

    def _element(
        self,
        step: PlannedStep,
        item: Any,
    ) -> Element:
        known = self._known
        if item is not NOTHING:
            known = Known(known | {ITEM: item})
        return Element(
            step=step.name,
            item=item,
            work=self._work,
            arguments={
                name: self._planned(term, known, self._takes(step.tool, name))
                for name, term in step.arguments.items()
            },
        )

    def _planned(
        self,
        term: Term,
        known: Known,
        taken: str,
    ) -> Planned:
        if term.of:
            return _planned(self._evaluation.value(term.of, known), taken)
        if not term.within:
            return Planned(value=term.value)
        return Planned(
            value=self._evaluation.value(term.within, known),
            part=term.kind,
            around=term.around,
            is_open=self._is_vouched and term.kind == "text",
        )

    def _result_of(
        self,
        step: PlannedStep,
        element: Element,
    ) -> Any:
        """Return what the first action gave that was done as the step says, or `NOTHING`."""
        for call in self._calls:
            is_next = call.tool == step.tool and call.action not in self._taken
            if is_next and element.is_met(call.asked):
                self._taken.add(call.action)
                return self._result(call)
        return NOTHING


def _planned(
    value: Any,
    taken: str,
) -> Planned:
    """Return what an argument will be that takes objects of one kind by their names."""
    if not refers(value):
        return Planned(value=value)
    try:
        return Planned(value=named(value, taken), is_reference=True)
    except Opaque:
        return Planned(value=NOTHING)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
