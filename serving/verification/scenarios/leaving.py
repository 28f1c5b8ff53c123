"""What would leave without a decision: what listeners hear, variables tell and screens obey."""

import io
from typing import Any, Final, TypedDict

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, ToolCall
from langchain_core.tracers.context import tracing_v2_callback_var
from langgraph.graph import END, START, StateGraph

from interlock.runtime import environment
from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import VariableRefused
from interlock.runtime.graph.agent import Graph
from interlock.runtime.policy.bounds import ORDINARY
from interlock.serving.cli.session import Screen
from interlock.serving.verification.probe_tools import WRITE
from interlock.serving.verification.trial import Trial, WentThrough, refused
from interlock.tools.models import answer, parts

_WORDS: Final = "words of a probe"
#: What moves a cursor, names a window, turns the order of letters round, or is markup
_ESCAPES: Final = "\x1b[2J\x1b]0;probe\x07\u202e\x9b2J"


class _Listener(BaseCallbackHandler):
    """Stands where a tracer of LangChain would, and writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_chain_start(self, serialized: dict[str, Any], inputs: Any, **_: Any) -> None:
        self.heard.append(inputs)


class _State(TypedDict, total=False):
    passed: bool


class _Probe:
    """An agent of one node that does nothing."""

    name = "probe"

    def build(self, door: Door) -> Graph:
        async def step(_: _State) -> _State:
            return {"passed": True}

        graph: Any = StateGraph(_State)
        graph.add_node("step", step)
        graph.add_edge(START, "step")
        graph.add_edge("step", END)
        whole: Graph = graph
        return whole

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        return {"passed": bool(state.get("passed"))}


async def listening_tracer(trial: Trial) -> None:
    """Stops a tracer of LangChain that is on in this process from hearing a run."""
    listener = _Listener()
    run = await trial.start()
    # The type is that of LangSmith's tracer; this one stays here.
    token = tracing_v2_callback_var.set(listener)  # type: ignore[arg-type]  # as above
    try:
        ended = await trial.world.driver.drive(run, _Probe())
    finally:
        tracing_v2_callback_var.reset(token)
    if listener.heard:
        raise WentThrough("it heard the run")
    if ended.outcome != {"passed": True}:
        raise WentThrough("the run did not pass, so this proves nothing")


async def telling_variable(trial: Trial) -> None:
    """Stops everything while a variable has a library tell others what runs read."""
    for entry in environment.variables():
        if entry.treatment != "refused":
            continue
        for name in entry.names:
            with refused(name, VariableRefused):
                environment.refuse({name: "true"})
    environment.refuse({})


async def words_on_a_span(trial: Trial) -> None:
    """Stops the words of an agent from leaving on a span of telemetry."""
    run = await trial.start()
    before = len(trial.spans.get_finished_spans())
    await trial.permitted(
        run,
        WRITE,
        call=_WORDS,
        text=_WORDS,
    )
    spans = trial.spans.get_finished_spans()[before:]
    if any(_WORDS in span.to_json() for span in spans):
        raise WentThrough("it was on a span")
    if not spans:
        raise WentThrough("there was no span, so this proves nothing")


async def fetched_picture(trial: Trial) -> None:
    """Stops a picture by its URL, which the model's server would fetch with what stands in it."""
    url = {"url": "https://probe.invalid/?words"}
    picture = HumanMessage(content=[{"type": "image_url", "image_url": url}])
    taking: tuple[frozenset[parts.Part], ...] = (
        frozenset(),
        frozenset({"image_url"}),
    )
    for takes in taking:
        with refused("a picture", ToolFailed, code=parts.REFUSED):
            parts.check([picture], takes=takes)
    parts.check([HumanMessage(content="probe")], takes=frozenset())


async def flooded_answer(trial: Trial) -> None:
    """Stops an answer of a model that has more calls or more words than one may have."""
    calls = [
        ToolCall(name="probe", args={}, id=f"{number}", type="tool_call")
        for number in range(ORDINARY.calls + 1)
    ]
    many = AIMessage(content="", tool_calls=calls)
    long = AIMessage(content="-" * ORDINARY.answer_bytes)
    with refused("many calls", ToolFailed, code="too_many_calls"):
        answer.taken(many, bounds=ORDINARY, longest=ORDINARY.answer_bytes)
    with refused("many words", ToolFailed, code="answer_too_long"):
        answer.taken(long, bounds=ORDINARY, longest=ORDINARY.answer_bytes)


async def obeyed_escape(trial: Trial) -> None:
    """Stops text from outside from acting on the terminal that it is shown in."""
    written = io.StringIO()
    screen = Screen(file=written, force_terminal=True, width=200)
    screen.print(_ESCAPES)
    shown = written.getvalue()
    if any(character in shown for character in _ESCAPES if not character.isprintable()):
        raise WentThrough("the terminal was handed a control character")
    if "probe" not in shown:
        raise WentThrough("nothing was shown, so this proves nothing")


LEAVING: Final = {
    "listening-tracer": listening_tracer,
    "telling-variable": telling_variable,
    "words-on-a-span": words_on_a_span,
    "fetched-picture": fetched_picture,
    "flooded-answer": flooded_answer,
    "obeyed-escape": obeyed_escape,
}
