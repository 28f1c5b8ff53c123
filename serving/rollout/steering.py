"""Steering: a worker counts the runs of a rollout that ended, and does what they say.

Every worker steers, and one at a time decides: whoever decided on a standing that is not the newest
any more has decided nothing, and looks anew. A crash loses nothing, for what was counted and what
was decided are one entry.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from math import isfinite
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput, InterlockError
from interlock.runtime.record.events import HOME
from interlock.runtime.run import rollout_result, shadow
from interlock.runtime.run.rollout import Rollout, turn
from interlock.runtime.run.rollout_result import Counted, Result
from interlock.runtime.runtime import Runtime
from interlock.serving.rollout import figures
from interlock.serving.rollout.judging import Judgement, judged

#: Seconds between two looks
_LOOK_S: Final = 2.0
_log: Final = logging.getLogger(__name__)


class Steering:
    """Decides about the rollout that is under way, for as long as it works."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        #: How many defects were met so far
        self.defects = 0

    async def work(self) -> None:
        """Look again and again until cancelled; that the database is away ends nothing."""
        while True:
            try:
                await self.settle()
            except InterlockError as error:
                _log.warning("the rollout waits: %s", error)
            await asyncio.sleep(_LOOK_S)

    async def settle(self) -> None:
        """Decide as often as there is something to decide now, and return."""
        while await self._decide():
            pass

    async def _decide(self) -> bool:
        """Record one decision; return whether another one may follow at once."""
        rollout = await self._runtime.rollouts.newest()
        if rollout is None or rollout.status != "live":
            return False
        if rollout.is_overtaken(await self._runtime.releases.in_force()):
            return await self._record(Judgement(how="overtaken", rollout=rollout))
        counted = await self._counted(rollout)
        shadows = await self._shadowed(rollout, counted.results)
        shortfalls = await self._shortfalls(_with_originals(counted.results))
        store = self._runtime.store
        judgement = judged(
            rollout,
            counted,
            missing=lambda result: shortfalls.get(result.run_id, 0.0),
            now=await store.read(store.now),
            shadows=shadows,
        )
        if judgement is None:
            return False
        return await self._record(judgement)

    async def _record(self, judgement: Judgement) -> bool:
        """Record the judgement; return whether it was recorded and leaves the rollout live."""
        work = partial(
            turn,
            vault=self._runtime.vault,
            after=judgement.rollout,
            how=judgement.how,
        )
        try:
            await self._runtime.store.write(work, logs=(HOME,))
        except BadInput as error:
            if error.code != "rollout_moved":
                raise
            return True  # another one decided first
        return judgement.how in {"held", "advanced"}

    async def _counted(self, rollout: Rollout) -> Counted:
        return await self._runtime.store.read(
            lambda connection: rollout_result.since(connection, rollout)
        )

    async def _shadowed(
        self,
        rollout: Rollout,
        results: Sequence[Result],
    ) -> int:
        """Begin shadows of runs that ended, as many as may be under way; return how many.

        A crash before the decision is recorded begins the same ones again, which changes nothing.
        """
        wanted = _wanted(rollout)
        begun = 0
        for result in results:
            if begun >= wanted:
                break
            if _is_copied(rollout, result):
                begun += await shadow.begin(
                    self._runtime.runs,
                    self._runtime.vault,
                    rollout,
                    result,
                )
        return begun

    async def _shortfalls(self, results: Sequence[Result]) -> Mapping[str, float]:
        """Return what the agents say is missing of their runs, by run.

        Of a run that its agent cannot judge everything counts as missing (fails closed).
        """
        shortfalls: dict[str, float] = {}
        for result in results:
            agent: Any = self._runtime.agents.get(result.agent)
            shortfall = getattr(agent, "shortfall", None)
            if shortfall is None or result.status != "done":
                continue
            request = await self._request(result)
            if request is not None:
                shortfalls[result.run_id] = _missing(shortfall, request, result)
        return shortfalls

    async def _request(self, result: Result) -> Mapping[str, Json] | None:
        """Return what the run was asked for; None for one that was erased meanwhile."""
        try:
            return (await self._runtime.runs.read(result.run_id)).request
        except BadInput:
            return None


def _wanted(rollout: Rollout) -> int:
    """Return how many shadows may be begun: so many are under way at a time as the plan says."""
    if not rollout.is_shadowing:
        return 0
    known = figures.of(rollout)
    over = known.comparison.runs + known.asides["canary"]["cancelled"]
    return rollout.plan.shadow - (known.shadows - over)


def _is_copied(rollout: Rollout, result: Result) -> bool:
    """Whether the run is one of the release in force that came to its end by itself."""
    is_ended = result.apart is None and result.status in {"done", "failed"}
    return is_ended and result.arm == "control" and result.tag == rollout.tag


def _with_originals(results: Sequence[Result]) -> list[Result]:
    originals = [result.original for result in results if result.original is not None]
    return [*results, *originals]


def _missing(shortfall: Any, request: Mapping[str, Json], result: Result) -> float:
    """Return what an agent says is missing of a run, from 0 to 1; 1 where the agent cannot say."""
    try:
        missing = float(shortfall(request, result.done))
    except Exception:  # noqa: BLE001 - an agent is anybody's code; a defect of one ends no worker
        _log.exception("%s could not say what is missing of a run", result.agent)
        return 1.0
    return min(1.0, max(0.0, missing)) if isfinite(missing) else 1.0
