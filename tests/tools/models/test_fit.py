"""An answer keeps to its schema, or the model is told once what was wrong, and then refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.tools.models.asking import asked, candidate, offered, retries

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Failed, Outcome
from interlock.runtime.graph.model import Refused, governed
from interlock.runtime.testing import World
from interlock.testing import ModelServer, Turn, answers, calls, says
from interlock.tools.models.generate import model_tools
from interlock.tools.models.router.router import Router

FORM: dict[str, Any] = {
    "type": "object",
    "properties": {"law": {"enum": ["NY", "DE"]}},
    "required": ["law"],
    "additionalProperties": False,
}
SEND = offered("mail.send", to={"type": "array", "items": {"type": "string"}})
GOOD = calls("mail.send", {"to": ["a@example.com"]})


async def generated(
    folder: Path, server: ModelServer, **arguments: Any
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Ask once through the door that an agent holds; return the outcome and the entries."""
    only = (candidate("local", server.url),)
    tools = model_tools(Router({"planner": only}, retries=retries()))
    async with World(folder, tools=tools) as world:
        run = await world.start()
        outcome = await Door(pep=world.pep, run=run).call(
            "model.generate", asked(**arguments), call_id="1"
        )
        await world.store.durable(run.claim)
        entries = [
            entry for entry in await world.entries() if entry["event"] == "outcome"
        ]
        assert (await world.verify()).problems == []
    return outcome, entries


async def test_a_form_goes_to_the_server_and_is_checked_here(tmp_path: Path) -> None:
    """The server is asked to keep to the form, and an answer that does is taken."""
    async with ModelServer([answers({"law": "NY"})]) as server:
        outcome, entries = await generated(tmp_path, server, form=json.dumps(FORM))

    assert isinstance(outcome, Done)
    (question,) = server.asked
    sent = question.body["response_format"]["json_schema"]
    assert (sent["schema"], sent["strict"]) == (FORM, True)
    assert [entry["state"] for entry in entries] == ["done"]


WRONG: dict[str, tuple[Turn, str]] = {
    "no JSON": (says("The law of New York."), "no JSON"),
    "another value": (answers({"law": "FR"}), "/law breaks enum"),
    "a missing field": (answers({}), "/ breaks required"),
    "one field too many": (
        answers({"law": "NY", "why": "x"}),
        "/ breaks additionalProperties",
    ),
}


@pytest.mark.parametrize("how", WRONG)
async def test_an_answer_out_of_form_is_mended_once(tmp_path: Path, how: str) -> None:
    """The model is told what was wrong, and its second answer is taken; both are recorded, and the
    first is charged.
    """
    wrong, why = WRONG[how]
    async with ModelServer([wrong, answers({"law": "DE"})]) as server:
        outcome, entries = await generated(tmp_path, server, form=json.dumps(FORM))

    assert isinstance(outcome, Done)
    told = server.asked[1].body["messages"][-1]
    assert told["role"] == "user"
    assert why in told["content"]
    assert [(entry["state"], entry.get("failure")) for entry in entries] == [
        ("failed", "model_unfit"),
        ("done", None),
    ]
    assert min(entry["spent"]["tokens"] for entry in entries) > 0


@pytest.mark.parametrize(
    ("turn", "arguments"),
    [
        (says("never JSON"), {"form": json.dumps(FORM)}),
        (calls("mail.send", {"to": "a@example.com"}), {"tools": [SEND]}),
        (calls("mail.send", '{"to":'), {"tools": [SEND]}),
    ],
)
async def test_a_model_that_does_not_mend_is_refused_after_exactly_one_more(
    tmp_path: Path, turn: Turn, arguments: dict[str, Any]
) -> None:
    """Two answers out of form are the end: the call failed, and nothing of them is a proposal."""
    async with ModelServer([turn]) as server:
        outcome, entries = await generated(tmp_path, server, **arguments)

    assert isinstance(outcome, Failed)
    assert outcome.code == "model_unfit"
    assert len(server.asked) == len(entries) == 2


async def test_a_call_out_of_its_schema_is_mended_before_it_is_proposed(
    tmp_path: Path,
) -> None:
    """Arguments that do not fit their tool never reach the policy as a proposal of that tool."""
    wrong = calls("mail.send", {"to": "a@example.com"})
    async with ModelServer([wrong, GOOD]) as server:
        outcome, _ = await generated(tmp_path, server, tools=[SEND])

    assert isinstance(outcome, Done)
    message = json.loads(outcome.value.message)  # type: ignore[attr-defined]  # a Generation
    assert message["tool_calls"][0]["args"] == {"to": ["a@example.com"]}
    assert "/to breaks type" in server.asked[1].body["messages"][-1]["content"]
    assert server.asked[0].body["tools"][0]["function"]["strict"] is True


async def test_a_call_of_a_tool_that_was_not_offered_goes_on_to_the_policy(
    tmp_path: Path,
) -> None:
    """What a model tries beside its offer is for the policy to deny and for the ledger to hold."""
    async with ModelServer([calls("mail.erase", {"all": True})]) as server:
        outcome, _ = await generated(tmp_path, server, tools=[SEND])

    assert isinstance(outcome, Done)
    assert len(server.asked) == 1


async def test_a_governed_model_answers_in_a_form(tmp_path: Path) -> None:
    """An agent that names a form gets JSON that fits it, or is refused with the code."""
    script = [answers({"law": "NY"}), says("no"), says("no")]
    async with ModelServer(script) as server:
        only = (candidate("local", server.url),)
        tools = model_tools(Router({"planner": only}, retries=retries()))
        async with World(tmp_path, tools=tools) as world:
            door = Door(pep=world.pep, run=await world.start())
            model = governed(door, "planner", purpose="test", form=FORM)
            answer = await model.ainvoke("Which law governs?")
            with pytest.raises(Refused) as refused:
                await model.ainvoke("And which court?")

    assert json.loads(answer.text) == {"law": "NY"}
    assert isinstance(refused.value.outcome, Failed)
    assert refused.value.outcome.code == "model_unfit"
