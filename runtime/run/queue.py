"""The queue: what workers claim, in the order of priority, time and age, in fair shares.

A claim of a worker is a claim as any other: the next fence, a token, a lease by the database's
clock, one entry in the ledger. What is claimed is claimed once: the head of the tenant's log is
held from the look to the commit.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, bindparam, or_, select, update

from interlock.runtime.errors import (
    BadInput,
    InterlockError,
    LogBroken,
    RolledBack,
    SchemaChanged,
    Tampered,
)
from interlock.runtime.record.events import RunEnded
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import kill_switch
from interlock.runtime.run.claim import give_back, take_over, taken
from interlock.runtime.run.lanes import Lane, at_work, in_turn, lanes
from interlock.runtime.run.run import Run
from interlock.runtime.run.share import FairShares, Share

_ACTION: Final = tables.action.c
#: Whether a claim brought an action to its end
_GOT_ON: Final = Statement(
    select(_ACTION.id)
    .where(
        _ACTION.run_id == bindparam("of_run"),
        _ACTION.fence == bindparam("under"),
        or_(_ACTION.state == "done", _ACTION.state == "failed"),
    )
    .limit(1)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What one look at the queue gave."""

    runs: list[Run] = field(default_factory=list)
    #: Runs that were claimed in vain too often, by id
    dead: list[str] = field(default_factory=list)
    #: Why runs that are not what was recorded are left as they are, by id; of a tenant whose log is
    #: broken the first run stands for all
    refused: dict[str, Tampered] = field(default_factory=dict)


