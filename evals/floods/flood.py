"""A planner that proposes any call it can think of, in run after run, up to a number of calls."""

import random
import resource
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage
from langgraph.graph import START, MessagesState, StateGraph

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.errors import InterlockError
from interlock.runtime.graph.model import Refused, governed
from interlock.runtime.graph.node import TOOLS, ToolNode, calls
from interlock.runtime.policy.bounds import ORDINARY
from interlock.runtime.policy.decision import Decision, Permit, Reason
from interlock.runtime.policy.request import LIMITS, AccessRequest
from interlock.runtime.testing import Effects, StaticPoint, World
from interlock.tools.models.generate import Served, model_tools

#: Answers with far too many calls; with about as many as may be, of any size; as long as may be.
#: The last is the worst that is known, and may take more of the disk
Shape: TypeAlias = Literal["crowded", "mixed", "long"]
MOST_REFUSALS: Final = 5
_NAMES: Final = ("note.read", "note.write", "note.ask", "note.ask", "no.such.tool")
_LONGEST: Final = 1_000
#: How many calls an answer has, by shape
_COUNTS: Final[Mapping[Shape, tuple[int, ...]]] = {
    "crowded": (600,),
    "mixed": (1, 3, ORDINARY.calls, ORDINARY.calls + 1),
    "long": (1, ORDINARY.calls),
}
#: What the calls of one answer may have in bytes, by shape
_BYTES: Final[Mapping[Shape, tuple[int, ...]]] = {
    "crowded": (600 * 10,),
    "mixed": (16, 1_600, 6_400, 160_000),
    "long": (7_500,),
}
#: The shapes that must keep to the bounds
SHAPES: Final[tuple[Shape, ...]] = ("crowded", "mixed")
#: What 10,000 calls may add to the disk, and one run
_MOST_MB: Final = 50
_CALLS: Final = 10_000


@dataclass(kw_only=True)
class Report:
    """What a flood left behind."""

    shape: Shape
    calls: int
    proposed: int = 0
    runs: int = 0
    #: Runs by where they stand at the end
    statuses: dict[str, int] = field(default_factory=dict)
    #: The most questions of one run, and of all, that waited at a time
    open_of_run: int = 0
    open_of_tenant: int = 0
    #: What the flood has added to the home, and one run at most
    disk_mb: float = 0
    disk_mb_of_run: float = 0
    memory_mb: float = 0
    problems: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether nothing was flooded, and every run has ended or waits for its people."""
        return (
            self.disk_mb <= 1 + self.calls * _MOST_MB / _CALLS
            and self.disk_mb_of_run <= _MOST_MB
            and self.open_of_run <= ORDINARY.open_of_run
            and self.open_of_tenant <= ORDINARY.open_of_tenant
            and set(self.statuses) <= {"failed", "waiting"}
            and not self.problems
        )


@dataclass(kw_only=True)
class Hostile:
    """A model that answers with calls of any tool and any arguments, from a seed."""

    dice: random.Random
    shape: Shape
    proposed: int = 0

    async def answer(
        self,
        permit: Permit,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]],
    ) -> AIMessage:
        """Return the next flood."""
        count = self.dice.choice(_COUNTS[self.shape])
        length = self.dice.choice(_BYTES[self.shape]) // count
        self.proposed += count
        return AIMessage.model_construct(
            content="",
            tool_calls=[self._call(number, length) for number in range(count)],
            usage_metadata={"input_tokens": 0, "output_tokens": -(2**60)},
        )

    def _call(
        self,
        number: int,
        length: int,
    ) -> dict[str, Any]:
        return {
            "type": "tool_call",
            "name": self.dice.choice(_NAMES),
            "args": self._arguments(length),
            "id": f"{self.proposed}-{number}",
        }

    def _arguments(self, length: int) -> dict[str, Any]:
        text = self.dice.randbytes(length // 2).hex()
        odd: Any = self.dice.choice((None, 10**400, 0.5, "\ud800", [[[[]]]]))
        plain = {"text": text}
        is_odd = self.dice.random() < 1 / _LONGEST
        return plain | {"more": odd} if is_odd else plain


class Persistent:
    """An agent that does what its model says, and asks again, without end."""

    name = "persistent"

    def build(self, door: Door) -> Any:
        """Return the graph of one run."""

        async def plan(state: MessagesState) -> dict[str, list[AnyMessage]]:
            model = governed(door, "planner", purpose="flood")
            said = f"round {len(state.get('messages', []))}"
            try:
                return {"messages": [await model.ainvoke(said)]}
            except Refused:
                return {"messages": [AIMessage(content="refused")]}

        def proposed(state: MessagesState) -> Any:
            last = state["messages"][-1]
            if isinstance(last, AIMessage) and last.tool_calls:
                return calls(last)
            return "plan"

        graph: Any = StateGraph(MessagesState)
        graph.add_node("plan", plan)
        graph.add_node(TOOLS, ToolNode(door, tools=_NAMES[:4]).act)
        graph.add_edge(START, "plan")
        graph.add_conditional_edges(
            "plan",
            proposed,
            [TOOLS, "plan"],
        )
        graph.add_edge(TOOLS, "plan")
        return graph

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        """Return nothing."""
        return {}


class Limited(StaticPoint):
    """A policy that refuses everything after so many refusals, as the rule `refusals` does."""

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer, or the refusal of everything."""
        decision = await super().decide(request)
        self.asked.clear()
        if request.context.run.refusals < MOST_REFUSALS:
            return decision
        reason = Reason(
            code="too_many_refusals",
            rule="refusals",
        )
        return replace(
            decision,
            effect="deny",
            reasons=(reason,),
            obligations=(),
        )


