"""Rollouts: a release that new runs are given step by step, beside the one in force.

The ledger says how a rollout stands: each decision about it is an entry of the home's log, and what
the entry seals is all of the rollout from then on. So a crash loses nothing, and whoever decides on
a standing that is not the newest any more decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, bindparam, select

from interlock.runtime.canonical import Document, Json
from interlock.runtime.errors import Tampered
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import HOME, RolloutTurned
from interlock.runtime.record.events.of_release import How
from interlock.runtime.record.events.of_rollout import Turned
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import promotion
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.refusal import refused

#: More runs at each step, or all of them at once with the way back held open
Kind: TypeAlias = Literal["canary", "blue_green"]
#: While it is "live" new runs are given to the candidate, and the controller decides
Status: TypeAlias = Literal["live", "paused", "promoted", "rolled_back", "stopped"]
#: By release, what a run of each agent is pinned to
PinsByRelease: TypeAlias = Mapping[str, Mapping[str, Pins]]
STEPS: Final[Mapping[Kind, tuple[int, ...]]] = {
    "canary": (1, 5, 25, 50, 100),
    "blue_green": (0, 100),
}
_WHOLE: Final = 100
_FORTH: Final[How] = "promoted"
_BACK: Final[How] = "rolled_back"
_AFTER: Final[Mapping[Turned, Status]] = {
    "started": "live",
    "held": "live",
    "advanced": "live",
    "resumed": "live",
    "paused": "paused",
    "promoted": "promoted",
    "rolled_back": "rolled_back",
    "stopped": "stopped",
    "overtaken": "stopped",
}
#: What the controller decides, by figures; it has none of a release that a person put in force
_DECIDED: Final[frozenset[Turned]] = frozenset(
    {"held", "advanced", "promoted", "rolled_back"}
)
#: What takes every run from the candidate until a person decides anew
_HALTS: Final[frozenset[Turned]] = frozenset({"paused", "stopped"})
_ENTRIES: Final = tables.ledger_entry.c
_EVERY: Final = (
    select(_ENTRIES.seq, _ENTRIES.body)
    .where(
        _ENTRIES.log == HOME,
        _ENTRIES.run_id == "",
        _ENTRIES.event == RolloutTurned.event,
    )
    .order_by(_ENTRIES.seq.desc())
)
_TURNS: Final = (
    _EVERY.add_columns(_ENTRIES.payload)
    .where(_ENTRIES.seq > bindparam("above"))
    .limit(bindparam("most"))
)
_BODIES: Final = Statement(_EVERY)
_READ: Final = Statement(_TURNS)
_PAGE: Final = Statement(_TURNS.where(_ENTRIES.seq < bindparam("below")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How a release is rolled out, as the person wants it who starts the rollout."""

    kind: Kind = "canary"
    #: How many of a hundred new runs the candidate gets, step by step
    steps: tuple[int, ...] = STEPS["canary"]
    #: So many runs of the candidate at least before a step is taken
    least_runs: int = 30
    #: Seconds that a switch to all runs is watched before the rollout is over
    hold_s: int = 0
    #: Milliseconds of work from which on a run counts as the slowest
    longest_ms: int = 60_000
    #: So many runs at least are copied under the candidate without effects before it is given any,
    #: and as many at a time; 0 for none. The first step is 0 of a hundred runs then
    shadow: int = 0

    @property
    def document(self) -> dict[str, Json]:
        """The plan as JSON."""
        return {
            "kind": self.kind,
            "steps": self.steps,
            "least_runs": self.least_runs,
            "hold_s": self.hold_s,
            "longest_ms": self.longest_ms,
            "shadow": self.shadow,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """One rollout as it stands after its newest decision."""

    id: str
    candidate: str
    control: str
    #: Who started it; what the controller does rests on that person's act
    by: str
    plan: Plan
    pins: PinsByRelease = field(default_factory=dict)
    status: Status = "live"
    step: int = 0
    #: When the step began, in Unix seconds
    since: int = 0
    #: By tenant, up to which entry of its log the ends of runs were counted
    seen: Mapping[str, int] = field(default_factory=dict)
    #: What the controller knows of both arms, and why it decided as it did
    figures: Mapping[str, Json] = field(default_factory=dict)
    #: Who paused or stopped it; none of whoever did so before it went on
    halted_by: tuple[str, ...] = ()
    #: The number of its newest entry, -1 for none
    seq: int = -1
    how: Turned = "started"
    #: When that was decided, in Unix seconds
    at: int = 0

    @property
    def percent(self) -> int:
        """How many of a hundred new runs the candidate gets."""
        if self.status == "promoted":
            return _WHOLE
        return self.plan.steps[self.step] if self.status == "live" else 0

    @property
    def is_open(self) -> bool:
        """Whether something may still be decided about it."""
        return self.status in {"live", "paused"}

    @property
    def is_shadowing(self) -> bool:
        """Whether it is at the step at which runs are copied under the candidate."""
        return self.plan.shadow > 0 and self.step == 0

    @property
    def is_whole(self) -> bool:
        """Whether it is at the step with which the candidate came into force."""
        return self.plan.steps[self.step] == _WHOLE

    def is_overtaken(self, in_force: str) -> bool:
        """Whether a person put another release in force than the rollout did."""
        return in_force != (self.candidate if self.is_whole else self.control)

    @property
    def tag(self) -> str:
        """What a run's first entry names the rollout and its step by."""
        return f"{self.id}/{self.step}"

    def begun(self, step: int, *, now: int) -> "Rollout":
        """Return the rollout at the step, of which nothing is counted yet."""
        return replace(self, step=step, since=now)


def newest(connection: Connection, vault: Vault, *, above: int = -1) -> Rollout | None:
    """Return the rollout whose entry is the newest above the entry *above*, or None.

    Raises `Tampered` when the entry is not what was sealed with it (fails closed).
    """
    rows = _READ.all(connection, {"above": above, "most": 1})
    return _opened(vault, rows[0]) if rows else None


def newest_of(connection: Connection, vault: Vault, name: str) -> Rollout | None:
    """Return the newest rollout of that id or of that release, over or not, or None.

    Raises as `newest` does.
    """
    for row in _BODIES.all(connection, {}):
        body = body_of(row["body"])
        if name in {body["candidate"], body["rollout"]}:
            return history(connection, vault, most=1, below=row["seq"] + 1)[0]
    return None


def history(
    connection: Connection, vault: Vault, *, most: int, below: int | None = None
) -> list[Rollout]:
    """Return the newest decisions about rollouts, the newest first; raises as `newest` does.

    With *below* they are those whose entries are older than the entry of that number.
    """
    place = {"above": -1, "most": most}
    if below is None:
        rows = _READ.all(connection, place)
    else:
        rows = _PAGE.all(connection, place | {"below": below})
    return [_opened(vault, row) for row in rows]


def turn(tx: Tx, vault: Vault, after: Rollout, *, how: Turned, by: str = "") -> None:
    """Record that the rollout stands as *after* says, in the transaction of whoever calls.

    With its last step the candidate comes into force, and a way back takes the candidate out of
    force: release, policy and rollout change at once, by the person *by*, or by whoever started the
    rollout. What a person put in force meanwhile stays. Whoever calls holds the head of the home's
    log. Raises `BadInput` ("rollout_moved") when something else was decided since *after* was read,
    a promotion by a person included, and as `promotion.turn` does.
    """
    if promotion.is_turned(tx):
        raise refused("rollout_moved", what=f"rollout {after.id}")
    before = newest(tx.connection, vault)
    in_force = promotion.newest(tx.connection, vault).release
    is_newest = before is None or before.seq <= after.seq
    is_ours = before is None or not before.is_overtaken(in_force)
    if not is_newest or (how in _DECIDED and not is_ours):
        raise refused("rollout_moved", what=f"rollout {after.id}")
    halted_by = (*after.halted_by, by) if how in _HALTS else ()
    turned = replace(after, status=_AFTER[how], halted_by=halted_by)
    _put_in_force(tx, vault, turned, how, in_force=in_force, person=by or turned.by)
    tx.events.append(
        RolloutTurned(
            log=HOME,
            rollout=turned.id,
            candidate=turned.candidate,
            control=turned.control,
            how=how,
            percent=turned.percent,
            standing=_written(turned),
        )
    )


def _put_in_force(
    tx: Tx,
    vault: Vault,
    turned: Rollout,
    how: Turned,
    *,
    in_force: str,
    person: str,
) -> None:
    """Put the candidate in force with its last step, and the control with a way back from there."""
    is_back = how in {"rolled_back", "stopped"} and turned.is_whole
    if how in {"advanced", "promoted"} and turned.percent == _WHOLE:
        name, before, by = turned.candidate, turned.control, _FORTH
    elif is_back and in_force == turned.candidate:
        name, before, by = turned.control, turned.candidate, _BACK
    else:
        return
    if in_force != name:
        promotion.turn(tx, vault, name, how=by, after=before, by=person)


def _written(rollout: Rollout) -> dict[str, Document]:
    pins: dict[str, Json] = {
        release: {
            agent: {"revision": those.revision, "others": dict(those.others)}
            for agent, those in by_agent.items()
        }
        for release, by_agent in rollout.pins.items()
    }
    return {
        "by": rollout.by,
        "plan": rollout.plan.document,
        "pins": pins,
        "status": rollout.status,
        "step": rollout.step,
        "since": rollout.since,
        "seen": [[tenant, seq] for tenant, seq in sorted(rollout.seen.items())],
        "figures": dict(rollout.figures),
        "halted_by": rollout.halted_by,
    }


def _opened(vault: Vault, row: Row) -> Rollout:
    key = vault.known(HOME)
    try:
        body = orjson.loads(row["body"])
        sealed = orjson.loads(key.open(row["payload"], place=kept_at(HOME, row["seq"])))
        standing = sealed.pop("standing")
        if any(body[name] != value for name, value in sealed.items()):
            raise _changed()
        return _read(body, standing)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _changed() from error


def _read(body: Mapping[str, Any], standing: Mapping[str, Any]) -> Rollout:
    plan = standing["plan"]
    return Rollout(
        id=body["rollout"],
        candidate=body["candidate"],
        control=body["control"],
        by=standing["by"],
        plan=Plan(**plan | {"steps": tuple(plan["steps"])}),
        pins={
            release: {
                agent: Pins(**those, release=release)
                for agent, those in by_agent.items()
            }
            for release, by_agent in standing["pins"].items()
        },
        status=standing["status"],
        step=standing["step"],
        since=standing["since"],
        seen=dict(standing["seen"]),
        figures=standing["figures"],
        halted_by=tuple(standing["halted_by"]),
        seq=body["seq"],
        how=body["how"],
        at=body["at"],
    )


def _changed() -> Tampered:
    return Tampered(
        what=f"ledger entry {RolloutTurned.event}",
        why="it does not say what was recorded of the rollout",
    )
