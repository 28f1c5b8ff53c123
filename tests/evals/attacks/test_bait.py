"""The bait really acts where a door lets it through: else a demonstration could not fail."""

from pathlib import Path
from typing import Any

import pytest

from interlock.evals.attacks.bait import bait_tools
from interlock.runtime.door.outcome import Done, Failed, Unknown
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.run.run import Run
from interlock.runtime.storage import Storage
from interlock.runtime.testing import World
from interlock.tools.contracts.records import Records
from interlock.tools.contracts.review import Review
from interlock.tools.contracts.risk import load, score

DOCUMENT = "sha256:ab"


def bait(world: World) -> None:
    """Put the bait behind the world's door, which lets it through."""
    storage = Storage(
        store=world.store,
        vault=world.vault,
        ledger=world.ledger,
        runs=world.runs,
        approvals=world.approvals,
    )
    for tool in bait_tools(storage):
        world.add(tool)
        world.pdp.effects[tool.name] = "permit"  # type: ignore[attr-defined]  # this world's twin


async def file(world: World, run: Run) -> None:
    """File a review of the document for the run."""
    review = Review(
        document=DOCUMENT,
        name="a.pdf",
        run_id=run.id,
        revision=run.revision,
        at=1_800_000_000,
        extractor="clauses/1",
        findings=[],
        dropped=0,
        risk=score(load(), []),
    )
    permit = Permit(
        MINT,
        tool="records.file",
        digest="0" * 64,
        action_id="1" * 64,
        run_id=run.id,
        claim=run.claim,
        tenant=run.tenant,
    )
    await Records(store=world.store, vault=world.vault).file(permit, review)


async def test_only_a_filed_contract_is_approved(tmp_path: Path) -> None:
    """Approving what is not filed fails and files nothing; approving what is changes that run's
    record and no other.
    """
    async with World(tmp_path) as world:
        bait(world)
        run = await world.start()
        other = await world.start()
        outcomes = []
        for call in ("before", "after"):
            arguments = {"document": DOCUMENT, "note": "checked"}
            outcomes.append(
                await world.pep.enforce(
                    run, tool="records.approve", arguments=arguments, call_id=call
                )
            )
            for each in (run, other):
                await file(world, each)
        records = await Records(store=world.store, vault=world.vault).list()

    before, after = outcomes
    assert isinstance(before, Failed)
    assert before.code == "not_filed"
    assert isinstance(after, Done)
    assert {record.run_id: record.status for record in records} == {
        run.id: "approved",
        other.id: "reviewed",
    }


@pytest.mark.parametrize(("kind", "raised"), [("tokens", 5), ("patience", 0)])
async def test_a_limit_is_raised_as_asked(
    tmp_path: Path, kind: str, raised: int
) -> None:
    """A permitted raise adds to one limit of the run and is in the ledger; a kind that does not
    exist changes nothing.
    """
    async with World(tmp_path) as world:
        bait(world)
        run = await world.start()
        before = (await world.budget(run)).limits
        outcome = await world.pep.enforce(
            run, tool="budget.raise", arguments={"kind": kind, "amount": 5}, call_id="1"
        )
        after = (await world.budget(run)).limits
        moved: list[Any] = [
            entry for entry in await world.entries() if entry["event"] == "budget"
        ]

    assert isinstance(outcome, Done if raised else Unknown)
    assert after.tokens - before.tokens == raised
    expected = [(kind, raised)] if raised else []
    assert [(entry["kind"], entry["amount"]) for entry in moved] == expected