async def flood(
    folder: Path,
    *,
    calls: int,
    shape: Shape = "mixed",
    seed: int = 7,
) -> Report:
    """Let a hostile planner propose *calls* calls in a home of its own; return what is left."""
    report = Report(
        shape=shape,
        calls=calls,
    )
    dice = random.Random(seed)  # noqa: S311 - a flood that can be repeated
    model = Hostile(
        dice=dice,
        shape=shape,
    )
    async with _world(folder, model) as world:
        empty = _megabytes(folder)
        while model.proposed < calls:
            before = _megabytes(folder)
            await _one(world, report)
            added = round(_megabytes(folder) - before, 1)
            report.disk_mb_of_run = max(report.disk_mb_of_run, added)
        await _count(world, report)
    report.proposed = model.proposed
    report.disk_mb = round(_megabytes(folder) - empty, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report.memory_mb = round(peak / 1024, 1)
    return report


def _world(folder: Path, model: Hostile) -> World:
    tools = [
        Effects().tool("note.read", "read"),
        Effects().tool("note.write"),
        Effects().tool("note.ask", "irreversible"),
        *model_tools(
            {
                "planner": Served(
                    model=model,
                    longest_answer=_LONGEST,
                )
            }
        ),
    ]
    names = [tool.name for tool in tools]
    pdp = Limited(
        effects=dict.fromkeys(names, "permit"),
        waiting=frozenset({"note.ask"}),
    )
    return World(
        folder,
        tools=tools,
        pdp=pdp,
    )


async def _count(world: World, report: Report) -> None:
    runs = await world.runs.list()
    report.runs = len(runs)
    report.statuses = dict(Counter(run.status for run in runs))
    report.problems = [problem.code for problem in (await world.verify()).problems]


async def _one(world: World, report: Report) -> None:
    run = await world.start(limits=LIMITS)
    with suppress(InterlockError):  # the run has failed: counted at the end
        await world.driver.drive(run, Persistent())
    waiting = await world.approvals.list(state="waiting")
    of_runs = Counter(approval.run_id for approval in waiting)
    report.open_of_run = max(report.open_of_run, *of_runs.values(), 0)
    report.open_of_tenant = max(report.open_of_tenant, len(waiting))


def _megabytes(folder: Path) -> float:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return round(size / 2**20, 1)
