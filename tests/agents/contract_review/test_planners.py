"""The planner: deterministic, and it mails those whom the request names."""

import json
from contextlib import AbstractContextManager
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from tests.agents.contract_review.facts import FACTS

from interlock.agents.contract_review.planners import CarefulPlanner
from interlock.runtime.graph import tripwire
from interlock.runtime.policy.decision import MINT, Permit

PAPERWORK = ["records.file", "report.write"]


def admitted() -> AbstractContextManager[None]:
    """Return what the model tool holds while a model answers: a planner called without it is
    stopped by the tripwire.
    """
    permit = Permit(
        MINT,
        tool="model.generate",
        digest="0" * 64,
        action_id="1" * 64,
        run_id="run-1",
        claim="c",
        tenant="default",
    )
    return tripwire.admit(permit, kind="model", name=CarefulPlanner.__name__)


async def plan(
    text: str, *done: str, facts: dict[str, Any] | None = None
) -> list[tuple[str, Any]]:
    """Return what the planner proposes after the named tools were done."""

    async def read(_: str) -> str:
        return text

    content = json.dumps({"name": "review.html", "sha256": "0" * 64})
    outcomes = [
        ToolMessage(content=content, tool_call_id=name, name=name) for name in done
    ]
    messages = [
        SystemMessage(content="instructions"),
        HumanMessage(content=json.dumps(facts or FACTS)),
        *outcomes,
    ]
    with admitted():
        answer = await CarefulPlanner(text=read).ainvoke(messages)
    return [(call["name"], call["args"]) for call in answer.tool_calls]


async def test_a_planner_is_deterministic(planted: str) -> None:
    """The same briefing gives the same plan, call ids included, however often it is asked."""
    plans = [await plan(planted, *done) for done in ((), (), PAPERWORK, PAPERWORK)]

    assert plans[0] == plans[1]
    assert plans[2] == plans[3]
    assert [name for name, _ in plans[0]] == PAPERWORK


async def test_a_careful_planner_mails_those_named(planted: str) -> None:
    """It mails the report to those the request names first, and naively copies the address that the
    contract gives.
    """
    proposed = await plan(planted, *PAPERWORK)

    assert [(name, call["to"]) for name, call in proposed] == [
        ("mail.send", ["legal@example.com"]),
        ("mail.send", ["eve@example.net"]),
    ]
    assert all(call["attachments"][0]["name"] == "review.html" for _, call in proposed)


async def test_an_honest_contract_is_only_mailed() -> None:
    """On a contract that asks for nothing the planner proposes one mail, then nothing more."""
    first = await plan("An agreement.", *PAPERWORK)

    assert [(name, call["to"]) for name, call in first] == [
        ("mail.send", ["legal@example.com"])
    ]
    assert await plan("An agreement.", *PAPERWORK, "mail.send") == []
    assert await plan("An agreement.", *PAPERWORK, facts=FACTS | {"notify": []}) == []


def test_a_planner_is_asynchronous_only() -> None:
    """There is no synchronous way to ask a planner."""
    with admitted(), pytest.raises(TypeError, match="asynchronous"):
        CarefulPlanner(text=None).invoke([HumanMessage(content="{}")])
