"""What came of a drill: what happened outside, against what the ledger and the workers say."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from interlock.evals.chaos.agent import KEYED, LOOK
from interlock.evals.chaos.outside import Effect
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.run.run import OPEN

#: An action in one of these has begun: its effect may have happened
_BEGUN: Final = frozenset({"started", "done", "unknown"})
_ENDED: Final = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """The rows that the tally needs, each as its columns."""

    runs: Mapping[str, str]
    actions: Sequence[Row]
    #: State of each approval by its id, and the runs with one that waits
    approvals: Mapping[str, str]
    asking: frozenset[str]

    @classmethod
    def read(cls, connection: Connection) -> "Rows":
        """Read them all."""
        run, action, approval = (
            connection.execute(select(table)).mappings().all()
            for table in (tables.run, tables.action, tables.approval)
        )
        return cls(
            runs={row["id"]: row["status"] for row in run},
            actions=action,
            approvals={row["id"]: row["state"] for row in approval},
            asking=frozenset(
                row["run_id"] for row in approval if row["state"] == "waiting"
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledged:
    """What was told to people and by workers, and so must be in the record."""

    queued: Sequence[str]
    verdicts: Sequence[str]
    #: Status by run, as a worker told the run's end
    turns: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The counts of a drill."""

    actions: int
    #: Effects that happened more than once
    duplicates: int
    #: What was acknowledged and is not in the record, and effects that are recorded as done and
    #: did not happen
    lost: int
    #: Effects that happened and that the record does not know of
    unrecorded: int
    #: Runs that are open though nothing keeps them, dead ones too
    stuck: int
    #: Runs that failed: the agent of a drill has no reason to, and no outage is one
    failed: int
    #: Actions of which nobody knows what became of them, and those of them that happened
    unknown: int
    unknown_happened: int
    #: Runs by status
    runs: dict[str, int]


def tally(rows: Rows, effects: Sequence[Effect], told: Acknowledged) -> Tally:
    """Return the counts."""
    keys = {effect.key for effect in effects}
    states = {row["id"]: row["state"] for row in rows.actions}
    unknown = [name for name, state in states.items() if state == "unknown"]
    done = [row for row in rows.actions if row["state"] == "done"]
    absent = [row for row in done if row["tool"] != LOOK and row["id"] not in keys]
    return Tally(
        actions=len(rows.actions),
        duplicates=_twice(effects),
        lost=len(absent) + _unkept(rows, told),
        unrecorded=sum(states.get(key) not in _BEGUN for key in keys),
        stuck=len(_stuck(rows)),
        failed=Counter(rows.runs.values())["failed"],
        unknown=len(unknown),
        unknown_happened=sum(name in keys for name in unknown),
        runs=dict(Counter(rows.runs.values())),
    )


def _twice(effects: Iterable[Effect]) -> int:
    """Return how many effects are one too many.

    An idempotent tool may try again with its key: another key for the same step is a second effect.
    """
    happened: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for effect in effects:
        happened[(effect.run_id, effect.tool)].append(effect.key)
    seen = [
        len(set(keys)) if tool == KEYED else len(keys)
        for (_, tool), keys in happened.items()
    ]
    return sum(number - 1 for number in seen)


def _unkept(rows: Rows, told: Acknowledged) -> int:
    """Return how much of what was acknowledged the record does not say."""
    runs = [run_id for run_id in told.queued if run_id not in rows.runs]
    verdicts = [
        name
        for name in told.verdicts
        if rows.approvals.get(name) not in {"approved", "used"}
    ]
    ends = [
        run_id
        for run_id, status in told.turns.items()
        if status in _ENDED and rows.runs.get(run_id) != status
    ]
    return len(runs) + len(verdicts) + len(ends)


def _stuck(rows: Rows) -> list[str]:
    return [
        run_id
        for run_id, status in rows.runs.items()
        if status in OPEN and run_id not in rows.asking
    ]
