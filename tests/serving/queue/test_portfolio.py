"""The grid of a job: every contract against every kind of clause, filtered and sorted."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from interlock.runtime.run.jobs import Item
from interlock.serving.intray import portfolio as module
from interlock.serving.intray.portfolio import Only, Wanted, portfolio


def part(category: str, points: int, when: str = "present") -> dict[str, Any]:
    """Return what one kind of clause adds."""
    return {"category": category, "points": points, "when": when, "doubted": False}


async def items() -> AsyncIterator[Item]:
    """Yield a contract with a cap, one that lacks it, and a document without a review."""
    clause = {"category": "Cap On Liability", "confidence": 9_000}
    party = {"category": "Parties", "confidence": 9_000}
    outcomes: list[dict[str, Any]] = [
        {
            "findings": [clause, clause, party],
            "risk": {
                "tier": "low",
                "score": 80,
                "contributions": [part("Insurance", 80, "absent")],
            },
        },
        {
            "findings": [],
            "risk": {
                "tier": "high",
                "score": 500,
                "contributions": [part("Cap On Liability", 500, "absent")],
            },
        },
        {},
    ]
    for seq, (name, outcome) in enumerate(
        zip(("b.pdf", "a.pdf", "c.pdf"), outcomes, strict=True)
    ):
        yield Item(
            seq=seq,
            run_id=f"run-{seq}",
            status="done" if outcome else "failed",
            path=name,
            document="",
            refused="",
            why="",
            outcome=outcome,
            updated=0,
        )


async def test_every_contract_stands_against_every_kind() -> None:
    """A kind is counted where it stands, and where it lacks it says so and what that adds; the
    worst contract and the kind that adds most come first.
    """
    grid = await portfolio(items(), Wanted())
    worst, other = grid.contracts
    cap, insurance = grid.columns

    assert (grid.reviewed, grid.read) == (2, 3)
    assert (worst.name, other.name) == ("a.pdf", "b.pdf")
    assert worst.kinds["Cap On Liability"].state == "missing"
    assert other.kinds["Cap On Liability"].clauses == 2
    assert (cap.category, cap.points, cap.states["missing"]) == (
        "Cap On Liability",
        500,
        1,
    )
    assert (insurance.category, insurance.states["found"]) == ("Insurance", 0)


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("all", ["a.pdf", "b.pdf"]),
        ("found", ["b.pdf"]),
        ("missing", ["a.pdf"]),
        ("adds", ["a.pdf"]),
    ],
)
async def test_a_kind_of_clause_is_a_filter(only: Only, names: list[str]) -> None:
    """Those that have the kind, lack it, or have risk by it are shown alone, with its column."""
    grid = await portfolio(items(), Wanted(kind="Cap On Liability", only=only))

    assert [contract.name for contract in grid.contracts] == names
    assert [column.category for column in grid.columns] == ["Cap On Liability"]
    assert grid.categories == ["Cap On Liability", "Insurance"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(sort="name"), ["a.pdf", "b.pdf"]),
        (Wanted(sort="name", reverse=True), ["b.pdf", "a.pdf"]),
        (Wanted(sort="Insurance"), ["b.pdf", "a.pdf"]),
        (Wanted(tier="low"), ["b.pdf"]),
    ],
)
async def test_any_heading_sorts(wanted: Wanted, names: list[str]) -> None:
    """By name, or by what a kind of clause adds, forwards and back; a tier is a filter."""
    grid = await portfolio(items(), wanted)

    assert [contract.name for contract in grid.contracts] == names


async def test_a_grid_reads_so_many_documents_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a job with more documents the first are read, and the grid knows how many."""
    monkeypatch.setattr(module, "MOST", 1)
    grid = await portfolio(items(), Wanted())

    assert (grid.read, grid.reviewed) == (1, 1)
