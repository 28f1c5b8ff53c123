"""What an agent holds: a model that is governed, and nothing that leads past the door."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    messages_from_dict,
)
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompt_values import StringPromptValue
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import BaseTool

from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import Value, tool
from interlock.runtime.errors import Ungoverned
from interlock.runtime.graph import tripwire
from interlock.runtime.graph.model import GENERATE, Refused, governed
from interlock.runtime.policy.decision import Denied, Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.testing import StaticPoint, World

CALLS: list[str] = []


class Raw(BaseChatModel):
    """The model behind the door."""

    @property
    def _llm_type(self) -> str:
        return "raw"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        CALLS.append(str(messages[-1].content))
        return ChatResult(
            generations=[
                ChatGeneration(message=AIMessage(content=f"to {messages[-1].content}"))
            ]
        )


class Generate(Value):
    """The arguments of a generation."""

    model: str
    purpose: str
    messages: str
    tools: str


class Generation(Value):
    """Its result."""

    message: str


@tool(GENERATE, action="read", resource=lambda a: Resource(type="model", id=a.model))
async def generate(permit: Permit, arguments: Generate) -> Generation:
    """Ask the raw model under the permit."""
    with tripwire.admit(permit, kind="model", name="Raw"):
        answer = await Raw().ainvoke(messages_from_dict(json.loads(arguments.messages)))
    return Generation(message=json.dumps({"content": answer.text}))


@pytest.fixture(autouse=True)
def calls() -> Iterator[None]:
    CALLS.clear()
    yield
    CALLS.clear()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with World(tmp_path, tools=[generate]) as world:
        yield Door(pep=world.pep, run=await world.start())
        report = await world.verify()
    assert report.problems == []


async def drained(stream: Any) -> str:
    return "".join([str(each.content) async for each in stream])


GOVERNED: dict[str, Callable[[Any], Any]] = {
    "ainvoke": lambda model: model.ainvoke("hello"),
    "messages": lambda model: model.ainvoke([HumanMessage("hello")]),
    "prompt": lambda model: model.ainvoke(
        ChatPromptTemplate.from_messages([("human", "hello")]).format_prompt()
    ),
    "astream": lambda model: drained(model.astream("hello")),
    "bind": lambda model: model.bind().ainvoke("hello"),
    "bind_tools": lambda model: model.bind_tools(
        [{"type": "function", "function": {"name": "x"}}]
    ).ainvoke("hello"),
    "sequence": lambda model: (
        ChatPromptTemplate.from_messages([("human", "{x}")]) | model
    ).ainvoke({"x": "hello"}),
    "with_config": lambda model: model.with_config(tags=["x"]).ainvoke("hello"),
    "no callbacks": lambda model: model.ainvoke("hello", config={"callbacks": []}),
}


@pytest.mark.parametrize("way", GOVERNED)
async def test_a_governed_model_answers_through_the_door(door: Door, way: str) -> None:
    """Every asynchronous way of a governed model is one action of its run, and reaches the model
    once.
    """
    answer = await GOVERNED[way](governed(door, "planner", purpose="test"))

    assert (answer if isinstance(answer, str) else answer.content) == "to hello"
    assert CALLS == ["hello"]


async def test_a_batch_is_as_many_actions(door: Door) -> None:
    """Each member of a batch is an action of its own, with its own permit."""
    answers = await governed(door, "planner", purpose="test").abatch(["a", "b", "c"])

    assert [each.content for each in answers] == ["to a", "to b", "to c"]
    assert sorted(CALLS) == ["a", "b", "c"]


async def test_the_same_question_is_asked_once(door: Door) -> None:
    """A generation that is repeated in a run is answered from the record."""
    model = governed(door, "planner", purpose="test")
    assert (await model.ainvoke("hello")).content == (
        await model.ainvoke("hello")
    ).content

    assert CALLS == ["hello"]


REFUSED: dict[str, Callable[[Any], Any]] = {
    "invoke": lambda model: model.invoke("hello"),
    "stream": lambda model: list(model.stream("hello")),
    "batch": lambda model: model.batch(["hello"]),
    "generate": lambda model: model.generate([[HumanMessage("hello")]]),
    "generate_prompt": lambda model: model.generate_prompt(
        [StringPromptValue(text="hello")]
    ),
    "agenerate": lambda model: model.agenerate([[HumanMessage("hello")]]),
    "agenerate_prompt": lambda model: model.agenerate_prompt(
        [StringPromptValue(text="hello")]
    ),
    "_generate": lambda model: model._generate([HumanMessage("hello")]),  # noqa: SLF001 - there is no public way to break it
    "sequence": lambda model: (
        ChatPromptTemplate.from_messages([("human", "{x}")]) | model
    ).invoke({"x": "hello"}),
}


async def awaited(way: Callable[[Any], Any], model: Any) -> None:
    """Go one way; where it is asynchronous, to its end."""
    await way(model)


@pytest.mark.parametrize("way", REFUSED)
async def test_there_is_no_other_way_in(door: Door, way: str) -> None:
    """The synchronous calls and `generate` are refused, and the model is not reached."""
    with pytest.raises(Ungoverned):
        await awaited(REFUSED[way], governed(door, "planner", purpose="test"))

    assert CALLS == []


class Useful(BaseTool):
    """A tool with code in it."""

    name: str = "useful"
    description: str = "useful"

    def _run(self) -> str:
        return ""


@pytest.mark.parametrize(
    "bound",
    [print, Useful(), Value, lambda: None],
    ids=["function", "tool", "class", "lambda"],
)
def test_nothing_callable_is_bound_to_a_model(door: Door, bound: Any) -> None:
    """Only plain schemas are bound: a function, a class or a tool is refused, alone or among
    schemas.
    """
    for tools in ([bound], [{"type": "function"}, bound]):
        with pytest.raises(Ungoverned):
            governed(door, "planner", purpose="test").bind_tools(tools)


async def test_a_model_that_is_denied_is_not_reached(tmp_path: Path) -> None:
    """When the policy refuses a generation the caller gets Refused with the decision, and the model
    is not reached.
    """
    async with World(tmp_path, tools=[generate], pdp=StaticPoint()) as world:
        model = governed(
            Door(pep=world.pep, run=await world.start()), "planner", purpose="test"
        )
        with pytest.raises(Refused, match="not_granted") as caught:
            await model.ainvoke("hello")

    assert isinstance(caught.value.outcome, Denied)
    assert CALLS == []


async def test_the_schemas_are_the_tools_own(door: Door) -> None:
    """A planner is told each tool's name, docstring and arguments, and holds nothing that
    could be called.
    """
    (schema,) = door.schemas(GENERATE)

    assert schema["function"]["name"] == GENERATE
    assert schema["function"]["description"] == "Ask the raw model under the permit."
    assert set(schema["function"]["parameters"]["properties"]) == {
        "model",
        "purpose",
        "messages",
        "tools",
    }
