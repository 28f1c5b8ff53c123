"""The driver: it carries a claimed run through the graph of its agent."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.types import Command, StateSnapshot

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.undoing import Undoing
from interlock.runtime.errors import (
    AgentFailed,
    Fenced,
    GuardFailed,
    InterlockError,
    NotRecorded,
    RefusedTooOften,
)
from interlock.runtime.graph import tripwire
from interlock.runtime.graph.agent import Workflow
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.graph.tracing import untraced
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.liveness import is_outage
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.releases import Releases
from interlock.runtime.run.run import Run, Status
from interlock.runtime.run.runs import Runs
from interlock.runtime.telemetry import Telemetry

SUPERSTEPS: Final = 200  # LangGraph's own stop; the step budget is the real one
#: How long a drive that is stopped from outside waits for the record that the run is held
LAST_WORD_S: Final = 5.0
_LONGEST_CAUSE: Final = 1_000  # characters of an error that are kept with the run


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one claim of a run ended."""

    run_id: str
    status: Status
    #: Approvals that are waited for
    waiting: tuple[str, ...]
    outcome: dict[str, Json]
    #: What the run depends on was away: the claim was no try
    outage: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """One claim of a run, and its graph over the run's checkpoints."""

    run: Run
    agent: Workflow
    door: Door
    saver: Checkpoints
    graph: Any
    control: RunControl | None = None

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
        why: dict[str, Json] = {"error": str(self.door.failure or error)}
        return await self._as_far_as_it_got("held", why)

    async def refused(self, error: RefusedTooOften) -> Ended:
        """Wait for what is under way, and return the claim as failed: it is refused everything."""
        stopped: dict[str, Json] = {
            "step": error.tool,
            "kind": "denied",
            "code": error.code,
            "why": str(error),
        }
        return await self._as_far_as_it_got("failed", {"stopped": stopped})

    async def drained(self) -> Ended:
        """Return the claim as queued: it was asked to stop, and did so between two steps."""
        return await self._as_far_as_it_got("queued", {})

    async def _as_far_as_it_got(self, status: Status, why: dict[str, Json]) -> Ended:
        while True:  # each failure is raised once
            try:
                await self.saver.durable()
                break
            except (Fenced, NotRecorded):
                raise
            except GuardFailed:
                continue
        ended = Ended(run_id=self.run.id, status=status, waiting=(), outcome={})
        with suppress(Exception):  # what does not open now is not shown
            ended = replace(self.ended(await self.state()), status=status)
        return replace(ended, outcome=ended.outcome | why)


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
        pdp: DecisionPoint,
        releases: Releases,
        spans: Telemetry,
    ) -> None:
        self._pdp = pdp
        self._releases = releases
        self._store, self._vault, self._runs, self._pep, self._spans = (
            store,
            vault,
            runs,
            pep,
            spans,
        )
        self._approvals = Approvals(store=store, vault=vault)
        self._undoing = Undoing(store=store, vault=vault, pep=pep)

    async def drive(
        self, run: Run, agent: Workflow, *, control: RunControl | None = None
    ) -> Ended:
        """Carry the claimed *run* on until it ends, waits or is held by a guard, and record which.

        When *control* is asked to drain, the run stops after the step that is under way and is
        queued again, for any worker to carry on.
        However it ends, the claim is given back and the run is not left "running". Raises
        `Fenced`, with which nothing can be recorded; `NotRecorded`, with which the run is held
        unless not even that can be recorded; any other error of ours, and `AgentFailed` for
        whatever else the agent raised: the run has then failed. A drive that is cancelled leaves
        the run held.
        """
        try:
            return await self._driven(run, agent, control)
        finally:
            self._runs.give_back(run)

    async def _driven(
        self, run: Run, agent: Workflow, control: RunControl | None
    ) -> Ended:
        with self._spans.run(
            agent=agent.name,
            run_id=run.id,
            fence=run.fence,
            parent=run.trace,
            shadow=run.shadow,
        ) as trace:
            await self._runs.trace(run, trace)
            with self._runs.beating(run):
                try:
                    return await self._to_the_end(run, agent, control)
                except Fenced:
                    raise  # nothing may be written any more
                except NotRecorded as error:
                    await self._hold(run, error)
                    raise
                except InterlockError as error:
                    await self._fail(run, _cause(error))
                    raise
                except Exception as error:
                    why = _cause(error)
                    await self._fail(run, why)
                    raise AgentFailed(
                        agent=agent.name, run_id=run.id, why=why
                    ) from error
                except BaseException as error:
                    await self._hold(run, error)
                    raise

    async def _to_the_end(
        self, run: Run, agent: Workflow, control: RunControl | None
    ) -> Ended:
        with tripwire.governing():
            if run.undoing:
                ended = await self._undone(run, control)
            else:
                ended = await self._carried(run, agent, control)
        await self._runs.end(
            run,
            ended.status,
            ended.outcome,
            waiting=ended.waiting,
            outage=ended.outage,
        )
        return ended

    async def _undone(self, run: Run, control: RunControl | None) -> Ended:
        """Undo the effects of a run that a person cancels; what the run had produced stays shown.

        Whatever breaks, the run is held, and a later claim goes on.
        """
        outcome = await self._runs.outcome(run.id) or {}
        outcome.pop("error", None)
        control = control or RunControl()
        waiting: tuple[str, ...] = ()
        outage = False
        try:
            status, waiting = await self._undoing.undo(
                run, stops=lambda: control.drain_requested
            )
        except (Fenced, NotRecorded):
            raise
        except Exception as error:  # noqa: BLE001 - no undoing ends before its last step was tried
            status = "held"
            outcome["error"] = _cause(error)
            outage = await is_outage(error, self._pdp)
        return Ended(
            run_id=run.id,
            status=status,
            waiting=waiting,
            outcome=outcome,
            outage=outage,
        )

    async def _fail(self, run: Run, why: str) -> None:
        """Record that the run has failed, or that it stays held where a guard holds it already."""
        try:
            await self._runs.end(run, "failed", {"error": why})
        except (Fenced, NotRecorded):
            raise
        except GuardFailed:
            await self._runs.end(run, "held", {"error": why})

    async def _hold(self, run: Run, error: BaseException) -> None:
        """Record that the run is held, as far as that can be done in a short time."""
        with suppress(GuardFailed, TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                outage = await is_outage(error, self._pdp)
                why: dict[str, Json] = {"error": _cause(error)}
                await self._runs.end(run, "held", why, outage=outage)

    async def _carried(
        self, run: Run, agent: Workflow, control: RunControl | None
    ) -> Ended:
        saver = Checkpoints(store=self._store, key=self._vault.known(run.id), run=run)
        door = Door(pep=self._pep, run=run)
        claim = _Claim(
            run=run,
            agent=agent,
            door=door,
            saver=saver,
            graph=agent.build(door).compile(checkpointer=saver),
            control=control,
        )
        try:
            await self._releases.keep(run)
            with untraced(run.id):
                return await self._advance(claim)
        except (Fenced, NotRecorded):
            raise
        except GraphDrained:
            return await claim.drained()
        except GuardFailed as error:
            ended = await claim.held(error)
            cause = door.failure or error
            return replace(ended, outage=await is_outage(cause, self._pdp))
        except RefusedTooOften as error:
            return await claim.refused(error)

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
                control=claim.control,
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


def _cause(error: BaseException) -> str:
    """Return what is kept of *error*: its own words, or its type when it is none of ours."""
    words = str(error)
    if not isinstance(error, InterlockError):
        words = f"{type(error).__name__}: {words}"
    return words[:_LONGEST_CAUSE].encode("utf-8", "replace").decode()
