"""The stage: the agents of a workspace behind a real door, with stand-ins of all their tools.

A stand-in has the declarations of its tool and none of its code: it answers what the file says, and
notes the call. So an attack that succeeds here has no effect outside.
"""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson

from interlock.evals.own.cases import Call, Cases
from interlock.evals.own.file import CaseFile
from interlock.evals.suites.hand import Hand
from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import AnyTool, Value, arguments_json
from interlock.runtime.graph.agent import Agent
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Principal
from interlock.runtime.runtime import AgentSource, Runtime
from interlock.runtime.storage import Storage
from interlock.runtime.testing import FixedClock
from interlock.serving import agents
from interlock.serving.samples import sample
from interlock.serving.settings import Settings, sqlite_url
from interlock.serving.tool_servers import ToolServers

#: Who every run is for
_PERSON: Final = "owner"
_ROLE: Final = "analyst"


@dataclass(kw_only=True)
class World:
    """What the stand-ins answer, and what they were told to do, in order."""

    #: Tool -> its answer, for the calls that have none of their own
    usual: Mapping[str, dict[str, Any]]
    answer: dict[str, Any] | None = None
    effects: list[tuple[str, Mapping[str, Json]]] = field(default_factory=list)

    def act(self, tool: AnyTool, arguments: Value) -> Value:
        """Note the call, and return the answer of the file, or the emptiest that there is."""
        self.effects.append((tool.name, arguments_json(arguments)))
        is_own = self.answer is not None
        return answered(tool, self.answer if is_own else self.usual.get(tool.name))


@dataclass(kw_only=True)
class Stage:
    """One policy over the stand-ins; lives as long as `opened` is open."""

    runtime: Runtime
    settings: Settings
    worlds: dict[str, World]
    #: The agent that is looked at, and its tools
    agent: Agent
    tools: Mapping[str, AnyTool]

    async def begin(
        self,
        cases: Cases,
        request: Mapping[str, Any],
        *,
        is_planner: bool,
    ) -> "Desk":
        """Begin a run; raises `BadInput` for a request that is none of the agent's."""
        person = Principal(
            id=_PERSON,
            tenant=self.settings.tenant,
            roles=(_ROLE,),
        )
        stated = cases.autonomy
        run = await self.runtime.start(
            self.agent.name,
            request,
            principal=person,
            limits=self.settings.limits,
            autonomy=self.settings.autonomy if stated is None else stated,
        )
        world = World(usual=cases.returns)
        self.worlds[run.id] = world
        door = Door(
            pep=self.runtime.pep,
            run=run,
        )
        return Desk(
            door=door.offering(*self.tools) if is_planner else door, world=world
        )


@dataclass(kw_only=True)
class Desk:
    """One run, at which the calls of a case are made."""

    door: Door
    world: World
    calls: int = 0

    async def call(self, call: Call) -> Any:
        """Propose one call; return what the door answers."""
        self.calls += 1
        self.world.answer = call.returns
        return await self.door.call(call.tool, call.arguments, call_id=str(self.calls))


def answered(tool: AnyTool, answer: Mapping[str, Any] | None) -> Value:
    """Return an answer of the file as the tool's result; raises `ValidationError` if it is none."""
    document = sample(tool.result) if answer is None else answer
    result: Value = tool.result.model_validate_json(orjson.dumps(document))
    return result


@asynccontextmanager
async def opened(
    settings: Settings,
    file: CaseFile,
    *policies: Bundle,
) -> AsyncIterator[list[Stage]]:
    """Open a stage for each of the policies, in new folders; nothing of the home is touched.

    The servers of the workspace that have tools of the agent are asked which these are, once.
    Raises `BadInput` for agents that cannot be loaded, and where the file's agent is none of them.
    """
    loaded = agents.load(settings.agents, folder=settings.modules)
    async with AsyncExitStack() as stack:
        servers = ToolServers(settings, policies[0], stack)
        stages = []
        for bundle in policies:
            worlds: dict[str, World] = {}
            runtime = Runtime(
                storage=await stack.enter_async_context(_storage(stack)),
                pdp=EmbeddedPoint(bundle),
                bundle=bundle,
                agents=[partial(_played, source, worlds) for source in loaded],
                more=_Served(servers=servers, worlds=worlds).of_agent,
            )
            stack.callback(runtime.policy.close)
            stages.append(await _stage(file, settings, runtime, worlds))
        yield stages


async def _stage(
    file: CaseFile,
    settings: Settings,
    runtime: Runtime,
    worlds: dict[str, World],
) -> Stage:
    agent = file.cases.agent
    if agent not in runtime.agents:
        names = ", ".join(sorted(runtime.agents)) or "none"
        why = f"there is no agent {agent!r}; agents of this workspace are: {names}"
        raise file.wrong(why, "agent", code="not_found")
    await runtime.pins(agent)  # brings the tools of the servers
    return Stage(
        runtime=runtime,
        settings=settings,
        worlds=worlds,
        agent=runtime.agents[agent],
        tools=runtime.pep.by_agent[agent],
    )


@asynccontextmanager
async def _storage(stack: AsyncExitStack) -> AsyncIterator[Storage]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    opening = Storage.open(
        database=sqlite_url(folder / "interlock.db"),
        keys=folder / "keys",
        clock=FixedClock(),
    )
    async with opening as storage:
        yield storage


@dataclass(kw_only=True)
class _Served:
    """The stand-ins of the tools that servers have: the same at every call."""

    servers: ToolServers
    worlds: Mapping[str, World]
    known: dict[str, Sequence[AnyTool]] = field(default_factory=dict)

    async def of_agent(self, name: str) -> Sequence[AnyTool]:
        """Return the stand-ins of the tools of one agent."""
        if name not in self.known:
            tools = await self.servers.of_agent(name)
            self.known[name] = [_stand_in(tool, self.worlds) for tool in tools]
        return self.known[name]


def _played(
    source: AgentSource,
    worlds: Mapping[str, World],
    storage: Storage,
) -> Agent:
    """Return an agent that has the name, the role and the request of *source*, and stand-ins."""
    agent = source if isinstance(source, Agent) else source(storage)
    return Hand(
        name=agent.name,
        role=agent.role,
        tools=[_stand_in(tool, worlds) for tool in agent.tools],
        request=agent.request,
    )


def _stand_in(tool: AnyTool, worlds: Mapping[str, World]) -> AnyTool:
    async def act(permit: Permit, arguments: Value) -> Value:
        return worlds[permit.run_id].act(tool, arguments)

    return replace(
        tool,
        act=act,
        actual=None,
        reconcile=None,
        readback=None,
        needs_readback=False,
        undo=None,
    )
