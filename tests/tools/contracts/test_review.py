"""The review of a document: what stands in it, and what the playbook makes of that."""

from typing import Any

from interlock.tools.contracts.clauses import ClauseModel
from interlock.tools.contracts.clauses.findings import Finding
from interlock.tools.contracts.review import Reviews
from interlock.tools.contracts.risk import load, score


class Dreaming(ClauseModel):
    """A clause finder that quotes what no contract says, beside what this one does."""

    def find(self, text: str) -> tuple[Finding, ...]:
        invented = Finding(
            category="Uncapped Liability", start=0, end=4, text="Pay!", confidence=0.99
        )
        return (invented, *ClauseModel.find(self, text))


async def test_a_review_is_of_its_run(office: Any, contract: Any) -> None:
    """A review says which document, run, time and policy it is of, and what found its clauses."""
    run = await office.run()
    began = int(office.clock.now)
    office.clock.advance(60)
    review = await office.reviews.of("sha256:ab", run_id=run.id)

    assert (review.document, review.name, review.run_id) == ("sha256:ab", contract.name, run.id)
    assert (review.revision, review.at) == (run.revision, began)
    assert review.extractor == f"clauses/{ClauseModel.load().version}"


async def test_the_risk_is_that_of_the_findings(office: Any, contract: Any) -> None:
    """Every clause of a review stands in the document, and its risk is the playbook's for exactly
    these clauses.
    """
    run = await office.run()
    review = await office.reviews.of("sha256:ab", run_id=run.id)

    assert "Governing Law" in {each.category for each in review.findings}
    assert all(contract.text[each.start : each.end] == each.text for each in review.findings)
    assert review.risk == score(load(), [each.category for each in review.findings])


async def test_a_clause_that_does_not_stand_there_is_left_out(office: Any) -> None:
    """What a clause finder makes up is neither shown nor counted."""
    run, shipped = await office.run(), ClauseModel.load()
    dreaming = Dreaming(version=shipped.version, scorers=shipped.scorers)
    review = await Reviews(library=office.library, model=dreaming, playbook=load()).of(
        "sha256:ab", run_id=run.id
    )

    assert review == await office.reviews.of("sha256:ab", run_id=run.id)
