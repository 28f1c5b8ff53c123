"""LangChain tools and the prebuilt agents of LangGraph and LangChain, through the door."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.prebuilt import create_react_agent

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.errors import BadInput, Ungoverned
from interlock.runtime.graph.langchain import governed_tools, langchain_tool
from interlock.runtime.graph.model import GENERATE, governed
from interlock.runtime.policy.decision import Denied, Permit
from interlock.runtime.testing import REVIEWER, StaticPoint, World

PAY = {"type": "tool_call", "id": "call-1", "name": "pay", "args": {"order": "7"}}
pytestmark = pytest.mark.filterwarnings(
    "ignore::langgraph.warnings.LangGraphDeprecatedSinceV10"
)


def paying(paid: list[str]) -> BaseTool:
    """Return a plain LangChain tool that notes what it paid."""

    def pay(order: str) -> str:
        """Pay an order."""
        paid.append(order)
        return f"paid {order}"

    return StructuredTool.from_function(pay)


class Generate(Value):
    """The arguments of a generation."""

    model: str
    purpose: str
    messages: str
    tools: str


class Generation(Value):
    """The result of a generation."""

    message: str


@tool(GENERATE, action="read")
async def generate(permit: Permit, arguments: Generate) -> Generation:
    """Propose the payment first, and end when it was answered."""
    told = json.loads(arguments.messages)
    assert [schema["function"]["name"] for schema in json.loads(arguments.tools)] == [
        "pay"
    ]
    if told[-1]["type"] == "tool":
        return Generation(message=json.dumps({"content": told[-1]["data"]["content"]}))
    return Generation(message=json.dumps({"content": "", "tool_calls": [PAY]}))


class Prebuilt:
    """An agent that *make* builds, with a governed model and governed tools."""

    name = "prebuilt"

    def __init__(self, make: Any) -> None:
        self._make = make

    def build(self, door: Door) -> Any:
        """Return the prebuilt graph, uncompiled."""
        model = governed(door, "stub", purpose="pay")
        return self._make(model, governed_tools(door, "pay")).builder

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        """Return the last message and what the tool said."""
        messages = state.get("messages", [])
        told = [
            message.status for message in messages if isinstance(message, ToolMessage)
        ]
        last = str(messages[-1].content) if messages else ""
        return {"last": last, "told": list(told)}


def tools(paid: list[str]) -> list[AnyTool]:
    """Return the payment and the model."""
    return [langchain_tool(paying(paid), action="irreversible"), generate]


async def test_a_langchain_tool_acts_behind_the_door(tmp_path: Path) -> None:
    """A wrapped tool is called under a permit, once for each call, and its result is untrusted."""
    paid: list[str] = []
    async with World(tmp_path, tools=tools(paid)) as world:
        run = await world.start()
        door = Door(pep=world.pep, run=run)
        first = await door.call("pay", {"order": "7"}, call_id="1")
        again = await door.call("pay", {"order": "7"}, call_id="1")
        wrong = await door.call("pay", {"order": 7, "all": True}, call_id="2")

    assert isinstance(first, Done)
    assert first.value.model_dump() == {"text": "paid 7"}
    assert again == first
    assert isinstance(wrong, Denied) or wrong.action_id != first.action_id
    assert paid == ["7"]
    assert world.tools["pay"].description == "Pay an order."
    assert world.tools["pay"].yields is not None


@pytest.fixture(params=[create_react_agent, create_agent])
def prebuilt(request: pytest.FixtureRequest) -> Prebuilt:
    """The prebuilt agent of LangGraph, and the one of LangChain."""
    return Prebuilt(request.param)


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
async def test_the_prebuilt_agent_waits_at_the_door(
    tmp_path: Path, prebuilt: Prebuilt, verdict: Any
) -> None:
    """The prebuilt agent proposes, suspends for a person, and acts once, after approval only."""
    paid: list[str] = []
    pdp = StaticPoint(
        effects={"pay": "permit", GENERATE: "permit"}, waiting=frozenset({"pay"})
    )
    async with World(tmp_path, tools=tools(paid), pdp=pdp) as world:
        run = await world.start(request={"messages": "pay order 7"})
        suspended = await world.driver.drive(run, prebuilt)
        assert suspended.status == "waiting"
        assert paid == []
        asked = await world.approvals.read(suspended.waiting[0])
        await world.approvals.decide(
            asked.id,
            reviewer=REVIEWER,
            verdict=verdict,
            shown=asked.evidence_digest,
            note="looks right",
        )
        ended = await world.driver.drive(await world.runs.claim(run.id), prebuilt)

    assert ended.status == "done"
    assert paid == (["7"] if verdict == "approved" else [])
    assert ended.outcome["told"] == ["success" if verdict == "approved" else "error"]


@pytest.mark.parametrize("effect", ["permit", "deny"])
async def test_the_prebuilt_agent_is_told_of_the_decision(
    tmp_path: Path, prebuilt: Prebuilt, effect: Any
) -> None:
    """A permitted tool call acts, a denied one is an answer to the agent and nothing happens."""
    paid: list[str] = []
    pdp = StaticPoint(effects={"pay": effect, GENERATE: "permit"})
    async with World(tmp_path, tools=tools(paid), pdp=pdp) as world:
        run = await world.start(request={"messages": "pay order 7"})
        ended = await world.driver.drive(run, prebuilt)

    is_permitted = effect == "permit"
    assert ended.outcome["told"] == ["success" if is_permitted else "error"]
    assert str(ended.outcome["last"]).startswith("Denied") != is_permitted
    assert paid == (["7"] if is_permitted else [])


async def test_a_raw_tool_is_bound_to_no_governed_model(tmp_path: Path) -> None:
    """A governed model takes schemas and governed tools, and nothing that could be called."""
    async with World(tmp_path, tools=tools([])) as world:
        door = Door(pep=world.pep, run=await world.start())
        model = governed(door, "stub", purpose="pay")
        with pytest.raises(Ungoverned):
            model.bind_tools([paying([])])
        (governed_tool,) = governed_tools(door, "pay")
        with pytest.raises(Ungoverned):
            governed_tool.invoke(PAY)
        with pytest.raises(Ungoverned):
            await governed_tool.ainvoke({"order": "7"})


@pytest.mark.parametrize(
    "options", [{"stop": ["."]}, {"tool_choice": "any"}, {"temperature": 1}]
)
async def test_no_option_is_passed_over_in_silence(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    """An option that a governed model does not honour is refused, bound or in a call."""
    async with World(tmp_path) as world:
        door = Door(pep=world.pep, run=await world.start())
        model = governed(door, "m", purpose="test")
        with pytest.raises(BadInput):
            await model.ainvoke("hello", **options)
        with pytest.raises(BadInput):
            model.bind_tools([], **options)
        model.bind_tools([], tool_choice="auto")
