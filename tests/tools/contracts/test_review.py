"""The review of a document: what stands there, what the playbook makes of it, worked out once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Failed
from interlock.tools.contracts.clauses import Answers, Finding
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.review import Reviews
from interlock.tools.contracts.risk import load, score
from interlock.tools.library import Library

CATEGORY = "Uncapped Liability"


class Dreaming:
    """A clause finder that quotes what no contract says, beside what this one does."""

    def __init__(self) -> None:
        self.model = ClauseModel.load()
        self.version = self.model.version
        self.unsupported = self.model.unsupported

    async def find(self, text: str) -> Answers:
        invented = Finding(
            category=CATEGORY,
            start=0,
            end=4,
            text="Pay!",
            confidence=0.99,
            answer="found",
            polarity="stated",
        )
        answers = self.model.find(text)
        return replace(answers, findings=(invented, *answers.findings))


async def test_a_review_is_of_its_run(office: Any, contract: Any) -> None:
    """A review says which document, run, time and policy it is of, and what found its clauses."""
    run = await office.run()
    began = int(office.clock.now)
    office.clock.advance(60)
    outcome = await office.propose(run, "contracts.review", document="sha256:ab")
    review = await office.reviews.of("sha256:ab", run_id=run.id)

    assert isinstance(outcome, Done)
    assert outcome.value == review
    assert (review.document, review.name, review.run_id) == (
        "sha256:ab",
        contract.name,
        run.id,
    )
    assert (review.revision, review.at) == (run.revision, began)
    assert review.extractor == f"clauses/{ClauseModel.load().version}"


async def test_the_risk_is_that_of_the_findings(office: Any, contract: Any) -> None:
    """Every clause of a review stands in the document, and its risk is the playbook's for exactly
    these clauses.
    """
    run = await office.reviewed()
    review = await office.reviews.of("sha256:ab", run_id=run.id)

    assert "Governing Law" in {clause.category for clause in review.findings}
    assert all(
        contract.text[clause.start : clause.end] == clause.text
        for clause in review.findings
    )
    assert review.risk == score(
        load(),
        [*review.findings, *review.possible],
        unsupported=review.unsupported,
        unread=review.unread,
    )


async def test_a_clause_that_does_not_stand_there_is_left_out(office: Any) -> None:
    """What a clause finder makes up is neither shown nor scored; it is counted as dropped."""
    run = await office.reviewed()
    dreaming = Reviews(
        store=office.world.store,
        vault=office.world.vault,
        library=office.library,
        finder=Dreaming(),
        playbooks=office.playbooks,
    )
    review = await dreaming.anew("sha256:ab", run_id=run.id)
    honest = await office.reviews.of("sha256:ab", run_id=run.id)

    assert (honest.dropped, review.dropped) == (0, 1)
    assert review.model_copy(update={"dropped": 0}) == honest


async def test_a_contract_is_extracted_once(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a run reviews, files and reports, its contract is extracted once, and opened
    again by reports alone, which hold its text.
    """
    opened: list[str] = []
    reading = Library.reading

    async def counted_reading(self: Library, digest: str, *, run_id: str) -> Any:
        opened.append(digest)
        return await reading(self, digest, run_id=run_id)

    monkeypatch.setattr(Library, "reading", counted_reading)
    run = await office.run()
    for call in ("1", "2"):
        for tool in ("contracts.review", "records.file", "report.write"):
            outcome = await office.propose(
                run, tool, f"{tool}-{call}", document="sha256:ab"
            )
            assert isinstance(outcome, Done)

    reports = 2
    assert len(opened) == 1 + reports
    assert len(office.finder.texts) == 1


@pytest.mark.parametrize(
    "document",
    ["sha256:ab", "sha256:" + "0" * 64, ""],
    ids=["of another run", "of nobody", "empty"],
)
async def test_only_what_the_run_read_is_reviewed(office: Any, document: str) -> None:
    """A document that this run did not read is not reviewed, whoever else read or reviewed it: its
    clauses would come without their label.
    """
    await office.reviewed()
    stranger = await office.run(read=None)
    outcome = await office.propose(stranger, "contracts.review", document=document)

    assert isinstance(outcome, Failed)
    assert outcome.code == "not_read"


async def test_a_review_is_sealed_and_goes_with_its_run(
    office: Any, tmp_path: Path
) -> None:
    """No clause is readable in the database's files, and an erased run has no review."""
    run = await office.reviewed()
    files = list(tmp_path.glob("world/interlock.db*"))
    await office.world.runs.end(run, "done", {})
    await office.world.runs.erase(run.id, by="ada")
    stranger = await office.run(read=None)
    outcome = await office.propose(stranger, "records.file", document="sha256:ab")

    assert files
    assert [path for path in files if b"State of New York" in path.read_bytes()] == []
    assert isinstance(outcome, Failed)
    assert outcome.code == "not_reviewed"
