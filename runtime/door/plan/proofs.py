"""What the plan of a run proves of one call: the step that the call fits, and which arguments."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.door.plan.expression import NOTHING
from interlock.runtime.door.plan.places import Places
from interlock.runtime.door.plan.plan import Plan
from interlock.runtime.door.plan.proved import Proved
from interlock.runtime.door.plan.view import Element, View
from interlock.runtime.door.plan.vouched import Vouching
from interlock.runtime.door.results import Results
from interlock.runtime.door.sent import Sent
from interlock.runtime.door.tool import AnyTool, Tools
from interlock.runtime.run.run import Run

#: The states of an action whose effect may have happened
_EFFECTIVE: Final = frozenset({"started", "done", "unknown"})
_Fits: TypeAlias = Callable[[Element, Mapping[str, Json]], bool]


class PlanProofs:
    """The proofs of one plan, as the run's results were recorded at one moment.

    An argument is trusted where it is what the plan says over all that was shown, and over the
    vouched view alone: then no stranger could have made it another one. Where the words leave a
    choice to what counts most, the measured view will do.
    """

    def __init__(
        self,
        plan: Plan,
        results: Results,
        tools: Tools,
        *,
        person: str,
    ) -> None:
        self._plan = plan
        self._seen = results.seen
        self._tools = tools
        self._vouching = Vouching(results, tools, person=person)
        self._measuring = Vouching(results, tools, person=person, is_measured=True)
        self._measures = results.measures
        self._confidentiality = results.confidentiality
        self._sent = {sent.action: sent for sent in results.seen.sent}

    def call(
        self,
        tool: AnyTool,
        arguments: Mapping[str, Json],
        *,
        action: str,
    ) -> "Proved":
        """Return what is proved of one call; of one outside the plan nothing is."""
        calls = [*self._earlier(tool, action), arguments]
        steps = [step.name for step in self._plan.steps if step.tool == tool.name]
        full = _taken(self._full, steps, calls, Element.is_met)
        if full is None:
            return Proved()
        sound = [
            element
            for view in self._sound
            if (element := _taken(view, steps, calls, self._is_possible)) is not None
        ]
        return Proved(
            step=full.step,
            planned=frozenset(full.arguments),
            trusted=frozenset(
                name for element in sound for name in element.proved(arguments)
            ),
            chosen=frozenset(
                name for element in sound for name in element.chosen(arguments)
            ),
            confidentiality=self._confidentiality,
        )

    @cached_property
    def texts(self) -> frozenset[str]:
        """The texts that the plan gives whatever strangers wrote."""
        return frozenset(self._full.texts() & self._vouched.texts())

    @cached_property
    def _full(self) -> View:
        return View(
            self._plan,
            calls=self._calls,
            result=self._shown,
            is_vouched=False,
            takes=self._takes,
        )

    @cached_property
    def _vouched(self) -> View:
        return View(
            self._plan,
            calls=self._calls,
            result=self._vouching.result,
            is_vouched=True,
            takes=self._takes,
        )

    @cached_property
    def _measured(self) -> View:
        return View(
            self._plan,
            calls=self._calls,
            result=self._measuring.result,
            is_vouched=True,
            takes=self._takes,
        )

    @property
    def _sound(self) -> list[View]:
        """The views that no stranger could have made other than the words allow."""
        return [self._vouched, self._measured] if self._measures else [self._vouched]

    @cached_property
    def _calls(self) -> list[Sent]:
        """The calls that are done, in the order in which they ended."""
        done = [
            sent for sent in self._sent.values() if sent.action in self._seen.results
        ]
        return sorted(done, key=lambda sent: self._seen.ended[sent.action].seq)

    def _takes(
        self,
        tool: str,
        argument: str,
    ) -> str:
        known = self._tools.get(tool)
        return "" if known is None else known.takes.get(argument, "")

    def _shown(
        self,
        sent: Sent,
    ) -> Any:
        result = self._seen.results[sent.action]()
        return NOTHING if result is None else result

    def _is_met(
        self,
        step: str,
        arguments: Mapping[str, Json],
    ) -> bool:
        return any(one.is_met(arguments) for one in self._full.elements[step])

    def _is_possible(
        self,
        element: Element,
        arguments: Mapping[str, Json],
    ) -> bool:
        """Whether a call is one of the step, and may be the vouched *element* of it."""
        if not self._is_met(element.step, arguments):
            return False
        return element.is_single or element.is_possible(arguments)

    def _earlier(
        self,
        tool: AnyTool,
        action: str,
    ) -> list[Mapping[str, Json]]:
        """Return what the effects were given that the run had, or may have had, by this tool."""
        if not tool.has_effect:
            return []
        return [
            sent.asked
            for sent in self._sent.values()
            if sent.tool == tool.name
            and sent.action != action
            and self._seen.ended[sent.action].state in _EFFECTIVE
        ]


def _taken(
    view: View,
    steps: Sequence[str],
    calls: Sequence[Mapping[str, Json]],
    fits: _Fits,
) -> Element | None:
    """Return the planned call that is left for the last of *calls*; each takes one of its own."""
    elements = [element for step in steps for element in view.elements[step]]
    places = Places()
    place: int | None = None
    for call in calls:
        place = places.take(
            [at for at, element in enumerate(elements) if fits(element, call)]
        )
    return None if place is None else elements[place]


def read_plan(
    run: Run,
    results: Results,
    *,
    tools: Tools,
) -> PlanProofs | None:
    """Return what the run's plan proves; None where it has stated none that counts."""
    plan = results.seen.plan
    if plan is None:
        return None
    principal = run.principal
    return PlanProofs(
        plan,
        results,
        tools,
        person=principal.on_behalf_of or principal.id,
    )
