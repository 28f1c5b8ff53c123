"""Movements: what is set aside, given back or spent in a budget, and in every one above it.

At each level a movement is one UPDATE, always in the order run, job, tenant. One that needs room
succeeds only while everything fits; where one level has no room the levels before take the movement
back in the same transaction (fails closed: no row, no movement).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Integer, and_, bindparam, or_, update

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.decision import Reason, by_runtime
from interlock.runtime.policy.request import Amounts, Level
from interlock.runtime.record.events.of_run import Held
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.bulk import Bulk, listed
from interlock.runtime.record.store.of_many import OfMany
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import level, limit

_BUDGETS: Final = tables.budget.c
#: No amount of any kind
NOTHING: Final = Amounts()
#: Budgets as they stand, each with the id of the one above
BUDGETS: Final = OfMany(tables.budget, _BUDGETS.id, more=(level.ABOVE,), lock=True)
#: The columns of what is spent and set aside, by the parameter that is added to each
_ADDED: Final = {
    f"{added}_{kind}": f"{group}_{kind}"
    for added, group in (("actual", "spent"), ("cost", "reserved"))
    for kind in KINDS
}
#: What stands in a budget after the movement, where its room is asked for
_FITS: Final = and_(
    *(
        _BUDGETS[f"spent_{kind}"]
        + bindparam(f"actual_{kind}")
        + _BUDGETS[f"reserved_{kind}"]
        + bindparam(f"cost_{kind}")
        <= _BUDGETS[f"limit_{kind}"]
        for kind in KINDS
    )
)
_SERVED_SUMS: Final = ", ".join(
    f"{column} = budget.{column} + given.{added}" for added, column in _ADDED.items()
)
_SERVED_FITS: Final = listed(
    KINDS,
    "budget.spent_{0} + given.actual_{0} + budget.reserved_{0} + given.cost_{0} "
    "<= budget.limit_{0}",
    " AND ",
)


def _added(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return two movements of one budget as one."""
    amounts = {name: earlier[name] + later[name] for name in _ADDED}
    return {**later, **amounts, "bounded": max(earlier["bounded"], later["bounded"])}


#: Adds to what is spent and set aside; where that is "bounded" nothing may pass its limit
_MOVE: Final = Bulk(
    tables.budget,
    one=update(tables.budget)
    .where(
        _BUDGETS.id == bindparam("budget"),
        or_(bindparam("bounded", type_=Integer) == 0, _FITS),
    )
    .values(
        {
            column: _BUDGETS[column] + bindparam(added)
            for added, column in _ADDED.items()
        }
    ),
    served=(
        f"UPDATE budget SET {_SERVED_SUMS} FROM given "  # noqa: S608 - names of ours
        f"WHERE budget.id = given.budget AND (given.bounded = 0 OR {_SERVED_FITS})"
    ),
    given={
        "budget": _BUDGETS.id,
        "bounded": _BUDGETS.limit_steps,
        **{added: _BUDGETS[column] for added, column in _ADDED.items()},
    },
    key=("budget",),
    merge=_added,
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

    #: What must fit beside what is spent and set aside; None where no room is asked for
    cost: Amounts | None
    reserved: Amounts = NOTHING
    spent: Amounts = NOTHING

    def upwards(
        self,
        tx: Tx,
        budget_id: str,
    ) -> Shortage | None:
        """Make the movement in the budget and in every one above."""
        done: list[str] = []
        soft: list[str] = []
        here: str | None = budget_id
        while here is not None:
            row = tx.row(BUDGETS, here)
            shortage = self._shortage(row)
            if row is None or shortage is not None:
                self._undo(tx, done)
                return shortage
            _put(tx, row, self)
            done.append(here)
            if row["soft"] != limit.NO_SOFT:
                soft.append(here)
            here = above(row, done)
        if self.spent != NOTHING:
            limit.tell_passed(tx, soft)
        return None

    def _shortage(self, row: Row | None) -> Shortage | None:
        """Return what the budget in *row* lacks; one that is gone lacks everything."""
        if row is None:
            return Shortage(
                level="run",
                kinds=KINDS,
            )
        if self.cost is None:
            return None
        free = room(row)
        short = [
            kind for kind in KINDS if getattr(self.cost, kind) > getattr(free, kind)
        ]
        if not short:
            return None
        return Shortage(
            level=row["level"],
            kinds=tuple(short),
            limit=row[f"limit_{short[0]}"],
            is_used_up=any(
                row[f"spent_{kind}"] + getattr(self.cost, kind) > row[f"limit_{kind}"]
                for kind in short
            ),
        )

    def _undo(
        self,
        tx: Tx,
        done: Sequence[str],
    ) -> None:
        back = replace(
            self,
            cost=None,
            reserved=_less(self.reserved),
            spent=_less(self.spent),
        )
        for lower in done:
            row = tx.row(BUDGETS, lower)
            if row is not None:
                _put(tx, row, back)


def _put(
    tx: Tx,
    row: Row,
    movement: Movement,
) -> None:
    """Put the movement of the one budget in *row* aside."""
    spent = level.named("actual", movement.spent)
    added = spent | level.named("cost", movement.reserved)
    stands = {column: row[column] + added[name] for name, column in _ADDED.items()}
    tx.know(BUDGETS, row["id"], stands)
    place = {"budget": row["id"], "bounded": int(movement.cost is not None)}
    tx.put(_MOVE, place | added)


def give_back(
    tx: Tx,
    budget_id: str,
    *,
    reserved: Amounts,
    spent: Amounts,
) -> None:
    """Spend what is *spent* of what was *reserved*, at every level, and give the rest back."""
    move = Movement(
        cost=None,
        reserved=_less(reserved),
        spent=spent,
    )
    move.upwards(tx, budget_id)


def _less(amounts: Amounts) -> Amounts:
    return level.combined(
        int.__sub__,
        NOTHING,
        amounts,
    )


def locked(tx: Tx, budget_id: str) -> Row | None:
    """Return the row of a budget with the id of the one above, locked; None where there is none."""
    return tx.row(BUDGETS, budget_id)


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
