"""The tripwire: every public LangChain way to a model, a tool or a retriever, walked without and
with a permit.
"""

import asyncio
import contextvars
import gc
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import (
    CallbackManagerForLLMRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.language_models.llms import LLM
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompt_values import StringPromptValue
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, create_react_agent
from pydantic import BaseModel

from interlock.runtime.errors import Ungoverned
from interlock.runtime.graph import tripwire
from interlock.runtime.policy.decision import MINT, Permit

CALLS: list[str] = []
WITHOUT: RunnableConfig = {"callbacks": []}


class RawModel(BaseChatModel):
    """A chat model that notes that it was reached."""

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
        CALLS.append("model")
        return ChatResult(
            generations=[ChatGeneration(message=AIMessage(content="hello"))]
        )

    def bind_tools(self, tools: Any, **_: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=tools)


class RawLLM(LLM):
    """A completion model that notes that it was reached."""

    @property
    def _llm_type(self) -> str:
        return "raw"

    def _call(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> str:
        CALLS.append("llm")
        return "hello"


class RawRetriever(BaseRetriever):
    """A retriever that notes that it was reached."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        CALLS.append("retriever")
        return []


class RawTool(BaseTool):
    """A tool that notes that it was reached."""

    name: str = "raw"
    description: str = "raw"

    def _run(self, text: str) -> str:
        CALLS.append("tool")
        return text


class Answer(BaseModel):
    """A schema for structured output."""

    text: str


# LangChain starts a callback for each of a batch and forgets the others when the first refuses.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine 'ahandle_event' was never awaited:RuntimeWarning"
)


@pytest.fixture(autouse=True, scope="module")
def forgotten() -> Iterator[None]:
    """What LangChain forgot goes after the last test of this file, not in another file's tests."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def calls(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Each test begins with no calls, in a strict process unless it is marked otherwise."""
    CALLS.clear()
    if "default" in request.fixturenames:
        yield CALLS
    else:
        with tripwire.strict():
            yield CALLS
    CALLS.clear()


async def drained(stream: Any) -> list[Any]:
    """Return all that a stream gives."""
    return [each async for each in stream]


def in_thread(work: Callable[[], Any]) -> Any:
    """Run *work* in a bare thread, which inherits no context, and raise what it raised."""
    caught: list[BaseException] = []

    def target() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            caught.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


#: Every way that all runnables share: a synchronous call, or one to await
WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "invoke": lambda each, given: each.invoke(given),
    "ainvoke": lambda each, given: each.ainvoke(given),
    "stream": lambda each, given: list(each.stream(given)),
    "astream": lambda each, given: drained(each.astream(given)),
    "batch": lambda each, given: each.batch([given, given]),
    "abatch": lambda each, given: each.abatch([given, given]),
    "batch_as_completed": lambda each, given: list(each.batch_as_completed([given])),
    "abatch_as_completed": lambda each, given: drained(
        each.abatch_as_completed([given])
    ),
    "transform": lambda each, given: list(each.transform(iter([given]))),
    "atransform": lambda each, given: drained(each.atransform(_several(given))),
    "astream_events": lambda each, given: drained(
        each.astream_events(given, version="v2")
    ),
    "with_retry": lambda each, given: each.with_retry(
        stop_after_attempt=2, wait_exponential_jitter=False
    ).invoke(given),
    "with_fallbacks": lambda each, given: each.with_fallbacks([each]).ainvoke(given),
    "with_config": lambda each, given: each.with_config(tags=["x"]).ainvoke(given),
    "with_listeners": lambda each, given: each.with_listeners(on_start=None).invoke(
        given
    ),
    "with_types": lambda each, given: each.with_types().invoke(given),
    "bind": lambda each, given: each.bind().ainvoke(given),
    "map": lambda each, given: each.map().ainvoke([given]),
    "pipe": lambda each, given: each.pipe(RunnableLambda(str)).ainvoke(given),
    "sequence": lambda each, given: (
        RunnableLambda(lambda x: x) | each | RunnableLambda(str)
    ).invoke(given),
    "no callbacks": lambda each, given: each.invoke(given, config=WITHOUT),
    "no callbacks, async": lambda each, given: each.ainvoke(given, config=WITHOUT),
    "bare thread": lambda each, given: in_thread(lambda: each.invoke(given)),
    "bare thread, own loop": lambda each, given: in_thread(
        lambda: asyncio.run(each.ainvoke(given))
    ),
    "to_thread": lambda each, given: asyncio.to_thread(each.invoke, given),
    "new context": lambda each, given: contextvars.Context().run(each.invoke, given),
}


TOOL_CALL = {"type": "tool_call", "id": "1", "name": "raw", "args": {"text": "x"}}


def _graph(tool: BaseTool) -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([tool], handle_tool_errors=False))
    graph.add_edge(START, "tools")
    return graph.compile()


async def _several(given: Any) -> Any:
    yield given


