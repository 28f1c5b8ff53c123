"""The results of a job as one page for people: what is risky, what is missing, what waits.

The page counts every document and names the worst ones only, so it is as long for a great many
contracts as for some. It needs nothing beside itself, and no script.
"""

import heapq
from collections import Counter
from pathlib import Path
from typing import IO, Any, Final

from interlock.serving.results.row import Results, result
from interlock.tools.contracts.report import TEMPLATES
from interlock.tools.page import render

#: The page's own template, which includes parts of the report
_FOLDERS: Final = (Path(__file__).resolve().parent / "templates", TEMPLATES)
#: Documents that are named in each part of the page
_MOST: Final = 100
#: What weighs most in a contract, as far as it is shown
_REASONS: Final = 3
_TIERS: Final = ("high", "medium", "low")
#: A document is in the part that its status stands in; "done" needs no part
_PARTS: Final = {
    "waits": ("waiting",),
    "under_way": ("queued", "running", "held"),
    "failed": ("failed", "dead", "cancelled"),
    "skipped": ("skipped",),
}


async def write_page(results: Results, target: IO[bytes]) -> int:
    """Write the page, and return how many documents there are; some of them are in memory."""
    portfolio = _Portfolio()
    async for item in results.items:
        portfolio.add(result(item))
    page = render(
        "portfolio.html",
        folders=_FOLDERS,
        title=f"Portfolio of {results.job}",
        portfolio=portfolio,
        most=_MOST,
    )
    target.write(page.encode())
    return portfolio.documents


class _Portfolio:
    """What the page says, document by document."""

    def __init__(self) -> None:
        self.documents = 0
        self.statuses: Counter[str] = Counter()
        self.tiers = dict.fromkeys(_TIERS, 0)
        #: Clauses that a playbook asks for and that were not found: in how many contracts, and why
        self.missing: Counter[str] = Counter()
        self.why_missing: dict[str, str] = {}
        self.parts: dict[str, list[dict[str, Any]]] = {name: [] for name in _PARTS}
        self.counts = dict.fromkeys(_PARTS, 0)
        #: The least of the worst stands first; the number keeps rows from being compared
        self._worst: list[tuple[int, int, dict[str, Any]]] = []

    @property
    def reviewed(self) -> int:
        """How many documents have a risk."""
        return sum(self.tiers.values())

    @property
    def worst(self) -> list[dict[str, Any]]:
        """The contracts with the most points, worst first."""
        return [row for _, _, row in sorted(self._worst, reverse=True)]

    def add(self, row: dict[str, Any]) -> None:
        """Count one document, and keep it where the page may name it."""
        self.documents += 1
        self.statuses[row["status"]] += 1
        row["name"] = Path(row["path"]).name or "(erased)"
        for part, statuses in _PARTS.items():
            if row["status"] in statuses:
                self._keep(part, row)
        if row["risk"]:
            self._weigh(row)

    def _keep(self, part: str, row: dict[str, Any]) -> None:
        self.counts[part] += 1
        if len(self.parts[part]) < _MOST:
            self.parts[part].append(_named(row))

    def _weigh(self, row: dict[str, Any]) -> None:
        risk = row["risk"]
        self.tiers[risk["tier"]] += 1
        for position in risk["contributions"]:
            if position["when"] == "absent" and not position["doubted"]:
                self.missing[position["category"]] += 1
                self.why_missing[position["category"]] = position["why"]
        entry = (risk["score"], -self.documents, _named(row))
        if len(self._worst) < _MOST:
            heapq.heappush(self._worst, entry)
        else:
            heapq.heappushpop(self._worst, entry)


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of a document that it names."""
    risk = row["risk"] or {"contributions": []}
    reasons = [
        {name: position[name] for name in ("category", "points", "why")}
        for position in risk["contributions"][:_REASONS]
    ]
    kept = {name: row[name] for name in ("name", "run_id", "status", "why")}
    return {
        **kept,
        "tier": row["tier"],
        "score": row["score"],
        "findings": len(row["findings"]),
        "reasons": reasons,
    }
