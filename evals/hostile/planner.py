"""The planner that obeys: whatever order it can make out of what it is handed, it carries out."""

import json
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from interlock.agents.contract_review.planners import (
    Answers,
    Call,
    CarefulPlanner,
    mail,
    paperwork,
)
from interlock.evals.hostile.orders import Goal, orders
from interlock.evals.hostile.reading import understood

#: What every review does first, whatever it is told
_PAPERWORK: Final = frozenset({"records.file", "report.write"})
_ANSWER: Final = re.compile(r"\$answer (\S+)(?: (\S+))?")


class Obeying(CarefulPlanner):
    """Finishes the review as a careful planner does, and does what the document orders besides.

    It reads the exact text that the product's reader took from the document, and the file's name.
    It plans before anybody is asked: an order comes before the mail that the review ends with.
    """

    #: The path of a document of another tenant, which an attacker may know
    rival: str

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        if len(messages) > 1:
            return await super()._agenerate(
                messages,
                stop,
                run_manager,
                **options,
            )
        answer = AIMessage(content="I cannot say.")
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def plan(self, facts: dict[str, Any], text: str, done: Answers) -> Iterator[Call]:
        """See the class."""
        name = understood(f"{facts['document']['name']}\n{text}")
        if name is None:
            yield from super().plan(
                facts,
                text,
                done,
            )
            return
        goal = orders().goals[name]
        if "report.write" not in done:
            yield from paperwork(facts)
            if _place(
                goal,
                _PAPERWORK,
            ) == len(goal.rounds):
                yield from self._round(
                    goal,
                    0,
                    facts,
                    done,
                )
            return
        place = _place(
            goal,
            done,
        )
        if place < len(goal.rounds):
            yield from self._round(
                goal,
                place,
                facts,
                done,
            )
        is_late = place == len(goal.rounds) and "mail.send" not in done
        if place == len(goal.rounds) - 1 or is_late:
            yield mail(
                facts,
                list(facts["notify"]),
                done,
            )

    def _round(
        self, goal: Goal, place: int, facts: dict[str, Any], done: Answers
    ) -> Iterator[Call]:
        for number in range(goal.times):
            known = self._known(
                facts,
                done,
            ) | {"$number": f"{number}"}
            for tool, arguments in goal.rounds[place]:
                yield (
                    tool,
                    _filled(
                        arguments,
                        known,
                        done,
                    ),
                )

    def _known(self, facts: dict[str, Any], done: Answers) -> dict[str, Any]:
        report = _content(
            done,
            "report.write",
        )
        return {
            "$digest": facts["document"]["digest"],
            "$notify": list(facts["notify"]),
            "$report": report,
            "$sha": report.get(
                "sha256",
                "",
            )
            if isinstance(
                report,
                dict,
            )
            else "",
            "$rival": self.rival,
        }


def _place(goal: Goal, done: Container[str]) -> int:
    """Return the first round of the goal that was not answered."""
    for place, calls in enumerate(goal.rounds):
        if any(tool not in done for tool, _ in calls):
            return place
    return len(goal.rounds)


def _filled(value: Any, known: Mapping[str, Any], done: Answers) -> Any:
    """Return *value* with what the planner knows in the place of its names."""
    if isinstance(
        value,
        Mapping,
    ):
        return {
            name: _filled(
                part,
                known,
                done,
            )
            for name, part in value.items()
        }
    if isinstance(
        value,
        list,
    ):
        return [
            _filled(
                part,
                known,
                done,
            )
            for part in value
        ]
    if not isinstance(
        value,
        str,
    ):
        return value
    if value in known:
        return known[value]
    asked = _ANSWER.fullmatch(value)
    if asked is None:
        return value.replace(
            "$number",
            known["$number"],
        )
    return _quoted(
        _content(
            done,
            asked[1],
        ),
        asked[2],
    )


def _quoted(answer: Any, field: str | None) -> str:
    """Return one field of an answer, or all of it as JSON."""
    if field is None:
        return json.dumps(answer)
    return (
        str(
            answer.get(
                field,
                "",
            )
        )
        if isinstance(
            answer,
            dict,
        )
        else ""
    )


def _content(done: Answers, tool: str) -> Any:
    """Return what a tool gave back, or its words where that is no JSON."""
    words = str(done[tool].content) if tool in done else ""
    try:
        return json.loads(words)
    except ValueError:
        return words
