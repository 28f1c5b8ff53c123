"""Movements: what is set aside, given back or spent in a budget, and in every one above it.

At each level a movement is one UPDATE, always in the order run, job, tenant. One that needs room
succeeds only while everything fits; where one level has no room the levels before take the movement
back in the same transaction (fails closed: no row, no movement).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import and_, bindparam, select, update

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.decision import Reason, by_runtime
from interlock.runtime.policy.request import Amounts, Level
from interlock.runtime.record.events.of_run import Held
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import level, limit

_BUDGETS: Final = tables.budget.c
_HERE: Final = _BUDGETS.id == bindparam("budget")
#: No amount of any kind
NOTHING: Final = Amounts()
#: The statements of a movement; those of `RESERVE` and `CHARGE` need room
_LOCKED: Final = Statement(
    select(tables.budget, level.ABOVE).where(_HERE).with_for_update()
)
_FITS: Final = and_(
    *(
        _BUDGETS[f"spent_{kind}"]
        + _BUDGETS[f"reserved_{kind}"]
        + bindparam(f"cost_{kind}")
        <= _BUDGETS[f"limit_{kind}"]
        for kind in KINDS
    )
)
_SPEND: Final = {
    f"spent_{kind}": _BUDGETS[f"spent_{kind}"] + bindparam(f"actual_{kind}")
    for kind in KINDS
}
_SET_ASIDE: Final = {
    f"reserved_{kind}": _BUDGETS[f"reserved_{kind}"] + bindparam(f"cost_{kind}")
    for kind in KINDS
}
_GIVE_BACK: Final = {
    f"reserved_{kind}": _BUDGETS[f"reserved_{kind}"] - bindparam(f"cost_{kind}")
    for kind in KINDS
}
_TOLD: Final = (level.ABOVE, _BUDGETS.soft)
RESERVE: Final = Statement(
    update(tables.budget).where(_HERE, _FITS).values(_SET_ASIDE).returning(*_TOLD)
)
CHARGE: Final = Statement(
    update(tables.budget).where(_HERE, _FITS).values(_SPEND).returning(*_TOLD)
)
MOVE: Final = Statement(
    update(tables.budget).where(_HERE).values(_GIVE_BACK | _SPEND).returning(*_TOLD)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortage:
    """Why a cost did not fit: the first level without room, and the kinds that it lacks there."""

    level: Level
    kinds: tuple[str, ...]
    #: How much of the first of these kinds that level may spend
    limit: int = field(
        default=0,
        compare=False,
    )
    #: Whether what is spent leaves too little already, so that nobody makes room by giving back
    is_used_up: bool = field(
        default=True,
        compare=False,
    )

    @property
    def reason(self) -> Reason:
        """The refusal: "no_time" where time is all that is lacking."""
        code = "no_time" if self.kinds == ("wall_ms",) else "budget_exceeded"
        return by_runtime(
            code,
            level=self.level,
            kind=self.kinds[0],
            limit=self.limit,
        )

    @property
    def held(self) -> Held:
        """What holds a run whose finished step does not fit."""
        return "budget" if self.level == "run" else "budget_above"


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """What is set aside or spent at every level, or at none."""

    statement: Statement
    #: What must fit
    cost: Amounts
    reserved: Amounts = NOTHING
    spent: Amounts = NOTHING

    def upwards(
        self,
        tx: Tx,
        budget_id: str,
        amounts: dict[str, int],
    ) -> Shortage | None:
        """Make the movement with *amounts*, the parameters of its statement."""
        done: list[str] = []
        soft: list[str] = []
        here: str | None = budget_id
        while here is not None:
            row = self.statement.one(tx.connection, {"budget": here, **amounts})
            if row is None:
                self._undo(tx, done)
                return _lacking(
                    tx,
                    here,
                    self.cost,
                )
            done.append(here)
            if row["soft"] != limit.NO_SOFT:
                soft.append(here)
            here = above(row, done)
        if self.spent != NOTHING:
            limit.tell_passed(tx, soft)
        return None

    def _undo(
        self,
        tx: Tx,
        done: Sequence[str],
    ) -> None:
        if done:
            back = level.combined(
                int.__sub__,
                NOTHING,
                self.spent,
            )
            amounts = moved(
                reserved=self.reserved,
                spent=back,
            )
        for lower in done:
            MOVE.one(tx.connection, {"budget": lower, **amounts})


def _lacking(
    tx: Tx,
    budget_id: str,
    cost: Amounts,
) -> Shortage:
    row = locked(tx, budget_id)
    if row is None:
        return Shortage(
            level="run",
            kinds=KINDS,
        )
    free = room(row)
    short = [kind for kind in KINDS if getattr(cost, kind) > getattr(free, kind)]
    kinds = tuple(short) or KINDS
    return Shortage(
        level=row["level"],
        kinds=kinds,
        limit=row[f"limit_{kinds[0]}"],
        is_used_up=any(
            row[f"spent_{kind}"] + getattr(cost, kind) > row[f"limit_{kind}"]
            for kind in kinds
        ),
    )


def locked(tx: Tx, budget_id: str) -> Row | None:
    """Return the row of a budget with the id of the one above, locked; None where there is none."""
    return _LOCKED.one(tx.connection, {"budget": budget_id})


def levels(tx: Tx, budget_id: str) -> dict[str, Row]:
    """Return the rows of a budget and of those above, locked, by level."""
    return {row["level"]: row for row in climb(tx, budget_id) if row is not None}


def climb(tx: Tx, budget_id: str) -> Iterator[Row | None]:
    """Yield the rows of a budget and of those above, locked; None for one that is missing."""
    climbed: list[str] = []
    here: str | None = budget_id
    while here is not None:
        climbed.append(here)
        row = locked(tx, here)
        yield row
        here = None if row is None else above(row, climbed)


def above(row: Row, climbed: Sequence[str]) -> str | None:
    """Return the next budget up; raises `Tampered` where it was *climbed* before (fails closed)."""
    upper: str | None = row["above"]
    if upper in climbed:
        why = f"budget {climbed[-1]} has {upper} above itself, which is below it too"
        raise Tampered(
            what="the budgets",
            why=why,
        )
    return upper


def room(row: Row) -> Amounts:
    """Return what is neither spent nor reserved of each kind."""
    spent = level.amounts_in(row, "spent")
    taken = level.combined(
        int.__add__,
        spent,
        level.amounts_in(row, "reserved"),
    )
    return level.combined(
        int.__sub__,
        level.amounts_in(row, "limit"),
        taken,
    )


def moved(*, reserved: Amounts, spent: Amounts) -> dict[str, int]:
    """Return the parameters of `MOVE`: what is given back of *reserved*, and what is *spent*."""
    return level.named("cost", reserved) | level.named("actual", spent)
