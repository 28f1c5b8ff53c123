"""An engine that fails to answer, an agent with a fixed plan, and how a held run is carried on."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph
from sqlalchemy import select

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.graph.driver import Ended
from interlock.runtime.graph.node import TOOLS, ToolNode, calls
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import Trouble, trouble
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import limit
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, REVISION, StaticPoint, World


@dataclass(kw_only=True)
class Outage(StaticPoint):
    """A decision point that fails to answer for the tools in `down`."""

    down: frozenset[str] = frozenset()
    code: Trouble = "pdp_unavailable"
    after_s: float = 0
    #: Tools that are answered for only once `begun` is set: by the slow effect, when it acts
    behind: frozenset[str] = frozenset()
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer, or what stands for a failure."""
        decision = await super().decide(request)
        if request.action.tool in self.behind:
            await self.begun.wait()
        if request.action.tool in self.down:
            await asyncio.sleep(self.after_s)
            return trouble(
                self.code, revision=REVISION, engine=self.engine, detail="a cut wire"
            )
        return decision


class Planned:
    """An agent with a fixed plan: rounds of calls, each round at once; it keeps what it is told."""

    name = "planned"

    def __init__(self, *rounds: tuple[str, ...]) -> None:
        self._rounds = rounds

    def build(self, door: Door) -> Any:
        """Return the graph: a planner that proposes round after round."""

        def plan(state: MessagesState) -> dict[str, list[AnyMessage]]:
            number = sum(isinstance(each, AIMessage) for each in state["messages"])
            names = self._rounds[number] if number < len(self._rounds) else ()
            ids = [f"{number}-{place}" for place in range(len(names))]
            proposed = [
                {"name": name, "args": {"text": id_}, "id": id_}
                for id_, name in zip(ids, names, strict=True)
            ]
            return {"messages": [AIMessage(content="", tool_calls=proposed)]}

        graph: Any = StateGraph(MessagesState)
        graph.add_node("plan", plan)
        graph.add_node(TOOLS, ToolNode(door, tools=sum(self._rounds, ())).act)
        graph.add_edge(START, "plan")
        graph.add_conditional_edges(
            "plan",
            lambda state: calls(state["messages"][-1]) or "__end__",
            [TOOLS, "__end__"],
        )
        graph.add_edge(TOOLS, "plan")
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return what each call was told, by call."""
        told = (
            each for each in state.get("messages", []) if isinstance(each, ToolMessage)
        )
        return {each.tool_call_id: str(each.status) for each in told}


async def again(world: World, run: Run, agent: Any) -> Ended:
    return await world.driver.drive(await world.runs.claim(run.id), agent)


async def states(world: World) -> dict[str, list[str]]:
    """Return the states of the recorded actions by tool."""
    found: dict[str, list[str]] = {}
    rows = await world.store.read(
        lambda connection: connection.execute(
            select(tables.action.c.tool, tables.action.c.state)
        ).all()
    )
    for row in rows:
        found.setdefault(row.tool, []).append(row.state)
    return found


async def approve(world: World, approval_id: str) -> None:
    shown = (await world.approvals.read(approval_id)).evidence_digest
    await world.approvals.decide(
        approval_id,
        reviewer=REVIEWER,
        verdict="approved",
        shown=shown,
        note="looks right",
    )


async def raise_steps(world: World, run: Run, amount: int) -> None:
    def work(tx: Tx) -> None:
        limit.raise_limit(tx, budget_id=run.budget_id, kind="steps", amount=amount)

    await world.store.write(work, logs=(run.tenant,))
