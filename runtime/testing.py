"""Twins for tests of agents and tools: a whole runtime in a folder, under a stated policy.

Nothing here is a mock: the twins are complete implementations of the same protocols, only smaller.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.graph.agent import Agent, Graph
from interlock.runtime.graph.driver import Driver
from interlock.runtime.policy.decision import (
    Decision,
    Effect,
    Obligation,
    Permit,
    Reason,
)
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.intent import Intent
from interlock.runtime.policy.request import (
    AccessRequest,
    ActionClass,
    Amounts,
    BudgetFacts,
    Principal,
    Resource,
)
from interlock.runtime.record import audit
from interlock.runtime.record.audit import Audit
from interlock.runtime.record.ledger import Ledger
from interlock.runtime.record.store import Store
from interlock.runtime.record.store.scope import SYSTEM, enter
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.level import read as read_budget
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.run.runs import Runs
from interlock.runtime.runtime import Runtime
from interlock.runtime.telemetry import Telemetry

REVISION = "0" * 64
PLENTY = Amounts(
    money_micro=10**9,
    tokens=10**9,
    steps=10**6,
    effects=10**6,
    wall_ms=10**9,
    reviewer_ms=10**9,
)
AGENT = Principal(
    id="agent:test", tenant="default", roles=("contract_review",), on_behalf_of="ana"
)
REVIEWER = Principal(id="rita", tenant="default", roles=("reviewer",))


@contextmanager
def tampering(store: Store) -> Iterator[Connection]:
    """Begin a transaction beside the store's own, which sees and changes the rows of everybody."""
    with store.engine.begin() as connection:
        enter(connection, SYSTEM)
        yield connection


class Note(Value):
    """The arguments and the result of every tool of `Effects`."""

    text: str
    to: str = ""


@dataclass(kw_only=True)
class Effects:
    """Makes tools whose only effect is a line in `done`."""

    done: list[str] = field(default_factory=list)

    def tool(self, name: str, action: ActionClass = "write", **options: Any) -> AnyTool:
        """Return a tool that adds its text to `done`; *options* are those of `interlock.tool`."""

        @tool(
            name,
            action=action,
            resource=lambda a: Resource(type="note", id=a.to),
            **options,
        )
        async def act(permit: Permit, arguments: Note) -> Note:
            """Add a text to the list of what was done."""
            self.done.append(arguments.text)
            return arguments

        return act


@dataclass(kw_only=True)
class StaticPoint:
    """A decision point that answers each tool by a table; a tool that is not listed is denied."""

    effects: Mapping[str, Effect] = field(default_factory=dict)
    #: Tools that wait for a reviewer until an approval is there
    waiting: frozenset[str] = frozenset()
    #: Tool -> an obligation that comes with its permit
    duties: Mapping[str, Obligation] = field(default_factory=dict)
    revision: str = REVISION
    engine: str = "static"
    asked: list[AccessRequest] = field(default_factory=list)

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer and remember the question."""
        self.asked.append(request)
        effect = self.effects.get(request.action.tool, "deny")
        code = "granted" if effect == "permit" else "not_granted"
        if any(fact.verdict == "rejected" for fact in request.context.approvals):
            effect, code = "deny", "approval_rejected"
        reason = Reason(code=code, rule="static")
        approved = any(
            fact.verdict == "approved" and not fact.used
            for fact in request.context.approvals
        )
        wanted = (
            effect == "permit" and request.action.tool in self.waiting and not approved
        )
        obligations: list[Obligation] = []
        if wanted:
            parameters: dict[str, Json] = {"role": "reviewer", "ttl_s": 3600}
            obligations.append(Obligation(kind="approve", parameters=parameters))
        if effect == "permit" and request.action.tool in self.duties:
            obligations.append(self.duties[request.action.tool])
        return Decision(
            effect=effect,
            reasons=(reason,),
            obligations=tuple(obligations),
            revision=self.revision,
            engine=self.engine,
        )


@dataclass(kw_only=True)
class FixedClock:
    """A clock that stands still until it is told to move; Unix seconds."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self.now += seconds