class Queue:
    """Claims runs for one worker, named *by*; lives as long as the worker.

    A run that was claimed *attempts* times without getting on is claimed no more: it is dead.
    Claims that an outage ended do not count.
    """

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        by: str,
        shares: Mapping[str, Share],
        attempts: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._vault = vault
        self._by = by
        self._shares = FairShares(shares=shares)
        self._attempts = attempts
        self._clock = clock
        self._refused: set[str] = set()
        #: Tenants whose log is not what was signed
        self._broken: set[str] = set()

    async def claim(self, pinned: Collection[str], *, most: int) -> Claimed:
        """Claim up to *most* runs with one of the pins, for the tenants in their shares.

        Nothing of a tenant that is stopped is claimed, nor of one whose log is not what was signed
        (fails closed). Raises `NotRecorded` and `SchemaChanged`: then nothing was claimed.
        """

        def look(connection: Connection) -> tuple[list[Lane], dict[str, int]]:
            now = self._store.now(connection)
            ready = [
                lane
                for lane in lanes(connection, pinned)
                if lane.ready_at <= now and lane.tenant not in self._broken
            ]
            return ready, at_work(connection, now=now)

        ready, busy = await self._store.read(look)
        claimed = Claimed()
        tenants = {lane.tenant for lane in ready}
        while tenants and len(claimed.runs) < most:
            took = await self._share_out(ready, tenants, busy, claimed, most)
            tenants &= took  # what the others leave is for those who can use it
        return claimed

    async def _share_out(
        self,
        ready: Sequence[Lane],
        tenants: Collection[str],
        busy: Mapping[str, int],
        claimed: Claimed,
        most: int,
    ) -> set[str]:
        """Give out the free places once; return the tenants that used all of theirs."""
        at_work = Counter(busy) + Counter(run.tenant for run in claimed.runs)
        free = most - len(claimed.runs)
        places = self._shares.give(
            free, ready=sorted(tenants), at_work=at_work, moment=self._clock()
        )
        took = set()
        for tenant, number in places.items():
            own = [lane for lane in ready if lane.tenant == tenant]
            before = len(claimed.runs)
            try:
                await self._claim(own, number, claimed)
            except InterlockError:
                if not claimed.runs:
                    raise
                # What was claimed is handed out; the next look meets the failure again.
                return set()
            finally:
                used = len(claimed.runs) - before
                self._shares.take_back(tenant, number - used)
            if used == number:
                took.add(tenant)
        return took

    async def _claim(self, own: Sequence[Lane], number: int, claimed: Claimed) -> None:
        """Claim up to *number* runs of one tenant's lanes in one transaction.

        Where something is not what was recorded each run has a transaction of its own, so that one
        run keeps no other from being claimed.
        """
        looked_at: list[str] = []
        try:
            done = await self._taken(own, number, looked_at)
        except SchemaChanged:
            raise
        except Tampered as error:
            if number > 1:
                await self._claim_singly(own, number, claimed)
            elif not looked_at:
                raise
            else:
                self._refuse(looked_at[-1], own[0].tenant, claimed, error)
            return
        claimed.runs.extend(done.runs)
        claimed.dead.extend(done.dead)

    async def _claim_singly(
        self, own: Sequence[Lane], number: int, claimed: Claimed
    ) -> None:
        for _ in range(number):
            if own[0].tenant not in self._broken:
                await self._claim(own, 1, claimed)

    def _refuse(
        self,
        run_id: str,
        tenant: str,
        claimed: Claimed,
        error: Tampered,
    ) -> None:
        """Leave the run alone from now on, and its tenant where the log itself is at fault."""
        claimed.refused[run_id] = error
        self._refused.add(run_id)
        if isinstance(error, LogBroken | RolledBack):
            self._broken.add(tenant)

    async def _taken(
        self, own: Sequence[Lane], number: int, looked_at: list[str]
    ) -> Claimed:
        with ExitStack() as stack:
            tokens = [stack.enter_context(taken()) for _ in range(number)]

            def work(tx: Tx) -> Claimed:
                looked_at.clear()
                return self._take(tx, own, tokens, looked_at)

            done = await self._store.write(work, logs=(own[0].tenant,))
        for token in tokens[len(done.runs) :]:
            give_back(token)
        return done

    def _take(
        self,
        tx: Tx,
        own: Sequence[Lane],
        tokens: Sequence[str],
        looked_at: list[str],
    ) -> Claimed:
        done = Claimed()
        places = self._room(tx, own[0].tenant, len(tokens))
        if places <= 0:
            return done
        for row in in_turn(tx, own, most=places + len(self._refused)):
            if row["id"] not in self._refused:
                looked_at.append(row["id"])
                self._take_one(tx, row, tokens[len(done.runs)], done)
            if len(done.runs) == places:
                break
        return done

    def _room(self, tx: Tx, tenant: str, places: int) -> int:
        """Return how many of the *places* the tenant may have; none while it is stopped."""
        if kill_switch.covered(tx, tenant=tenant, tool="", run_id=""):
            return 0
        most = self._shares.of(tenant).concurrency
        if most is None:
            return places
        busy = at_work(tx.connection, now=tx.now).get(tenant, 0)
        return min(places, most - busy)

    def _take_one(
        self,
        tx: Tx,
        row: Row,
        token: str,
        done: Claimed,
    ) -> None:
        tries = _tries(tx, row)
        outages = row["outages"] if tries > 1 else 0
        if tries - outages > self._attempts:
            _bury(tx, row)
            done.dead.append(row["id"])
            return
        try:
            run = take_over(
                tx,
                self._vault,
                row,
                token=token,
                tries=tries,
                by=self._by,
            )
        except BadInput:
            return  # somebody was faster
        done.runs.append(run)


def _tries(tx: Tx, row: Row) -> int:
    """Return the claims since the run last got on, with the one that is about to be made."""
    place = {"of_run": row["id"], "under": row["fence"]}
    if row["tries"] and _GOT_ON.one(tx.connection, place) is not None:
        return 1
    return int(row["tries"]) + 1


def _bury(tx: Tx, row: Row) -> None:
    """Let no worker claim the run any more; the fence moves on, so none writes for it either."""
    fence = row["fence"] + 1
    buried = update(tables.run).where(tables.run.c.id == row["id"])
    tx.connection.execute(
        buried.values(
            status="dead",
            fence=fence,
            lease_until=0,
            ready_at=None,
            updated=tx.now,
        )
    )
    tx.checked.clear()
    tx.events.append(
        RunEnded(
            log=row["tenant"],
            run_id=row["id"],
            status="dead",
            fence=fence,
        )
    )
