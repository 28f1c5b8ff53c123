"""The review of one contract: worked out once a run, and kept on the run's shelf.

An agent names a document and nothing else. So it can neither invent or leave out a clause nor
change the risk.
"""

from typing import Final

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.shelf import Shelf
from interlock.tools.contracts.extraction import Clause, extracted, extractor, grounded
from interlock.tools.contracts.finder import Finder
from interlock.tools.contracts.risk import Playbook, Risk, score
from interlock.tools.library import Library

KIND: Final = "review"


class Review(Value):
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
    #: In the order of the text; each stands in the document word for word
    findings: list[Clause]
    #: How many clauses were left out because they do not stand in the document
    dropped: int
    risk: Risk


class Contract(Value):
    """Review one document that the run has read."""

    document: str


class Reviews:
    """The reviews of this home, one a run and document, sealed in the database; safe to share."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        library: Library,
        finder: Finder,
        playbook: Playbook,
    ) -> None:
        self._shelf = Shelf(
            store=store,
            vault=vault,
            kind=KIND,
        )
        self._library = library
        self._finder = finder
        self._playbook = playbook

    async def make(self, document: str, *, permit: Permit) -> Review:
        """Review a document for the permit's run, and keep the review with the step's checkpoint.

        A review that the run keeps already stands: then nothing is extracted again. Raises
        `ToolFailed` when the run did not read the document.
        """
        review = await self._kept(document, run_id=permit.run_id)
        if review is not None:
            return review
        made = await self.anew(document, run_id=permit.run_id)
        body = made.model_dump(mode="json")
        self._shelf.keep(
            permit,
            key=document,
            status="made",
            body=body,
        )
        return made

    async def of(self, document: str, *, run_id: str) -> Review:
        """Return the review that the run keeps of a document; `ToolFailed` when it keeps none."""
        review = await self._kept(document, run_id=run_id)
        if review is None:
            raise ToolFailed(
                code="not_reviewed",
                detail=f"this run has not reviewed document {document!r}; review it first",
            )
        return review

    async def anew(self, document: str, *, run_id: str) -> Review:
        """Work the review out from the text that the run read, and keep nothing.

        Raises `ToolFailed` when the run did not read the document.
        """
        reading = await self._library.reading(document, run_id=run_id)
        extraction = await extracted(self._finder, reading.document)
        clauses = [clause for clause in extraction.clauses if clause.answer == "found"]
        findings = grounded(reading.document, clauses)
        return Review(
            document=document,
            name=reading.document.name,
            run_id=run_id,
            revision=reading.revision,
            at=reading.at,
            extractor=extractor(self._finder),
            findings=findings,
            dropped=len(clauses) - len(findings),
            risk=score(self._playbook, (clause.category for clause in findings)),
        )

    async def _kept(self, document: str, *, run_id: str) -> Review | None:
        kept = await self._shelf.read(run_id, key=document)
        return None if kept is None else Review.model_validate(kept.body)


def review_tools(reviews: Reviews) -> tuple[AnyTool, ...]:
    """Return `contracts.review`, a pure function of a document that the run has read."""

    @tool("contracts.review", action="pure", resource=_document)
    async def review(permit: Permit, arguments: Contract) -> Review:
        """Find the clauses of a document that this run has read, and score its risk."""
        return await reviews.make(arguments.document, permit=permit)

    return (review,)


def _document(arguments: Contract) -> Resource:
    return Resource(type="document", id=arguments.document)
