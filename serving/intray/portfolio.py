"""The contracts of a job against the kinds of clauses: what is where, and what it adds to the risk.

The grid is of the first documents of a job, so that its page stays one that people read.
"""

from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, assert_never, get_args

from interlock.runtime.run.jobs import Item
from interlock.serving.results.kinds import Kind, State, kinds
from interlock.serving.results.row import result

#: Documents that the grid reads
MOST: Final = 500
#: The state in which the wanted kind of clause is, or that the kind adds to the risk
Only: TypeAlias = Literal["all", "found", "missing", "adds"]
ONLY: Final[dict[Only, str]] = {
    "all": "every contract",
    "found": "those that have it",
    "missing": "those that lack it",
    "adds": "those where it adds risk",
}
_NONE: Final = Kind(state="doubted")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """One contract of the job that has a review."""

    name: str
    run_id: str
    tier: str
    score: int
    kinds: Mapping[str, Kind]


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One kind of clause over the contracts that are shown."""

    category: str
    #: In how many contracts the kind is in each state
    states: Mapping[State, int]
    points: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which contracts to show, of which kind of clause, in which order."""

    tier: str = ""
    kind: str = ""
    only: Only = "all"
    #: `risk`, `name` or a kind of clause
    sort: str = "risk"
    reverse: bool = False

    def sorted(self, contracts: Sequence[Contract]) -> list[Contract]:
        """Return those that fit, the most points first, or by name."""
        fitting = [contract for contract in contracts if self._fits(contract)]
        return sorted(fitting, key=self._place, reverse=self.reverse)

    def _fits(self, contract: Contract) -> bool:
        return self.tier in ("", contract.tier) and self._fits_kind(contract)

    def _fits_kind(self, contract: Contract) -> bool:
        kind = contract.kinds.get(self.kind, _NONE)
        match self.only:
            case "all":
                return True
            case "found":
                return kind.clauses > 0
            case "missing":
                return kind.clauses == 0
            case "adds":
                return kind.points > 0
            case _:
                assert_never(self.only)

    def _place(self, contract: Contract) -> tuple[int, int, str]:
        name = contract.name.casefold()
        if self.sort == "name":
            return 0, 0, name
        if self.sort == "risk":
            return -contract.score, 0, name
        kind = contract.kinds.get(self.sort, _NONE)
        return -kind.points, -kind.clauses, name


@dataclass(frozen=True, kw_only=True, slots=True)
class Portfolio:
    """The contracts that are shown, and the kinds of clauses that they have or lack."""

    contracts: Sequence[Contract]
    columns: Sequence[Column]
    #: Every kind that any contract of the job has or lacks, for the filter
    categories: Sequence[str]
    #: Contracts with a review, and documents that were looked at
    reviewed: int
    read: int


async def portfolio(items: AsyncIterable[Item], wanted: Wanted) -> Portfolio:
    """Return the grid of the first documents in *items*."""
    contracts = []
    read = 0
    async for item in items:
        if read == MOST:
            break
        read += 1
        contracts.extend(_contract(item))
    shown = wanted.sorted(contracts)
    categories = sorted({name for contract in contracts for name in contract.kinds})
    return Portfolio(
        contracts=shown,
        columns=_columns(shown, [wanted.kind] if wanted.kind else categories),
        categories=categories,
        reviewed=len(contracts),
        read=read,
    )


def only_named(name: str) -> Only:
    """Return the filter of that name; every contract for a name that is none."""
    return next((only for only in ONLY if only == name), "all")


def _contract(item: Item) -> list[Contract]:
    row = result(item)
    if not row["risk"]:
        return []
    return [
        Contract(
            name=Path(row["path"]).name or "(erased)",
            run_id=row["run_id"] or "",
            tier=row["tier"],
            score=row["score"],
            kinds=kinds(row),
        )
    ]


def _columns(contracts: Sequence[Contract], names: Sequence[str]) -> list[Column]:
    """Return the kinds, those that add most first."""
    columns = [_column(contracts, name) for name in names]
    return sorted(columns, key=lambda column: (-column.points, column.category))


def _column(contracts: Sequence[Contract], name: str) -> Column:
    standing = [contract.kinds.get(name) for contract in contracts]
    those = [kind for kind in standing if kind is not None]
    return Column(
        category=name,
        states={
            state: sum(kind.state == state for kind in those)
            for state in get_args(State)
        },
        points=sum(kind.points for kind in those),
    )