MESSAGES = [HumanMessage("hello")]
MODEL_WAYS: dict[str, Callable[[RawModel, Any], Any]] = WAYS | {
    "generate": lambda model, _: model.generate([MESSAGES]),
    "agenerate": lambda model, _: model.agenerate([MESSAGES]),
    "generate_prompt": lambda model, _: model.generate_prompt(
        [StringPromptValue(text="x")]
    ),
    "agenerate_prompt": lambda model, _: model.agenerate_prompt(
        [StringPromptValue(text="x")]
    ),
    "stream_events": lambda model, given: list(
        model.stream_events(given, version="v3")
    ),
    "bind_tools": lambda model, given: model.bind_tools([RawTool()]).ainvoke(given),
    "with_structured_output": lambda model, given: model.with_structured_output(
        Answer
    ).invoke(given),
    "as_tool": lambda model, _: model.as_tool(
        name="x", description="x", arg_types={"x": str}
    ).invoke({"x": "y"}),
    "assign": lambda model, _: (
        RunnableLambda(lambda x: {"x": x})
        .assign(y=lambda x: model.invoke(x["x"]))
        .invoke("x")
    ),
    "constructor": lambda _, given: RawModel(callbacks=[]).invoke(given),
}
TOOL_WAYS: dict[str, Callable[[RawTool, Any], Any]] = WAYS | {
    "run": lambda tool, given: tool.run(given),
    "arun": lambda tool, given: tool.arun(given),
    "tool call": lambda tool, _: tool.invoke(TOOL_CALL),
    "constructor": lambda _, given: RawTool(callbacks=[]).invoke(given),
    "tool node": lambda tool, _: _graph(tool).ainvoke(
        {"messages": [AIMessage(content="", tool_calls=[TOOL_CALL])]}
    ),
}
#: Public methods that lead to no call of their own: they describe, configure or build
HARMLESS = frozenset(
    """asdict bind bind_tools config_schema configurable_alternatives configurable_fields
    get_config_jsonschema get_graph get_input_jsonschema get_input_schema get_lc_namespace
    get_name get_num_tokens get_num_tokens_from_messages get_output_jsonschema
    get_output_schema get_prompts get_token_ids is_lc_serializable lc_id pick save
    set_verbose to_json to_json_not_implemented with_alisteners""".split()  # noqa: SIM905 - words read best so
)
#: Walked under another name, or built of others that are
WALKED_OTHERWISE = frozenset(
    {"astream_log", "as_tool", "assign", "stream_events", "with_structured_output"}
)


async def refused(outcome: Any) -> None:
    """Await *outcome* when it must be; it is to raise."""
    if isinstance(outcome, Awaitable):
        await outcome


@pytest.mark.filterwarnings(
    "ignore::langchain_core._api.beta_decorator.LangChainBetaWarning"
)  # as_tool
@pytest.mark.parametrize("way", MODEL_WAYS)
async def test_no_way_reaches_a_raw_model(way: str) -> None:
    """A chat model called without a permit raises Ungoverned before the model is reached."""
    with pytest.raises(Ungoverned):
        await refused(MODEL_WAYS[way](RawModel(), "hello"))

    assert CALLS == []


@pytest.mark.parametrize("way", TOOL_WAYS)
async def test_no_way_reaches_a_raw_tool(way: str) -> None:
    """A LangChain tool called without a permit raises Ungoverned before the tool is reached."""
    with pytest.raises(Ungoverned):
        await refused(TOOL_WAYS[way](RawTool(), "hello"))

    assert CALLS == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [RawLLM, RawRetriever])
async def test_no_way_reaches_a_completion_model_or_a_retriever(
    way: str, kind: Callable[[], Any]
) -> None:
    """Completion models and retrievers are refused always; nothing here is one."""
    if kind is RawLLM and way == "no callbacks, async":
        given: RunnableConfig = {
            "callbacks": None
        }  # LangChain 1.7 itself fails on an empty list here
        with pytest.raises(Ungoverned):
            await kind().ainvoke("hello", config=given)
        return
    with pytest.raises(Ungoverned):
        await refused(WAYS[way](kind(), "hello"))

    assert CALLS == []


@pytest.mark.parametrize("kind", [BaseChatModel, BaseTool, LLM, BaseRetriever])
def test_every_public_way_is_known(kind: type) -> None:
    """A LangChain release that adds a public method to a model, a tool or a retriever is noticed
    here.
    """
    public = {
        name
        for name in dir(kind)
        if not name.startswith("_")
        and callable(getattr(kind, name, None))
        and not hasattr(BaseModel, name)
    }

    assert (
        public - HARMLESS - WALKED_OTHERWISE - MODEL_WAYS.keys() - TOOL_WAYS.keys()
        == set()
    )


def permit() -> Permit:
    """Return a permit as the enforcement point makes it."""
    return Permit(
        MINT,
        tool="t",
        digest="d",
        action_id="a",
        run_id="r",
        claim="c",
        tenant="default",
    )


