"""The parties of a contract as a reader knows them: one entry a party, with all its names."""

from collections.abc import Sequence
from dataclasses import dataclass

from interlock.tools.contracts.parties import Party, named
from interlock.tools.contracts.report.passages import Mark
from interlock.tools.contracts.review import PARTIES, Side


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One party, whether it is ours, what else it is called, and where the contract names it."""

    name: str
    is_ours: bool
    others: tuple[str, ...]
    marks: tuple[Mark, ...]


def roll(side: Side, marks: Sequence[Mark]) -> list[Listed]:
    """Return each party once, ours first; a name that belongs to no party stands at the end."""
    those = [*([side.ours] if side.ours else []), *side.others]
    naming = [mark for mark in marks if mark.clause.category == PARTIES]
    owners = [named(those, mark.clause.text) for mark in naming]
    pairs = list(zip(naming, owners, strict=True))
    listed = [
        Listed(
            name=party.name,
            is_ours=party == side.ours,
            others=tuple(alias for alias in party.aliases if alias != party.name),
            marks=tuple(mark for mark, owner in pairs if owner == party),
        )
        for party in those
    ]
    return [*listed, *_unowned(pairs)]


def _unowned(pairs: Sequence[tuple[Mark, Party | None]]) -> list[Listed]:
    names: dict[str, list[Mark]] = {}
    for mark, owner in pairs:
        if owner is None:
            names.setdefault(" ".join(mark.clause.text.split()), []).append(mark)
    return [
        Listed(
            name=name,
            is_ours=False,
            others=(),
            marks=tuple(standing),
        )
        for name, standing in names.items()
    ]
