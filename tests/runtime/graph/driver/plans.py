"""Agents with fixed plans, and what they are told."""

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.graph.driver import Ended
from interlock.runtime.graph.node import TOOLS, ToolNode, calls
from interlock.runtime.policy.request import Verdict
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, World


class Planned:
    """An agent whose plan is fixed: it proposes these calls at once, and keeps what it is told."""

    name = "planned"

    def __init__(self, *proposed: tuple[str, dict[str, Any]]) -> None:
        self._proposed = proposed

    def build(self, door: Door) -> Any:
        """Return the graph: a plan, then its calls in parallel."""
        planned = [
            {"name": name, "args": args, "id": f"call-{n}"}
            for n, (name, args) in enumerate(self._proposed)
        ]

        def plan(state: MessagesState) -> dict[str, list[AnyMessage]]:
            return {"messages": [AIMessage(content="", tool_calls=planned)]}

        graph: Any = StateGraph(MessagesState)
        graph.add_node("plan", plan)
        graph.add_node(
            TOOLS, ToolNode(door, tools=[name for name, _ in self._proposed]).act
        )
        graph.add_edge(START, "plan")
        graph.add_conditional_edges(
            "plan", lambda state: calls(state["messages"][-1]), [TOOLS]
        )
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return what each call was told, by call."""
        told = (
            each for each in state.get("messages", []) if isinstance(each, ToolMessage)
        )
        return {each.tool_call_id: [each.status, str(each.content)] for each in told}


class Stepped:
    """An agent that makes its calls one after the other."""

    name = "stepped"

    def __init__(self, *proposed: str) -> None:
        self._proposed = proposed

    def build(self, door: Door) -> Any:
        """Return a graph with a node for each call."""
        node = ToolNode(door, tools=self._proposed)
        graph, before = StateGraph(MessagesState), START

        def step(name: str, number: int) -> Any:
            async def act(state: MessagesState) -> dict[str, Any]:
                return await node.act(
                    {
                        "type": "tool_call",
                        "name": name,
                        "args": {"text": "x"},
                        "id": f"{number}",
                    }
                )

            return act

        for number, name in enumerate(self._proposed):
            graph.add_node(f"step-{number}", step(name, number))
            graph.add_edge(before, f"step-{number}")
            before = f"step-{number}"
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return nothing."""
        return {}


NOTES = ("note.write", {"text": "first"}), ("note.write", {"text": "second"})


async def decide(world: World, approval_id: str, verdict: Verdict = "approved") -> str:
    """Give a verdict, and return the text that it was about."""
    approval = await world.approvals.read(approval_id)
    await world.approvals.decide(
        approval_id,
        reviewer=REVIEWER,
        verdict=verdict,
        shown=approval.evidence_digest,
        note="looks right",
    )
    arguments = approval.evidence["arguments"]
    assert isinstance(arguments, dict)
    return str(arguments["text"])


def told(ended: Ended, call: str) -> tuple[str, str]:
    """Return the status and the content of what a call was told."""
    answer = ended.outcome[call]
    assert isinstance(answer, list)
    return str(answer[0]), str(answer[1])


async def again(world: World, run: Run, agent: Any) -> Ended:
    return await world.driver.drive(await world.runs.claim(run.id), agent)
