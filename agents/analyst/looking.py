"""The third node: the model looks, in rounds, until it answers; the answer is then checked.

The rounds are bounded, and so are repetitions: a model that goes round in circles is asked for its
answer, and one that does not answer ends the run.
"""

from collections.abc import Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, ToolMessage

from interlock.agents.analyst import offers, words
from interlock.agents.analyst.asking import UNFIT, asked
from interlock.agents.analyst.planning import begun
from interlock.agents.planning import step
from interlock.agents.planning.step import Step
from interlock.agents.planning.stop import because, stopped
from interlock.runtime.canonical import digest
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.graph.model import Refused

CHECK: Final = "answers.check"
#: Looks of one run, and repetitions of a look
ROUNDS: Final = 6
REPEATS: Final = 2
_PURPOSE: Final = "look into contracts and answer a question over them"


class Looking:
    """The node, bound to one run's door."""

    def __init__(self, door: Door, *, categories: Sequence[str]) -> None:
        self._door = door
        self._categories = categories

    async def look(self, state: Any) -> dict[str, Any]:
        """Ask for the next look or the answer; propose the one, check the other."""
        is_last = (
            state.get("rounds", 0) >= ROUNDS
            or state.get("repeats", 0) >= REPEATS
            or "statements" in state
        )
        told = [
            *_told(state),
            ["agent", words.ANSWER_NOW if is_last else words.LOOK_NOW],
        ]
        documents = [one["digest"] for one in state["documents"]]
        try:
            text = await self._asked(state, told, is_last=is_last)
            chosen = step.read(text)
            told.append(["model", text])
            if chosen.tool == offers.ANSWER:
                return await self._checked(state, told, chosen, documents)
            call = offers.call(chosen, documents)
        except Refused as refusal:
            return {"stopped": stopped("look", refusal.outcome)}
        except (ValueError, KeyError) as error:
            return {"stopped": because("look", code=UNFIT, why=str(error))}
        return _proposed(state, told, call)

    async def _asked(
        self, state: Any, told: Sequence[Sequence[str]], *, is_last: bool
    ) -> str:
        number = len(state["documents"])
        wanted = [offers.answer(number)]
        if not is_last:
            wanted = [*offers.looks(number, self._categories), *wanted]
        talk = [*state["talk"], *told]
        return await asked(
            self._door,
            [*begun(state, self._categories), *words.conversation(talk)],
            form=step.form(wanted, ends=False),
            purpose=_PURPOSE,
        )

    async def _checked(
        self,
        state: Any,
        told: list[list[str]],
        chosen: Step,
        documents: Sequence[str],
    ) -> dict[str, Any]:
        """Hold the answer against the documents."""
        checks = state.get("checks", 0) + 1
        arguments = {"statements": offers.statements(chosen, documents)}
        outcome = await self._door.call(CHECK, arguments, call_id=f"check-{checks}")
        if not isinstance(outcome, Done):
            return {"stopped": stopped("answer", outcome)}
        statements = outcome.value.model_dump(mode="json")["statements"]
        if not any(one["cites"] for one in statements):
            told.append(["agent", words.faults(statements)])
        return {"statements": statements, "checks": checks, "talk": told}


def _told(state: Any) -> list[list[str]]:
    """Return what came of the last look, as the model is told it."""
    messages = state.get("messages")
    last = messages[-1] if messages else None
    if not isinstance(last, ToolMessage) or "statements" in state:
        return []
    text = words.seen(str(last.name), str(last.content), state["documents"])
    return [["agent", text]]


def _proposed(state: Any, told: list[list[str]], call: offers.Call) -> dict[str, Any]:
    """Return the look as a proposal; one that was proposed before is only counted."""
    name, arguments = call
    rounds = state.get("rounds", 0) + 1
    looked = state.get("looked", [])
    key = digest([name, arguments])
    if key in looked:
        told.append(["agent", words.AGAIN])
        repeats = state.get("repeats", 0) + 1
        aside = AIMessage(content=words.AGAIN)
        return {
            "rounds": rounds,
            "repeats": repeats,
            "talk": told,
            "messages": [aside],
        }
    proposal = {
        "name": name,
        "args": arguments,
        "id": f"look-{rounds}",
        "type": "tool_call",
    }
    message = AIMessage(content="", tool_calls=[proposal])
    return {
        "rounds": rounds,
        "looked": [*looked, key],
        "talk": told,
        "messages": [message],
    }
