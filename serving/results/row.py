"""One document of a job with what its review found, as every format has it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from interlock.runtime.run.jobs import Item
from interlock.serving import batches
from interlock.serving.view import shares
from interlock.tools.contracts.extraction import EXTRACTOR

CONTRACTS: Final = (
    "seq",
    "run_id",
    "path",
    "status",
    "tier",
    "score",
    "findings",
    "why",
)
FINDINGS: Final = (
    "seq", "run_id", "path", "category", "answer", "source", "page", "section", "confidence", "text"
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """What is written: the documents of one job, in order, each read when it is its turn."""

    job: str
    items: AsyncIterator[Item]


def result(item: Item) -> dict[str, Any]:
    """Return one document with everything that its review found.

    *places* are those that may hold a clause and that a model was asked about, or quotes.
    """
    outcome: Any = shares(dict(item.outcome))
    possible = outcome.get("possible", [])
    row = batches.row(item)
    risk = row.pop("risk")
    return {
        **row,
        "tier": risk and risk["tier"],
        "score": risk and risk["score"],
        "document": outcome.get("document"),
        "findings": outcome.get("findings", []),
        "places": [one for one in possible if one["source"] != EXTRACTOR],
        "consulted": outcome.get("consulted"),
        "risk": outcome.get("risk"),
    }
