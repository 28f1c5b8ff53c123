"""Places: the release, the policy and the parts that a new run is given, and keeps for life."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.run.artefact import Parts
from interlock.runtime.run.assignment import Place
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.releases import Releases
from interlock.runtime.run.rollouts import Rollouts
from interlock.runtime.run.run import Run
from interlock.runtime.storage import Storage

#: Returns what a run of the agent of this name is pinned to in this process
OwnPins: TypeAlias = Callable[[str], Awaitable[Pins]]


class Places:
    """Says what runs are given that begin here; lives as long as its runtime."""

    def __init__(
        self,
        storage: Storage,
        *,
        parts: Callable[[], Parts],
        policy: PolicyInForce,
        pins: OwnPins,
    ) -> None:
        self.releases = Releases(
            store=storage.store,
            vault=storage.vault,
            parts=parts,
        )
        self.rollouts = Rollouts(
            store=storage.store,
            vault=storage.vault,
            releases=self.releases,
        )
        self._policy = policy
        self._pins = pins

    async def given(
        self,
        agent: str,
        *,
        tenant: str,
        is_queued: bool,
        after: str | None,
        permitted: str,
    ) -> Place:
        """Return what a new run is given.

        One that is left to workers is given what a rollout says. Any other begins with the parts of
        this process, whose policy is put in force where none is (`PolicyInForce.activate`); raises
        as `Releases.begun_under` does.
        """
        if is_queued:
            place = await self.rollouts.place(
                agent,
                tenant=tenant,
            )
            if place is not None:
                return place
        release = await self.releases.begun_under()
        await self._policy.activate(
            after=after,
            permitted=permitted,
        )
        pins = await self._pins(agent)
        return Place(pins=replace(pins, release=release))

    async def pins_of(self, run: Run) -> Pins:
        """Return what the run must be pinned to, to go on here or at the workers of its release."""
        own = await self._pins(run.agent)
        is_own = run.revision == own.revision and run.pins == own.others
        if is_own:
            return own
        return await self.rollouts.pins(run) or own
