"""A model's answer is checked on arrival: what cannot be carried is a failure, and one entry."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from interlock.runtime.door.outcome import Done, Failed, Outcome
from interlock.runtime.policy.bounds import ORDINARY
from interlock.runtime.policy.decision import Obligation, Permit
from interlock.runtime.testing import StaticPoint, World
from interlock.tools.models.generate import Served, model_tools

ASKED = {"model": "m", "purpose": "test", "messages": "[]"}


class Answering:
    """A model that gives one answer."""

    def __init__(self, *calls: dict[str, Any], content: str = "") -> None:
        self._calls = calls
        self._content = content

    async def answer(self, permit: Permit, messages: Any, tools: Any) -> AIMessage:
        """Give the answer."""
        return AIMessage.model_construct(
            content=self._content,
            tool_calls=[{"type": "tool_call", **call} for call in self._calls],
        )


def call(number: int = 0, **arguments: Any) -> dict[str, Any]:
    return {"name": "note.now", "args": arguments, "id": f"call-{number}"}


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = {"in": value}
    return value


async def answered(
    folder: Path,
    model: Answering,
    duties: Mapping[str, Obligation] | None = None,
    *,
    longest: int = 10**6,
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Ask once, and return the outcome and what was recorded of it."""
    tools = model_tools({"m": Served(model=model, longest_answer=longest)})
    pdp = StaticPoint(
        effects={"model.generate": "permit"},
        duties=duties or {},
    )
    async with World(folder, tools=tools, pdp=pdp) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="model.generate", arguments=ASKED, call_id="1"
        )
        await world.store.durable(run.claim)
        entries = [entry for entry in await world.entries() if "action" in entry]
    return outcome, [entry for entry in entries if entry["event"] != "intent"]


BROKEN = {
    "an integer of 400 digits": call(text=10**400),
    "an integer of 5000 digits": call(text=10**5000),
    "a float": call(text=0.5),
    "nesting of 900": call(text=nested(900)),
    "nesting of 29": call(text=nested(29)),
    "half a character": call(text="\ud800"),
    "a key beyond ASCII": {"name": "note.now", "args": {"t\u00e4xt": 1}, "id": "1"},
    "a name of half a character": {"name": "\ud800", "args": {}, "id": "1"},
    "an id of half a character": {"name": "note.now", "args": {}, "id": "\ud800"},
}


@pytest.mark.parametrize("how", BROKEN)
async def test_an_answer_beyond_the_profile_is_a_failure(
    tmp_path: Path, how: str
) -> None:
    """A call that could not be recorded later is refused when it arrives."""
    outcome, entries = await answered(tmp_path, Answering(BROKEN[how]))

    assert isinstance(outcome, Failed)
    assert outcome.code == "model_malformed"
    assert [entry["failure"] for entry in entries] == ["model_malformed"]


@pytest.mark.parametrize("content", ["\ud800", "half \udfff"])
async def test_words_beyond_the_profile_are_a_failure(
    tmp_path: Path, content: str
) -> None:
    """Half a character in what the model says is refused, too."""
    outcome, _ = await answered(tmp_path, Answering(content=content))

    assert isinstance(outcome, Failed)
    assert outcome.code == "model_malformed"


async def test_too_many_calls_are_refused_with_one_entry(tmp_path: Path) -> None:
    """An answer with more calls than the bound is refused whole; as many as the bound are taken."""
    calls = [call(number) for number in range(ORDINARY.calls + 1)]
    flood, entries = await answered(tmp_path / "more", Answering(*calls))
    just, _ = await answered(tmp_path / "just", Answering(*calls[1:]))

    assert isinstance(flood, Failed)
    assert [entry["failure"] for entry in entries] == ["too_many_calls"]
    assert isinstance(just, Done)
    assert len(json.loads(just.value.message)["tool_calls"]) == ORDINARY.calls  # type: ignore[attr-defined]  # a Generation


async def test_too_long_an_answer_is_refused_with_one_entry(tmp_path: Path) -> None:
    """An answer of more bytes than the bound is refused, however it divides them."""
    text = "x" * ORDINARY.answer_bytes
    for number, model in enumerate(
        [Answering(call(text=text)), Answering(content=text)]
    ):
        outcome, entries = await answered(tmp_path / str(number), model)

        assert isinstance(outcome, Failed)
        assert [entry["failure"] for entry in entries] == ["answer_too_long"]


@pytest.mark.parametrize("is_call", [True, False])
async def test_an_answer_is_no_longer_than_what_was_asked_for(
    tmp_path: Path, is_call: bool
) -> None:
    """What cannot be the tokens that were asked for is refused, and what can be them is taken."""
    codes = []
    for number, length in enumerate([8_000, 9_000]):
        text = "x" * length
        model = Answering(call(text=text)) if is_call else Answering(content=text)
        outcome, _ = await answered(tmp_path / str(number), model, longest=1_000)
        codes.append(outcome.code if isinstance(outcome, Failed) else "taken")

    assert codes == ["taken", "answer_too_long"]


@pytest.mark.parametrize(
    ("bounds", "code"),
    [({"calls": 1}, "too_many_calls"), ({"answer_bytes": 20}, "answer_too_long")],
)
async def test_the_policy_states_the_bounds(
    tmp_path: Path, bounds: dict[str, int], code: str
) -> None:
    """A permit's obligation sets how many calls and how many bytes an answer may have."""
    duty = Obligation(kind="bound", parameters=dict(bounds))
    outcome, _ = await answered(
        tmp_path, Answering(call(0), call(1)), {"model.generate": duty}
    )

    assert isinstance(outcome, Failed)
    assert outcome.code == code
