"""Contract records: filed once a run from the review that the run keeps, sealed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.run.run import Run
from interlock.tools.contracts.extraction import extracted
from interlock.tools.contracts.records import Contract, Filed, Record
from interlock.tools.contracts.risk import load, score

Filer: TypeAlias = Callable[..., Record]


@pytest.fixture
async def filed(office: Any, contract: Any) -> Filer:
    """What is filed of the office's contract, worked out apart from the tool."""
    extraction = await extracted(office.finder, contract)
    risk = score(
        load(),
        extraction.clauses,
        unsupported=extraction.unsupported,
        unread=extraction.unread,
    )
    said = Contract(
        document=contract.digest,
        name=contract.name,
        tier=risk.tier,
        score=risk.score,
        findings=sum(each.answer == "found" for each in extraction.clauses),
        party="",
        playbook=load().title,
    )

    def made(run: Run) -> Record:
        return Record(
            run_id=run.id,
            tenant=run.tenant,
            status="reviewed",
            at=int(office.clock.now),
            contract=said,
        )

    return made


async def test_a_record_is_filed_once(office: Any, filed: Filer) -> None:
    """Filing the same review twice, as one call or as two, leaves one record, and it says what the
    document does.
    """
    run = await office.reviewed()
    for call in ("1", "1", "2"):
        outcome = await office.propose(run, "records.file", call, document="sha256:ab")
        assert isinstance(outcome, Done)
        assert outcome.value == Filed(document="sha256:ab", status="reviewed")

    assert await office.records.list() == [filed(run)]


@pytest.mark.parametrize(
    "document",
    ["sha256:ab", "sha256:" + "0" * 64, ""],
    ids=["of another run", "of nobody", "empty"],
)
async def test_only_what_the_run_reviewed_is_filed(office: Any, document: str) -> None:
    """A document that this run did not review is not filed, whoever else reviewed it."""
    await office.reviewed()
    stranger = await office.run(read=None)
    outcome = await office.propose(stranger, "records.file", document=document)

    assert isinstance(outcome, Failed)
    assert outcome.code == "not_reviewed"
    assert await office.records.list() == []


async def test_a_record_is_sealed(office: Any, tmp_path: Path) -> None:
    """What a record says of a contract is not readable in the database's files."""
    await office.propose(await office.reviewed(), "records.file", document="sha256:ab")
    files = list(tmp_path.glob("world/interlock.db*"))

    assert files
    assert [path for path in files if b"canary-contract" in path.read_bytes()] == []


async def test_each_run_files_its_own_record(office: Any) -> None:
    """Two runs of one contract file two records, each under its run's tenant."""
    runs = [await office.reviewed(tenant=tenant) for tenant in ("acme", "other")]
    for run in runs:
        await office.propose(run, "records.file", document="sha256:ab")
    tenants = {record.run_id: record.tenant for record in await office.records.list()}

    assert tenants == {runs[0].id: "acme", runs[1].id: "other"}


async def test_the_record_of_a_run_is_shown(office: Any, filed: Filer) -> None:
    """A run's record is found by the run, and a run that filed nothing is named."""
    run = await office.reviewed()
    other = await office.reviewed()
    await office.propose(run, "records.file", document="sha256:ab")

    assert await office.records.show(run.id) == [filed(run)]
    with pytest.raises(NotFound):
        await office.records.show(other.id)


async def test_a_record_goes_with_its_run_alone(office: Any, filed: Filer) -> None:
    """Erasing a run takes away its own record, and the other run's record of the same contract
    stays readable.
    """
    kept = await office.reviewed()
    gone = await office.reviewed()
    for run in (kept, gone):
        await office.propose(run, "records.file", document="sha256:ab")
        await office.world.runs.end(run, "done", {})
    await office.world.runs.erase(gone.id, by="ada")

    assert await office.records.list() == [filed(kept)]


async def test_the_list_is_whole(office: Any) -> None:
    """More records than one answer of a shelf holds are all listed."""
    run = await office.reviewed()
    review = await office.reviews.of("sha256:ab", run_id=run.id)
    permit = Permit(
        MINT,
        tool="records.file",
        digest="0" * 64,
        action_id="1" * 64,
        run_id=run.id,
        claim=run.claim,
        tenant=run.tenant,
    )
    documents = {f"sha256:{number:04}" for number in range(1_001)}
    reviews = [
        review.model_copy(update={"document": document}) for document in documents
    ]
    await asyncio.gather(*(office.records.file(permit, review) for review in reviews))
    records = await office.records.list()

    assert {record.contract.document for record in records} == documents
