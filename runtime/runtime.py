"""The assembled machine: the way in for the command line, for tests and for everybody else."""

import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from pathlib import Path
from typing import Any, TypeAlias

from langgraph.runtime import RunControl

from interlock.runtime import environment
from interlock.runtime.canonical import digest
from interlock.runtime.door.acts import Acts
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.door.tool import AnyTool, Value, schema_digest
from interlock.runtime.door.verdicts import Verdicts
from interlock.runtime.errors import NotFound
from interlock.runtime.graph.agent import Agent
from interlock.runtime.graph.agents import (
    PartsOf,
    by_agent,
    by_name,
    spoken_by_agent,
    taken,
    tools_of,
)
from interlock.runtime.graph.driver import Driver, Ended
from interlock.runtime.graph.intended import stated
from interlock.runtime.places import Places
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.opened import point_of
from interlock.runtime.policy.request import (
    EXTERNAL,
    LIMITS,
    Amounts,
    Autonomy,
    Principal,
    Verdict,
)
from interlock.runtime.run import pin, rehearsal
from interlock.runtime.run.acting import acting, is_person
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import OPEN, NewRun, Run
from interlock.runtime.run.runs import Also
from interlock.runtime.run.verdict import Shown
from interlock.runtime.storage import ORIGIN, Storage
from interlock.runtime.telemetry import Telemetry

#: A policy: the file of a bundle, a loaded bundle, or a decision point that the caller closes
Policy: TypeAlias = Path | Bundle | DecisionPoint
#: An agent, or what makes one for the storage its tools keep things in
AgentSource: TypeAlias = Agent | Callable[[Storage], Agent]
#: Returns the tools that the agent of this name has beside its own, the same at every call
MoreTools: TypeAlias = Callable[[str], Awaitable[Sequence[AnyTool]]]


async def _no_more(_: str) -> Sequence[AnyTool]:
    return ()


