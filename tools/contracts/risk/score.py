"""The risk score: a playbook applied to what was found, every point with its reason."""

from collections.abc import Iterable

from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.tools.contracts.extraction import Clause
from interlock.tools.contracts.risk.playbook import Playbook

HIGHEST = 1000


class Assess(Value):
    """Score one document by its clauses."""

    document: str
    findings: list[Clause]


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
    found = set(categories)
    contributions = [
        Contribution(category=each.category, when=each.when, points=each.points, why=each.why)
        for each in playbook.positions
        if (each.category in found) == (each.when == "present")
    ]
    total = min(HIGHEST, sum(each.points for each in contributions))
    tier = "high" if total >= playbook.high else "medium" if total >= playbook.medium else "low"
    contributions.sort(key=lambda each: (-each.points, each.category))
    return Risk(
        score=total,
        tier=tier,
        contributions=contributions,
        playbook=f"{playbook.name}, v{playbook.version}",
    )


def risk_tools(playbook: Playbook) -> tuple[AnyTool, ...]:
    """Return `risk.score`, a pure function of the findings."""

    @tool(
        "risk.score",
        action="pure",
        resource=lambda a: Resource(type="document", id=a.document),
    )
    async def assess(permit: Permit, arguments: Assess) -> Risk:
        """Score the risk of the findings by the playbook."""
        return score(playbook, (each.category for each in arguments.findings))

    return (assess,)
