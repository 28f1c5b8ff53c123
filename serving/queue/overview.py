"""What needs whom: the numbers and the few things that the home page puts first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from interlock.runtime.record.store import tables
from interlock.runtime.run.kill_switch import KillSwitch, KillSwitches
from interlock.serving.queue.visitor import Visitor
from interlock.serving.queue.waiting import Waiting, Wanted, waiting

#: Statuses of runs that go no further until a person does something
STUCK: Final = ("held", "dead")
FIRST: Final = 6
_RUNS: Final = tables.run.c
_ACTIONS: Final = tables.action.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """One person's home page."""

    #: What the person may decide, the soonest deadline first
    mine: Sequence[Mapping[str, Any]]
    #: How many wait, for whomever
    total: int
    #: How many runs there are in each status
    runs: Mapping[str, int]
    #: Runs with an action of which nobody knows whether it happened
    unknown: Sequence[str]
    stopped: Sequence[KillSwitch]

    @property
    def stuck(self) -> int:
        """How many runs go no further until a person does something."""
        return sum(self.runs.get(status, 0) for status in STUCK)


async def overview(visitor: Visitor) -> Overview:
    """Return what needs the visitor, and what needs others, in the visitor's tenant."""
    mine: Waiting = await waiting(visitor, Wanted(whose="for_me"))
    runs, unknown = await visitor.home.store.read(
        lambda connection: _runs(connection, visitor.tenant)
    )
    switches = await KillSwitches(visitor.home.store).list()
    return Overview(
        mine=[row for row in mine.rows if not row["is_own"]][:FIRST],
        total=mine.total,
        runs=runs,
        unknown=unknown,
        stopped=[
            switch
            for switch in switches
            if switch.scope in {"all", "tool"} or switch.id == visitor.tenant
        ],
    )


def _runs(connection: Connection, tenant: str) -> tuple[dict[str, int], list[str]]:
    counted = (
        select(_RUNS.status, func.count())
        .where(_RUNS.tenant == tenant, _RUNS.shadow == "")
        .group_by(_RUNS.status)
    )
    unknown = (
        select(_ACTIONS.run_id)
        .join(tables.run, _RUNS.id == _ACTIONS.run_id)
        .where(_RUNS.tenant == tenant, _ACTIONS.state == "unknown")
        .distinct()
        .limit(FIRST)
    )
    counts = {str(status): int(count) for status, count in connection.execute(counted)}
    return counts, list(connection.execute(unknown).scalars())