#: The agent that stands for the tools of a world
TOOLBOX: Final = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolbox:
    """An agent that only brings tools: tests propose the calls themselves."""

    tools: tuple[AnyTool, ...]
    name: str = TOOLBOX
    role: str = "contract_review"
    request: type[Value] = Note

    def build(self, door: Door) -> Graph:
        """Refuse: there is nothing to drive."""
        raise TypeError("a toolbox has no graph: give World an agent to drive one")

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        """Return nothing."""
        return {}


class World:
    """A whole runtime in a folder of its own, with tools and a policy that the test states.

    Use it as an async context manager. Without *pdp* every tool of *tools* and of *agents* is
    permitted. The clock stands still unless *clock* is another.
    """

    runtime: Runtime
    store: Store
    vault: Vault
    ledger: Ledger
    pep: EnforcementPoint
    runs: Runs
    approvals: Approvals
    driver: Driver

    def __init__(
        self,
        folder: Path,
        *,
        tools: Iterable[AnyTool] = (),
        agents: Iterable[Agent] = (),
        pdp: DecisionPoint | None = None,
        url: str | None = None,
        clock: Callable[[], float] | None = None,
        spans: Telemetry | None = None,
        trusting: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.tools = {tool.name: tool for tool in tools}
        self._agents = (Toolbox(tools=tuple(self.tools.values())), *agents)
        named = [tool.name for agent in self._agents for tool in agent.tools]
        self.pdp = pdp or StaticPoint(effects=dict.fromkeys(named, "permit"))
        self._folder = folder
        self._url = url or f"sqlite:///{folder / 'interlock.db'}"
        self._clock = clock or FixedClock()
        self._spans = spans
        self._trusting = trusting
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        opening = Runtime.open(
            database=self._url,
            keys=self._folder / "keys",
            policy=self.pdp,
            agents=self._agents,
            witness=self._folder / "witness",
            trusting=self._trusting,
            origin="interlock/test",
            telemetry=self._spans,
            clock=self._clock,
        )
        self.runtime = await self._stack.enter_async_context(opening)
        self.store = self.runtime.store
        self.vault = self.runtime.vault
        self.ledger = self.runtime.ledger
        self.pep = self.runtime.pep
        self.runs = self.runtime.runs
        self.approvals = self.runtime.approvals
        self.driver = self.runtime.driver
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def add(self, tool: AnyTool) -> None:
        """Put one more tool behind the door, for a tool that needs the store of this world."""
        self.tools[tool.name] = tool
        self.pep.tools[tool.name] = tool
        self.pep.by_agent[TOOLBOX][tool.name] = tool

    async def start(
        self,
        *,
        request: dict[str, str] | None = None,
        limits: Amounts = PLENTY,
        intent: Intent | None = None,
        agent: str = TOOLBOX,
        run_id: str = "",
    ) -> Run:
        """Start a run with plenty of budget, under that id or under one of any."""
        new = NewRun(
            agent=agent,
            principal=AGENT,
            request=dict(request or {}),
            limits=limits,
            autonomy=2,
            revision=self.pdp.revision,
            intent=intent,
            id=run_id,
        )
        return await self.runs.start(new)

    async def reclaim(self, run: Run) -> Run:
        """Claim the run as if the process that worked under *run* had died."""
        self.runs.give_back(run)
        return await self.runs.claim(run.id)

    async def entries(self) -> list[dict[str, Any]]:
        """Return the bodies of the ledger in order."""
        entries = await audit.entries(self.store, self.vault)
        return [entry["body"] for entry in entries]

    async def budget(self, run: Run) -> BudgetFacts:
        """Return the run's budget as it stands, when everything of the run is settled."""
        await self.store.durable(run.claim)
        return await self.store.read(
            lambda connection: read_budget(connection, run.budget_id).facts
        )

    async def verify(self) -> Audit:
        """Verify every log of this world against the witness, sealed payloads included."""
        return await audit.verified(self.store, self.vault, self.ledger)
