"""The risk score: a playbook applied to what was found, every point with its reason."""

from collections.abc import Iterable
from typing import Final

from interlock.runtime.door.tool import Value
from interlock.tools.contracts.risk.playbook import Playbook, Position

HIGHEST: Final = 1000


class Contribution(Value):
    """Points added by one position of the playbook."""

    category: str
    when: str
    points: int
    why: str


class Risk(Value):
    """A score from 0 to 1000 and the tier it falls into."""

    score: int
    tier: str
    contributions: list[Contribution]
    playbook: str


def score(playbook: Playbook, categories: Iterable[str]) -> Risk:
    """Return the risk of a contract in which *categories* were found; pure and order-free."""
    present = set(categories)
    contributions = [
        _contribution(position)
        for position in playbook.positions
        if (position.category in present) == (position.when == "present")
    ]
    contributions.sort(key=_heaviest_first)
    points = sum(contribution.points for contribution in contributions)
    total = min(HIGHEST, points)
    return Risk(
        score=total,
        tier=_tier(playbook, total),
        contributions=contributions,
        playbook=f"{playbook.name}, v{playbook.version}",
    )


def _contribution(position: Position) -> Contribution:
    return Contribution(
        category=position.category,
        when=position.when,
        points=position.points,
        why=position.why,
    )


def _heaviest_first(contribution: Contribution) -> tuple[int, str]:
    return -contribution.points, contribution.category


def _tier(playbook: Playbook, total: int) -> str:
    if total >= playbook.high:
        return "high"
    if total >= playbook.medium:
        return "medium"
    return "low"