async def test_a_permit_admits_exactly_one_call() -> None:
    """Under a permit the named model answers once; the second call raises."""
    model = RawModel()
    with tripwire.admit(permit(), kind="model", name="RawModel"):
        assert (await model.ainvoke("hello")).content == "hello"
        with pytest.raises(Ungoverned):
            await model.ainvoke("hello")

    with pytest.raises(Ungoverned):
        await model.ainvoke("hello")
    assert CALLS == ["model"]


@pytest.mark.parametrize("way", ["batch", "abatch", "map"])
async def test_one_permit_admits_one_of_a_batch(way: str) -> None:
    """A batch under one permit reaches the model at most once."""
    with (
        tripwire.admit(permit(), kind="model", name="RawModel"),
        pytest.raises(Ungoverned),
    ):
        await refused(WAYS["abatch" if way == "map" else way](RawModel(), "hello"))

    assert len(CALLS) <= 1


async def test_threads_share_one_admission() -> None:
    """Many threads that inherit one admission reach the model once between them."""
    model = RawModel()
    with tripwire.admit(permit(), kind="model", name="RawModel"):
        results = await asyncio.gather(
            *(asyncio.to_thread(model.invoke, "hello") for _ in range(20)),
            return_exceptions=True,
        )

    assert sum(isinstance(each, AIMessage) for each in results) == 1
    assert CALLS == ["model"]


async def test_an_admission_is_for_one_name_and_kind() -> None:
    """An admission for a tool opens no model, nor another tool, nor a retriever."""
    for name, kind in (("raw", "model"), ("other", "tool")):
        with tripwire.admit(permit(), kind=kind, name=name), pytest.raises(Ungoverned):  # type: ignore[arg-type]  # on purpose not what the types say
            await RawTool().ainvoke("hello")
    with (
        tripwire.admit(permit(), kind="tool", name="RawModel"),
        pytest.raises(Ungoverned),
    ):
        await RawModel().ainvoke("hello")
    with (
        tripwire.admit(permit(), kind="model", name="RawLLM"),
        pytest.raises(Ungoverned),
    ):
        await RawLLM().ainvoke("hello")

    assert CALLS == []


async def test_what_a_permitted_tool_calls_is_not_permitted() -> None:
    """A LangChain tool that was let through reaches no model and no other tool from inside."""

    class Nested(RawTool):
        name: str = "nested"

        def _run(self, text: str) -> str:
            CALLS.append("nested")
            RawModel().invoke(text)
            return text

    class NestedTool(Nested):
        def _run(self, text: str) -> str:
            CALLS.append("nested")
            return str(RawTool().invoke(text))

    for each in (Nested(), NestedTool()):
        with (
            tripwire.admit(permit(), kind="tool", name="nested"),
            pytest.raises(Ungoverned),
        ):
            await each.ainvoke("hello")

    assert CALLS == ["nested", "nested"]


@pytest.mark.parametrize("forged", [None, object(), "permit"])
def test_only_a_permit_opens_the_tripwire(forged: Any) -> None:
    """Whoever has no permit cannot admit anything."""
    with (
        pytest.raises(TypeError, match="Permit only"),
        tripwire.admit(forged, kind="model", name="RawModel"),
    ):
        RawModel().invoke("hello")

    assert CALLS == []


@pytest.fixture
def default() -> None:
    """The process is not strict: only governed runs are watched."""


#: A bare thread and a new context inherit nothing: they are watched in a strict process only
ESCAPES = frozenset({"bare thread", "bare thread, own loop", "new context"})


@pytest.mark.parametrize("way", sorted(WAYS.keys() - ESCAPES))
@pytest.mark.parametrize("kind", [RawModel, RawTool, RawRetriever])
async def test_no_way_out_of_a_governed_run(
    default: None, way: str, kind: Callable[[], Any]
) -> None:
    """Inside a governed run a model, a tool or a retriever without a permit is not reached."""
    with tripwire.governing(), pytest.raises(Ungoverned):
        await refused(WAYS[way](kind(), "hello"))

    assert CALLS == []


class Scripted(FakeMessagesListChatModel):
    """A chat model that says the given messages one after the other."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


@pytest.mark.filterwarnings("ignore::langgraph.warnings.LangGraphDeprecatedSinceV10")
async def test_other_agents_of_the_process_go_on(default: None) -> None:
    """A stock agent runs beside a governed run that is open in another task of the process."""
    model = Scripted(
        responses=[
            AIMessage(content="", tool_calls=[TOOL_CALL]),
            AIMessage(content="done"),
        ]
    )
    opened = asyncio.Event()
    closing = asyncio.Event()

    async def governed() -> None:
        with tripwire.governing():
            opened.set()
            await closing.wait()
            with pytest.raises(Ungoverned):
                await RawModel().ainvoke("hello")

    task = asyncio.create_task(governed())
    await opened.wait()
    agent = create_react_agent(model, [RawTool()])
    state = await agent.ainvoke({"messages": MESSAGES})
    closing.set()
    await task

    assert state["messages"][-1].content == "done"
    assert CALLS == ["tool"]
