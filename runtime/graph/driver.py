"""The driver: it carries a claimed run through the graph of its agent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, StateSnapshot

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.errors import Fenced, GuardFailed, InterlockError, NotRecorded
from interlock.runtime.graph import tripwire
from interlock.runtime.graph.agent import Workflow
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.graph.tracing import untraced
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.run import LEASE_S, Run, Status
from interlock.runtime.run.runs import Runs
from interlock.runtime.telemetry import Telemetry

SUPERSTEPS: Final = 200  # LangGraph's own stop; the step budget is the real one


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one claim of a run ended."""

    run_id: str
    status: Status
    #: Approvals that are waited for
    waiting: tuple[str, ...]
    outcome: dict[str, Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """One claim of a run, and its graph over the run's checkpoints."""

    run: Run
    agent: Workflow
    door: Door
    saver: Checkpoints
    graph: Any

    @property
    def config(self) -> RunnableConfig:
        return {
            "configurable": {"thread_id": self.run.id},
            "recursion_limit": SUPERSTEPS,
        }

    async def state(self) -> StateSnapshot:
        state: StateSnapshot = await self.graph.aget_state(self.config)
        return state

    def ended(self, state: StateSnapshot) -> Ended:
        """Return how the claim ended when *state* is the last."""
        waiting = tuple(sorted(each.value["approval"] for each in state.interrupts))
        outcome = self.agent.outcome(state.values)
        status: Status = (
            "waiting" if waiting else "failed" if "stopped" in outcome else "done"
        )
        return Ended(
            run_id=self.run.id, status=status, waiting=waiting, outcome=outcome
        )

    async def held(self, error: GuardFailed) -> Ended:
        """Wait for what is under way, and return the claim as held: how far the run got, and why.

        Raises `Fenced` and `NotRecorded`: then nothing can be recorded.
        """
        while True:  # each failure is raised once
            try:
                await self.saver.durable()
                break
            except (Fenced, NotRecorded):
                raise
            except GuardFailed:
                continue
        ended = Ended(run_id=self.run.id, status="held", waiting=(), outcome={})
        with suppress(GuardFailed):  # what does not open now is not shown
            ended = replace(self.ended(await self.state()), status="held")
        return replace(
            ended, outcome=ended.outcome | {"error": str(self.door.failure or error)}
        )


class Driver:
    """Carries runs through their graphs; one per process, any number of runs at a time.

    `drive` may be called again after any crash: finished steps come from the checkpoint, finished
    actions from their recorded outcome, and an effect whose outcome is not known is never repeated.
    """

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        runs: Runs,
        pep: EnforcementPoint,
        spans: Telemetry,
    ) -> None:
        self._store, self._vault, self._runs, self._pep, self._spans = (
            store,
            vault,
            runs,
            pep,
            spans,
        )
        self._approvals = Approvals(store=store, vault=vault)

    async def drive(self, run: Run, agent: Workflow) -> Ended:
        """Carry the claimed *run* on until it ends, waits or is held by a guard, and record which.

        However it ends, the claim is given back. Raises `Fenced` and `NotRecorded`, with which
        nothing can be recorded, any other error of ours: the run has then failed, and what else
        the agent raises: the run then stays "running", and can be claimed again at once.
        """
        try:
            return await self._driven(run, agent)
        finally:
            self._runs.give_back(run)

    async def _driven(self, run: Run, agent: Workflow) -> Ended:
        with self._spans.run(
            agent=agent.name, run_id=run.id, fence=run.fence, parent=run.trace
        ) as trace:
            await self._runs.trace(run, trace)
            async with self._heartbeat(run):
                try:
                    with tripwire.governing():
                        ended = await self._carried(run, agent)
                except (Fenced, NotRecorded):
                    raise  # nothing can or may be written any more
                except InterlockError as error:
                    await self._runs.end(run, "failed", {"error": str(error)})
                    raise
                await self._runs.end(run, ended.status, ended.outcome)
                return ended

    async def _carried(self, run: Run, agent: Workflow) -> Ended:
        saver = Checkpoints(store=self._store, key=self._vault.known(run.id), run=run)
        door = Door(pep=self._pep, run=run)
        claim = _Claim(
            run=run,
            agent=agent,
            door=door,
            saver=saver,
            graph=agent.build(door).compile(checkpointer=saver),
        )
        try:
            with untraced(run.id):
                return await self._advance(claim)
        except (Fenced, NotRecorded):
            raise
        except GuardFailed as error:
            return await claim.held(error)

    async def _advance(self, claim: _Claim) -> Ended:
        state = await claim.state()
        woken = await self._woken(state.interrupts)
        unfinished = any(
            not task.interrupts and task.result is None for task in state.tasks
        )
        if woken or unfinished or not state.interrupts:
            given: Any = dict(claim.run.request) if not state.created_at else None
            await claim.graph.ainvoke(
                Command(resume=woken) if woken else given,
                claim.config,
                durability="sync",
            )
            await claim.saver.durable()
            state = await claim.state()
        return claim.ended(state)

    async def _woken(self, interrupts: tuple[Any, ...]) -> dict[str, bool]:
        """Return the interrupts whose approval is no longer waited for; only those are resumed."""
        woken = {}
        for each in interrupts:
            approval = await self._approvals.read(each.value["approval"])
            if approval.state != "waiting":
                woken[each.id] = True
        return woken

    @asynccontextmanager
    async def _heartbeat(self, run: Run) -> AsyncIterator[None]:
        async def beat() -> None:
            while True:
                await asyncio.sleep(LEASE_S / 3)
                await self._runs.beat(run)

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()
            with suppress(
                asyncio.CancelledError, InterlockError
            ):  # the step's own write will meet the same failure
                await task
