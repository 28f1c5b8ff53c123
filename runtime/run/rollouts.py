"""The newest rollout as one process knows it: what a new run is given, and what a run keeps to."""

from typing import Final

from sqlalchemy import Connection, bindparam, select

from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.store.shared import Shared
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import assignment, canary, rollout
from interlock.runtime.run.assignment import Place
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.releases import Releases
from interlock.runtime.run.rollout import Rollout
from interlock.runtime.run.run import Run

_HEAD: Final = tables.ledger_head.c
_SIZE: Final = Statement(select(_HEAD.size).where(_HEAD.log == bindparam("of_log")))


class Rollouts:
    """The rollouts of one store, over the whole store; lives as long as the store."""

    def __init__(self, *, store: Store, vault: Vault, releases: Releases) -> None:
        self._store = store
        self._vault = vault
        self._releases = releases
        self._look = Shared(self._looked_up)
        self._seen: Rollout | None = None
        #: Up to this entry the home's log was looked through, so a look costs what is new
        self._above = -1

    async def newest(self) -> Rollout | None:
        """Return the newest rollout, over or not, or None; raises `Tampered`."""
        return await self._look.look()

    async def place(self, agent: str, *, tenant: str) -> Place | None:
        """Return what a new run of *agent* is given; None where no rollout says so."""
        newest = await self.newest()
        if newest is None:
            return None
        return assignment.place(
            newest,
            in_force=await self._releases.in_force(),
            agent=agent,
            tenant=tenant,
            run_id=canary.work(self._vault),
        )

    async def begins(self, agent: str) -> bool:
        """Whether a run of *agent* can begin under the release in force, whoever begins it."""
        newest = await self.newest()
        if newest is None:
            return False
        return agent in newest.pins.get(await self._releases.in_force(), {})

    async def pins(self, run: Run) -> Pins | None:
        """Return what the newest rollout says that runs of this release are pinned to, or None."""
        newest = await self.newest()
        if newest is None:
            return None
        return newest.pins.get(run.release, {}).get(run.agent)

    async def _looked_up(self) -> Rollout | None:
        above = self._above

        def look(connection: Connection) -> tuple[int, Rollout | None]:
            head = _SIZE.one(connection, {"of_log": HOME})
            size = 0 if head is None else int(head["size"])
            return size, rollout.newest(connection, self._vault, above=above)

        size, found = await self._store.read(look)
        self._above = max(self._above, size - 1)
        self._seen = found or self._seen
        return self._seen