class Runtime:
    """Agents, their tools and one policy over one storage; made by `Runtime.open`, closed with it.

    Every action of every agent passes `pep`, and every act of a person passes `acts`: there is no
    other door. Any number of runs may be driven at a time.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        pdp: DecisionPoint,
        agents: Iterable[AgentSource],
        bundle: Bundle | None = None,
        more: MoreTools = _no_more,
        telemetry: Telemetry | None = None,
        pins: Mapping[str, str] | None = None,
        parts: PartsOf | None = None,
    ) -> None:
        _refuse(storage)
        self._more = more
        self._pins = dict(pins or {})
        spans = telemetry or Telemetry()
        self._keep(storage)
        #: The database as the system has it, for what is no tenant's
        self.installation = storage.store
        self.pdp = pdp
        self.agents: Mapping[str, Agent] = by_name(
            source if isinstance(source, Agent) else source(storage)
            for source in agents
        )
        self.tools: Mapping[str, AnyTool] = tools_of(self.agents.values())
        self.pep = self._door(spans)
        #: Decides about people's acts; whoever made the runtime closes this too
        self.policy = self._in_force(bundle)
        self.acts = Acts(store=self.store, vault=self.vault, policy=self.policy)
        self._keep_releases(parts)
        self.verdicts = self._verdicts(storage, self.acts)
        self.driver = self._driver(spans)

    def of(self, tenant: str) -> "Runtime":
        """Return the same runtime as *tenant* has it: what is read, started and decided by people.

        The door, the driver and the policy in force are one for all: they work on one run at a
        time, in the scope of its tenant. `installation` stays the whole database.
        """
        narrowed = copy(self)
        narrowed._keep(self.storage.of(tenant))  # noqa: SLF001 - its own
        narrowed.acts = self.acts.of(tenant)
        narrowed.verdicts = self._verdicts(narrowed.storage, narrowed.acts)
        return narrowed

    def _keep(self, storage: Storage) -> None:
        self.storage = storage
        self.store = storage.store
        self.vault = storage.vault
        self.ledger = storage.ledger
        self.runs = storage.runs
        self.approvals = storage.approvals

    def _in_force(self, bundle: Bundle | None) -> PolicyInForce:
        self.pep.pip.read_by(bundle)
        return PolicyInForce(
            store=self.store,
            vault=self.vault,
            configured=self.pdp,
            bundle=bundle,
        )

    def _keep_releases(self, parts: PartsOf | None) -> None:
        #: What a new run is given, and keeps
        self.places = Places(
            self.storage,
            parts=lambda: parts(self.agents) if parts else {},
            policy=self.policy,
            pins=self.pins,
        )
        #: Which release a run begins under, and whether this process may carry one on
        self.releases = self.places.releases
        #: Which of two releases a new run is given while one is rolled out
        self.rollouts = self.places.rollouts

    def _door(self, spans: Telemetry) -> EnforcementPoint:
        return EnforcementPoint(
            store=self.store,
            vault=self.vault,
            pdp=self.pdp,
            tools=self.tools,
            by_agent=by_agent(self.agents),
            spoken=spoken_by_agent(self.agents),
            spans=spans,
        )

    def _verdicts(self, storage: Storage, acts: Acts) -> Verdicts:
        return Verdicts(
            approvals=storage.approvals,
            runs=storage.runs,
            acts=acts,
            pins=self.places.pins_of,
            tools=self.tools,
        )

    def _driver(self, spans: Telemetry) -> Driver:
        return Driver(
            store=self.store,
            vault=self.vault,
            runs=self.runs,
            pep=self.pep,
            pdp=self.pdp,
            releases=self.releases,
            spans=spans,
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        database: str,
        keys: Path,
        policy: Policy,
        agents: Iterable[AgentSource],
        witness: Path | None = None,
        trusting: bool = False,
        origin: str = ORIGIN,
        telemetry: Telemetry | None = None,
        pins: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> AsyncIterator["Runtime"]:
        """Open the storage and the policy, and put *agents* behind the door.

        *database* is a URL (`sqlite:///FILE` or `postgresql://...`), *keys* a folder; both are
        made when they are new. *pins* are names and what they stand for: a run is carried on only
        where each is the same. Raises `GuardFailed` when a part cannot be had (fails closed),
        `TypeError` when two agents share a name or two different tools do.
        """
        async with AsyncExitStack() as stack:
            storage = await stack.enter_async_context(
                Storage.open(
                    database=database,
                    keys=keys,
                    witness=witness,
                    trusting=trusting,
                    origin=origin,
                    clock=clock,
                )
            )
            bundle = load(policy) if isinstance(policy, Path) else policy
            runtime = cls(
                storage=storage,
                pdp=point_of(bundle, stack),
                agents=agents,
                bundle=bundle if isinstance(bundle, Bundle) else None,
                telemetry=telemetry,
                pins=pins,
            )
            stack.callback(runtime.policy.close)
            yield runtime

    async def start(
        self,
        agent: str,
        request: Value | Mapping[str, Any],
        *,
        principal: Principal,
        limits: Amounts = LIMITS,
        autonomy: Autonomy = 2,
        claim: bool = True,
        priority: int = 0,
        not_before: int = 0,
        job: str = "",
        also: Also | None = None,
        permitted: str = "",
    ) -> Run:
        """Start a run of *agent* for the person *principal* and return the run, claimed.

        Without *claim* the run is left to workers, who take the higher *priority* first, and no run
        earlier than *not_before*, in Unix seconds. *job* names what the run belongs to. The run is
        pinned to the policy revision in force; a revision that was not in force before is recorded
        first. Raises `NotFound` for an unknown agent, and `BadInput` for a request that does not
        fit the agent's type, for a principal that is no person ("nobody") and for a priority beyond
        `HIGHEST` ("priority"): none leaves a run behind. An agent as principal would hide the
        person who asked from the four eyes. *also* is done in the transaction in which the run
        begins; with it, a policy other than the one in force is refused ("another_in_force").
        *permitted* is the revision of the policy that permitted just this: where the ledger names
        it and the run is pinned to the same, the ledger is not asked once more. The run names the
        release in force and keeps it; raises as `Releases.begun_under` does. A run that is left to
        workers while a release is rolled out is given one of the two, and keeps that.
        """
        workflow = await self._equipped(agent)
        if not is_person(principal):
            raise refused("nobody", what=f"run of {workflow.name}")
        fields = stated(workflow, request, self.policy.configured_bundle)
        place = await self.places.given(
            agent,
            tenant=principal.tenant,
            is_queued=not claim,
            # Whoever was let through by a policy (*also*) puts none in force in place of another.
            after=None if also is None else "",
            permitted=permitted,
        )
        return await self.runs.start(
            NewRun(
                **place.fields,
                **fields,
                agent=workflow.name,
                principal=acting(workflow.name, workflow.role, principal),
                limits=limits,
                autonomy=autonomy,
                job=job,
                priority=priority,
                not_before=not_before,
            ),
            claim=claim,
            also=also,
        )

    async def drive(self, run: Run, *, control: RunControl | None = None) -> Ended:
        """Carry a claimed run on until it ends, waits or is held; see `Driver.drive`."""
        return await self.driver.drive(
            run, await self._equipped(run.agent), control=control
        )

    async def resume(self, run_id: str) -> Ended:
        """Claim a run that is queued, waits, is held or lost its worker, and drive the run.

        Raises `NotFound` for an unknown run or agent, and `BadInput` for a run that has ended or is
        claimed by a live worker, and as `pin.keep_all` does. The claim is not taken when the agent
        is unknown here or a pin is another: the run stays as it is.
        """
        run = await self.runs.read(run_id)
        if run.status in OPEN:
            pin.keep_all(run, await self.pins(run.agent))
            await self.releases.keep(run)
        if rehearsal.is_due(self.vault, run):
            return Ended(**await rehearsal.wait_on(self.storage, run))
        return await self.drive(await self.runs.claim(run_id))

    async def decide(
        self,
        approval_id: str,
        *,
        person: Principal,
        verdict: Verdict,
        shown: str,
        note: str,
    ) -> None:
        """Record the verdict of *person* on what was *shown*, the digest of the evidence.

        The run goes on with `resume`. Raises as `Verdicts.give` does.
        """
        alone = Shown(approval=approval_id, evidence=shown)
        await self.verdicts.give([alone], person=person, verdict=verdict, note=note)

    async def pins(self, agent: str) -> Pins:
        """Return what a run of *agent* is pinned to here: policy, tools and what was named.

        What an application outside asks about is pinned to the policy alone.
        """
        if agent == EXTERNAL:
            return Pins(revision=self.pdp.revision, others={})
        workflow = await self._equipped(agent)
        tools = [
            [one.name, one.action_class, schema_digest(one)]
            for one in self.pep.by_agent[workflow.name].values()
        ]
        return Pins(
            revision=self.pdp.revision,
            others={**self._pins, "tools": digest(sorted(tools))},
        )

    async def _equipped(self, name: str) -> Agent:
        """Return the agent, with the tools that it has beside its own behind the door."""
        agent = self._agent(name)
        for tool in await self._more(name):
            if self.pep.tools.setdefault(tool.name, tool) is not tool:
                raise taken(tool.name)
            self.pep.by_agent[name][tool.name] = tool
        return agent

    def _agent(self, name: str) -> Agent:
        agent = self.agents.get(name)
        if agent is None:
            names = ", ".join(sorted(self.agents)) or "none"
            raise NotFound(
                kind="agent",
                name=name,
                next_step=f"Agents of this workspace are: {names}.",
            )
        return agent


def _refuse(storage: Storage) -> None:
    """Raise `GuardFailed` where the environment or the database forbids that agents act."""
    environment.refuse()
    storage.refuse_unfit()
