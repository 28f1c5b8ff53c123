"""Contract records: filed once a run from the document itself, in the same database, sealed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from interlock.runtime.door.outcome import Done, Failed, Unknown
from interlock.runtime.run.run import Run
from interlock.tools.contracts.clauses import ClauseModel
from interlock.tools.contracts.records import Contract, Filed, Record
from interlock.tools.contracts.risk import load, score

Filer: TypeAlias = Callable[..., Record]


@pytest.fixture
def filed(contract: Any) -> Filer:
    """What is filed of the office's contract, worked out apart from the tool."""
    found = [each.category for each in ClauseModel.load().find(contract.text)]
    risk = score(load(), found)
    said = Contract(
        document=contract.digest,
        name=contract.name,
        tier=risk.tier,
        score=risk.score,
        findings=len(found),
    )

    def made(run: Run, status: str = "reviewed") -> Record:
        return Record(run_id=run.id, tenant=run.tenant, status=status, contract=said)

    return made


async def test_a_record_is_filed_once(office: Any, filed: Filer) -> None:
    """Filing the same review twice, as one call or as two, leaves one record, and it says what the
    document does.
    """
    run = await office.run()
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
async def test_only_what_the_run_read_is_filed(office: Any, document: str) -> None:
    """A document that this run did not read is not filed, whoever else read it."""
    await office.run()
    stranger = await office.run(read=None)
    outcome = await office.propose(stranger, "records.file", document=document)

    assert isinstance(outcome, Failed)
    assert outcome.code == "not_read"
    assert await office.records.list() == []


async def test_a_record_is_sealed(office: Any, tmp_path: Path) -> None:
    """What a record says of a contract is not readable in the database's files."""
    await office.propose(await office.run(), "records.file", document="sha256:ab")
    files = list(tmp_path.glob("world/interlock.db*"))

    assert files
    assert [path for path in files if b"canary-contract" in path.read_bytes()] == []


async def test_only_a_filed_contract_is_approved(office: Any, filed: Filer) -> None:
    """Approving what is not filed fails and files nothing; approving what is changes its status and
    nothing else.
    """
    run = await office.run()
    before = await office.propose(run, "records.approve", "1", document="sha256:ab", note="checked")
    nothing = await office.records.list()
    await office.propose(run, "records.file", "2", document="sha256:ab")
    after = await office.propose(run, "records.approve", "3", document="sha256:ab", note="checked")

    assert isinstance(before, Failed)
    assert before.code == "not_filed"
    assert nothing == []
    assert isinstance(after, Done)
    assert await office.records.list() == [filed(run, "approved")]


async def test_each_run_files_its_own_record(office: Any) -> None:
    """Two runs of one contract file two records, each under its run's tenant; approving one changes
    the other in nothing.
    """
    runs = [await office.run(tenant=tenant) for tenant in ("acme", "other")]
    for run in runs:
        await office.propose(run, "records.file", document="sha256:ab")
    await office.propose(runs[1], "records.approve", "2", document="sha256:ab", note="checked")
    seen = {each.run_id: (each.tenant, each.status) for each in await office.records.list()}

    assert seen == {runs[0].id: ("acme", "reviewed"), runs[1].id: ("other", "approved")}


async def test_a_record_goes_with_its_run_alone(office: Any, filed: Filer) -> None:
    """Erasing a run takes away its own record, and the other run's record of the same contract
    stays readable.
    """
    kept, gone = await office.run(), await office.run()
    for run in (kept, gone):
        await office.propose(run, "records.file", document="sha256:ab")
        await office.world.runs.end(run, "done", {})
    await office.world.runs.erase(gone.id, by="ada")

    assert await office.records.list() == [filed(kept)]


async def test_an_approved_record_is_not_filed_over(office: Any) -> None:
    """Filing again what was approved meanwhile leaves it approved."""
    run = await office.run()
    await office.propose(run, "records.file", "1", document="sha256:ab")
    await office.propose(run, "records.approve", "2", document="sha256:ab", note="checked")
    again = await office.propose(run, "records.file", "3", document="sha256:ab")

    assert isinstance(again, Done)
    assert again.value == Filed(document="sha256:ab", status="approved")


@pytest.mark.parametrize(("kind", "raised"), [("tokens", 5), ("patience", 0)])
async def test_a_limit_is_raised_as_asked(office: Any, kind: str, raised: int) -> None:
    """A permitted raise adds to one limit of the run and is in the ledger; a kind that does not
    exist changes nothing.
    """
    run = await office.run()
    before = (await office.world.budget(run)).limits
    outcome = await office.propose(run, "budget.raise", kind=kind, amount=5)
    after = (await office.world.budget(run)).limits
    moved = [each for each in await office.world.entries() if each["event"] == "budget"]

    assert isinstance(outcome, Done if raised else Unknown)
    assert after.tokens - before.tokens == raised
    assert [(each["kind"], each["amount"]) for each in moved] == (
        [(kind, raised)] if raised else []
    )
