"""The review of one document: all that a report or a record may say of it, and none of it said by the agent."""

from dataclasses import dataclass

from interlock.tools.contracts.clauses import ClauseModel
from interlock.tools.contracts.extraction import Clause, extracted, extractor, grounded
from interlock.tools.contracts.risk import Playbook, Risk, score
from interlock.tools.library import Library


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What one run found in one document that it read, and what the playbook makes of that."""

    document: str
    name: str
    run_id: str
    #: The policy revision of the run
    revision: str
    #: When the run read the document, in Unix seconds
    at: int
    #: What found the clauses
    extractor: str
    findings: list[Clause]
    risk: Risk


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviews:
    """Works out reviews from the text of the document; immutable, so one instance serves every run.

    An agent names a document and nothing else. So it can neither invent or leave out a clause nor
    change the risk.
    """

    library: Library
    model: ClauseModel
    playbook: Playbook

    async def of(self, document: str, *, run_id: str) -> Review:
        """Return the run's review of the document, the same each time; raises `ToolFailed` when it did not read it."""
        reading = await self.library.reading(document, run_id=run_id)
        findings = grounded(reading.document, await extracted(self.model, reading.document))
        return Review(
            document=document,
            name=reading.document.name,
            run_id=run_id,
            revision=reading.revision,
            at=reading.at,
            extractor=extractor(self.model),
            findings=findings,
            risk=score(self.playbook, (each.category for each in findings)),
        )
