"""The analyst: plan -> read -> look -> act, every arrow through the door.

The plan is stated before anything is read, so no word of a contract can add an effect to it. The
policy is asked about every planned step before the first one; what it would deny is planned anew,
or left out and said. Then the model looks, answers with quotations that are held against the
documents, and the planned effects are proposed one by one.
"""

import operator
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send
from pydantic import Field

from interlock.agents.analyst.acting import Acting
from interlock.agents.analyst.looking import Looking
from interlock.agents.analyst.offers import EFFECTS, LOOKS
from interlock.agents.analyst.planning import Planning
from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import AnyTool, Value
from interlock.runtime.graph.node import TOOLS, ToolNode, calls
from interlock.runtime.policy.spoken import Spoken

NAME: Final = "analyst"
#: Other than the role of the people who are analysts
ROLE: Final = "contract_analyst"
MOST_DOCUMENTS: Final = 20


class Analysis(TypedDict, total=False):
    """The state: plain JSON and messages, nothing else survives a checkpoint."""

    question: str
    path: str
    paths: list[str]
    #: The stated steps, each with what the policy would say of it
    plan: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    #: What was said between the agent and its model: who, and what
    talk: Annotated[list[list[str]], operator.add]
    messages: Annotated[list[AnyMessage], add_messages]
    #: How often the model was asked for a look, and how often it repeated one
    rounds: int
    repeats: int
    looked: list[str]
    #: The statements of the answer, each with the span that it cites, or without
    statements: list[dict[str, Any]]
    checks: int
    #: Which planned effect is next
    at: int
    #: Set when a step could not be done: the run ends there
    stopped: dict[str, str]


class Question(Value):
    """A question, in the principal's own words, over one contract or several."""

    question: Annotated[Spoken, Field(min_length=1, max_length=2_000)]
    #: One document, as a run that is submitted has it; or several
    path: str = ""
    paths: tuple[str, ...] = Field(default=(), max_length=MOST_DOCUMENTS)


class Analyst:
    """The workflow; stateless, so one instance serves every run."""

    name = NAME
    role = ROLE
    request = Question

    def __init__(
        self, tools: Sequence[AnyTool] = (), *, categories: Sequence[str] = ()
    ) -> None:
        self.tools = tuple(tools)
        #: The categories of clauses that can be looked up
        self.categories = tuple(categories)

    def build(self, door: Door) -> StateGraph[Any, Any, Any, Any]:
        """Return the graph of one run."""
        planning = Planning(door, categories=self.categories)
        looking = Looking(door, categories=self.categories)
        acting = Acting(door)
        graph = StateGraph(Analysis)
        graph.add_node("plan", planning.plan)
        graph.add_node("read", planning.read)
        graph.add_node("look", looking.look)
        graph.add_node("act", acting.act)
        node = ToolNode(door, tools=(*LOOKS, *EFFECTS))
        graph.add_node(TOOLS, node.act)  # type: ignore[arg-type]  # a Send carries the call, not the state
        graph.add_edge(START, "plan")
        graph.add_conditional_edges("plan", _unless_stopped("read"), ["read", END])
        graph.add_conditional_edges("read", _unless_stopped("look"), ["look", END])
        graph.add_conditional_edges("look", _looked, [TOOLS, "look", "act", END])
        graph.add_conditional_edges("act", _acted, [TOOLS, "act", END])
        graph.add_conditional_edges(TOOLS, _phase, ["look", "act"])
        return graph

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        """Return plan, answer and why the run stopped, as far as the run got."""
        view: dict[str, Json] = {}
        if "stopped" in state:
            view["stopped"] = state["stopped"]
        if "plan" in state:
            view["answer"] = _answer(state)
        documents = [one for one in state.get("documents", ()) if one.get("digest")]
        if len(documents) == 1:
            view["document"] = documents[0]
        return view


def _answer(state: dict[str, Any]) -> dict[str, Json]:
    statements = state.get("statements", [])
    return {
        "question": state["question"],
        "documents": state.get("documents", []),
        "plan": state["plan"],
        "statements": [one for one in statements if one["cites"]],
        "ungrounded": [one for one in statements if not one["cites"]],
    }


def _unless_stopped(after: str) -> Callable[[Analysis], Awaitable[str]]:
    async def route(state: Analysis) -> str:
        return END if state.get("stopped") else after

    return route


async def _looked(state: Analysis) -> list[Send] | str:
    if state.get("stopped"):
        return END
    if "statements" in state:
        return "act" if _is_enough(state) else "look"
    return _proposed(state) or "look"


def _is_enough(state: Analysis) -> bool:
    """Whether a statement is grounded, or the answer was checked as often as it may be."""
    return state["checks"] > 1 or any(one["cites"] for one in state["statements"])


async def _acted(state: Analysis) -> list[Send] | str:
    if state.get("stopped"):
        return END
    proposed = _proposed(state)
    if proposed:
        return proposed
    return "act" if state["at"] < len(state["plan"]) else END


async def _phase(state: Analysis) -> str:
    return "act" if "at" in state else "look"


def _proposed(state: Analysis) -> list[Send]:
    """Return the calls of the last message, if it is one of the agent."""
    messages = state.get("messages")
    last = messages[-1] if messages else None
    return calls(last) if isinstance(last, AIMessage) else []
