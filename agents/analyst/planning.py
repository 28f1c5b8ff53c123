"""The first two nodes: the plan is drafted, foreseen and stated; then the documents are read."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final

from langchain_core.messages import BaseMessage

from interlock.agents.analyst import offers, words
from interlock.agents.analyst.asking import UNFIT, asked
from interlock.agents.analyst.offers import EFFECTS, LOOKS, SEARCH
from interlock.agents.planning import draft
from interlock.agents.planning.step import Offer, Step
from interlock.agents.planning.stop import because, stopped
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Outcome
from interlock.runtime.door.plan.plan import Plan, PlannedStep, Term
from interlock.runtime.graph.model import Refused
from interlock.runtime.run.done import PLAN

READ: Final = "document.read"
#: Drafts of one run: the policy may refuse all but the last
DRAFTS: Final = 3
#: Arguments that are the same before and after the documents are read
_SAID_NOW: Final = frozenset({"query", "category", "to", "subject"})
_PURPOSE: Final = "plan how a question over contracts is answered"


class Planning:
    """The nodes, bound to one run's door."""

    def __init__(self, door: Door, *, categories: Sequence[str]) -> None:
        self._door = door
        self._planner = door.offering(PLAN, *LOOKS, *EFFECTS)
        self._categories = categories

    async def plan(self, state: Any) -> dict[str, Any]:
        """Draft a plan, ask the policy about it, draft it anew where it would deny, and state it.

        What would still be denied in the last draft is left out, and stays in the state with the
        codes of why.
        """
        paths = paths_of(state)
        if not paths:
            why = "the request names no document"
            return {"stopped": because("plan", code="no_documents", why=why)}
        talk: list[list[str]] = [["agent", words.PLAN]]
        try:
            for number in range(DRAFTS):
                text = await self._draft(state, talk)
                steps = draft.read(text)
                foreseen = await self._foreseen(steps)
                denied = [one for one in foreseen if one["verdict"] == "deny"]
                talk.append(["model", text])
                if not denied or number == DRAFTS - 1:
                    break
                talk.append(["agent", words.denied(denied)])
        except Refused as refusal:
            return {"stopped": stopped("plan", refusal.outcome)}
        except ValueError as error:
            return {"stopped": because("plan", code=UNFIT, why=str(error))}
        outcome = await self._state([one for one in foreseen if one not in denied])
        if not isinstance(outcome, Done):
            return {"stopped": stopped("plan", outcome)}
        return {"plan": foreseen, "talk": talk}

    async def read(self, state: Any) -> dict[str, Any]:
        """Read every document; one that cannot be read stops no other."""
        documents = []
        first: dict[str, str] | None = None
        for number, path in enumerate(paths_of(state)):
            file = {"path": path, "redline": "accepted"}
            outcome = await self._door.call(READ, file, call_id=f"read-{number}")
            if isinstance(outcome, Done):
                documents.append(outcome.value.model_dump(mode="json"))
                continue
            fault = stopped("read", outcome)
            first = first or fault
            name = PurePath(path).name
            documents.append({"digest": "", "name": name, "code": fault["code"]})
        if first is not None and not any(one["digest"] for one in documents):
            return {"documents": documents, "stopped": first}
        return {"documents": documents}

    async def _draft(self, state: Any, talk: Sequence[Sequence[str]]) -> str:
        return await asked(
            self._door,
            [*begun(state, self._categories), *words.conversation(talk)],
            form=draft.form(_offers(state, self._categories)),
            purpose=_PURPOSE,
        )

    async def _foreseen(self, steps: Sequence[Step]) -> list[dict[str, Any]]:
        """Return each step with its arguments and what the policy would say of it."""
        plan = Plan(steps=[_planned(number, one) for number, one in enumerate(steps)])
        foreseen = await self._planner.foresee(plan, after={READ})
        return [
            {**one.told(), "arguments": dict(step.arguments)}
            for step, one in zip(steps, foreseen, strict=True)
        ]

    async def _state(self, steps: Sequence[dict[str, Any]]) -> Outcome:
        """State the plan; one without a step that the policy lets through is a plan to look."""
        planned = [
            _planned(number, Step(tool=one["tool"], arguments=one["arguments"]))
            for number, one in enumerate(steps)
        ]
        plan = Plan(steps=planned or [PlannedStep(name="look", tool=SEARCH)])
        arguments = plan.model_dump(mode="json")
        return await self._planner.call(PLAN, arguments, call_id="plan")


def paths_of(state: Any) -> list[str]:
    """Return the paths of the request, each once."""
    one = [state["path"]] if state.get("path") else []
    return list(dict.fromkeys([*one, *state.get("paths", ())]))


def begun(state: Any, categories: Sequence[str]) -> list[BaseMessage]:
    """Return how every conversation of the run begins."""
    names = [PurePath(path).name for path in paths_of(state)]
    every = [*_offers(state, categories), offers.answer(len(names))]
    return words.opening(state["question"], names, every)


def _offers(state: Any, categories: Sequence[str]) -> list[Offer]:
    number = len(paths_of(state))
    return [*offers.looks(number, categories), *offers.effects(number)]


def _planned(number: int, step: Step) -> PlannedStep:
    """Return the step as the runtime proves it: what can be said of it before anything is read."""
    arguments = {
        name: Term(value=value)
        for name, value in step.arguments.items()
        if name in _SAID_NOW
    }
    return PlannedStep(
        name=f"s{number}",
        tool=step.tool,
        arguments=arguments,
    )
