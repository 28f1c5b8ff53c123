"""The review of one contract: worked out once a run, and kept on the run's shelf.

An agent names a document and nothing else: whose side the review takes stands in the run's request.
So the agent can neither invent or leave out a clause nor change the risk.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, get_args

from pydantic import Field

from interlock.runtime.canonical import Json
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import level
from interlock.runtime.run.runs import Runs
from interlock.runtime.run.shelf import Shelf
from interlock.tools.contracts.clauses import Answer
from interlock.tools.contracts.extraction import (
    Clause,
    Extraction,
    extracted,
    extractor,
    grounded,
)
from interlock.tools.contracts.finder import Finder
from interlock.tools.contracts.opinions import (
    Consulted,
    Opinion,
    Weighed,
    weighed,
)
from interlock.tools.contracts.parties import ROLES, Party, Role, named, parties
from interlock.tools.contracts.recognition import WHY, doubt
from interlock.tools.contracts.risk import Playbook, Playbooks, Risk, score
from interlock.tools.contracts.side import FACTS, Bound, bound
from interlock.tools.documents import Document, ErrorCode
from interlock.tools.documents.inventory import Inventory
from interlock.tools.library import Library

KIND: Final = "review"
#: What a model said of the doubts of a review, kept beside it
WEIGHED: Final = "weighed"
#: How a review fails
CODES: Final = (
    "not_read",
    "playbook_unknown",
    *(f"document_{code}" for code in WHY),
    *(f"clauses_{code}" for code in get_args(ErrorCode)),
)
PARTIES: Final = "Parties"
TITLE: Final = "Document Name"


class Side(Value):
    """Whose side the review takes."""

    #: What the request names our party by; nothing when it names none
    asked: str
    #: Our party; None while the sides are unclear
    ours: Party | None
    #: Every other party; all parties while the sides are unclear
    others: list[Party]
    #: Our end of the deal; None while it cannot be read
    role: Role | None = None


UNCLEAR: Final = Side(
    asked="",
    ours=None,
    others=[],
)


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
    #: Places to look at, and no clauses: at most one of a category in which nothing was found
    possible: list[Clause] = Field(default_factory=list)
    #: How many clauses were left out because they do not stand in the document
    dropped: int
    #: By category: how many clauses more there are than are shown
    more: dict[str, int] = Field(default_factory=dict)
    #: Categories that were not looked for
    unsupported: list[str] = Field(default_factory=list)
    #: Characters at the end that were not read
    unread: int = 0
    side: Side = UNCLEAR
    risk: Risk
    inventory: Inventory = Inventory()
    #: How the doubts were put to a model; None where nobody was asked
    consulted: Consulted | None = None


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
        playbooks: Playbooks,
    ) -> None:
        self._shelf = Shelf(
            store=store,
            vault=vault,
            kind=KIND,
        )
        self._weighed = Shelf(
            store=store,
            vault=vault,
            kind=WEIGHED,
        )
        self._store = store
        self._vault = vault
        self._library = library
        self._finder = finder
        self._playbooks = playbooks
        self._runs = Runs(store=store, vault=vault)

    def over(self, store: Store, *, library: Library) -> "Reviews":
        """Return the same reviews as *store* and *library* hold them: those of one tenant."""
        return Reviews(
            store=store,
            vault=self._vault,
            library=library,
            finder=self._finder,
            playbooks=self._playbooks,
        )

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

    async def weigh(
        self,
        document: str,
        *,
        opinions: Sequence[Opinion],
        left: int,
        permit: Permit,
    ) -> Review:
        """Keep what a model said of the review's doubts, and return the review with it.

        What was weighed first stands. Raises as `of` and `opinions.weighed` do.
        """
        review = await self.of(document, run_id=permit.run_id)
        if review.consulted is not None:
            return review
        reading = await self._library.reading(document, run_id=permit.run_id)
        made = await asyncio.to_thread(
            weighed,
            reading.document,
            findings=review.findings,
            possible=review.possible,
            opinions=opinions,
            left=left,
        )
        self._weighed.keep(
            permit,
            key=document,
            status="weighed",
            body=made.model_dump(mode="json"),
        )
        return _with(review, made)

    async def tokens_left(self, run_id: str) -> int:
        """Return how many tokens the run's budget has left."""
        run = await self._runs.read(run_id)
        facts = (
            await self._store.read(
                lambda connection: level.read(connection, run.budget_id)
            )
        ).facts
        return facts.limits.tokens - facts.spent.tokens - facts.reserved.tokens

    async def anew(self, document: str, *, run_id: str) -> Review:
        """Work the review out from the text that the run read, and keep nothing.

        Raises `ToolFailed` when the run did not read the document, when the document is no English
        contract, and when the request names a playbook that is not there.
        """
        reading = await self._library.reading(document, run_id=run_id)
        await asyncio.to_thread(_refuse_no_contract, reading.document)
        request = (await self._runs.read(run_id)).request
        extraction = await extracted(self._finder, reading.document)
        side = await asyncio.to_thread(_side, reading.document, extraction, request)
        clauses = [_sided(clause, side) for clause in extraction.clauses]
        standing = grounded(reading.document, clauses)
        playbook = self._playbook(request, side, standing)
        return Review(
            document=document,
            name=reading.document.name,
            run_id=run_id,
            revision=reading.revision,
            at=reading.at,
            extractor=extractor(self._finder),
            findings=_answering("found", standing),
            possible=_answering("possible", standing),
            dropped=len(clauses) - len(standing),
            more=extraction.more,
            unsupported=extraction.unsupported,
            unread=extraction.unread,
            side=side,
            risk=_risk(playbook, standing, extraction),
            inventory=reading.document.inventory,
        )

    def _playbook(
        self, request: Mapping[str, Json], side: Side, clauses: Sequence[Clause]
    ) -> Playbook:
        name = str(request.get("playbook") or "")
        if not name:
            return self._playbooks.fitting(role=side.role, contract=_title(clauses))
        try:
            return self._playbooks.named(name)
        except BadInput as error:
            raise ToolFailed(code="playbook_unknown", detail=str(error)) from error

    async def _kept(self, document: str, *, run_id: str) -> Review | None:
        kept = await self._shelf.read(run_id, key=document)
        if kept is None:
            return None
        review = Review.model_validate(kept.body, strict=False)
        beside = await self._weighed.read(run_id, key=document)
        if beside is None:
            return review
        return _with(review, Weighed.model_validate(beside.body, strict=False))


def _with(review: Review, made: Weighed) -> Review:
    """Return the review with the sources of its clauses; the risk stays as it is."""
    told = {
        "findings": made.findings,
        "possible": made.possible,
        "consulted": made.consulted,
    }
    return review.model_copy(update=told)


def _refuse_no_contract(document: Document) -> None:
    """Refuse a text that no playbook may judge (fails closed)."""
    code = doubt(document.text)
    if code is not None:
        raise ToolFailed(
            code=f"document_{code}",
            detail=f"{document.name}: no risk is stated, because {WHY[code]}",
        )


def _side(
    document: Document, extraction: Extraction, request: Mapping[str, Json]
) -> Side:
    asked = str(request.get("party") or "")
    spans = [
        (clause.start, clause.end)
        for clause in extraction.clauses
        if clause.category == PARTIES and clause.answer == "found"
    ]
    those = parties(document.text, spans)
    ours = named(those, asked) if asked else None
    others = [party for party in those if party != ours]
    return Side(
        asked=asked,
        ours=ours,
        others=others,
        role=_role(asked, ours, others) if ours else None,
    )


def _sided(clause: Clause, side: Side) -> Clause:
    held: Bound = "unclear"
    if clause.category in FACTS:
        held = "nobody"
    elif side.ours is not None:
        held = bound(
            clause.text,
            ours=side.ours,
            others=side.others,
        )
    return clause.model_copy(update={"bound": held})


def _role(asked: str, ours: Party, others: Sequence[Party]) -> Role | None:
    """Return our end of the deal: what the request calls us, or what the contract does."""
    role = ROLES.get(asked.lower()) or ours.role
    if role is not None:
        return role
    roles = {party.role for party in others}
    if roles == {"customer"}:
        return "supplier"
    return "customer" if roles == {"supplier"} else None


def _answering(answer: Answer, clauses: Sequence[Clause]) -> list[Clause]:
    return [clause for clause in clauses if clause.answer == answer]


def _risk(
    playbook: Playbook, clauses: Sequence[Clause], extraction: Extraction
) -> Risk:
    return score(
        playbook,
        clauses,
        unsupported=extraction.unsupported,
        unread=extraction.unread,
    )


def _title(clauses: Sequence[Clause]) -> str:
    return " ".join(clause.text for clause in clauses if clause.category == TITLE)


def review_tools(reviews: Reviews) -> tuple[AnyTool, ...]:
    """Return `contracts.review`, a pure function of a document that the run has read."""

    @tool(
        "contracts.review",
        action="pure",
        resource=_document,
        codes=CODES,
    )
    async def review(permit: Permit, arguments: Contract) -> Review:
        """Find the clauses of a document that this run has read, and score its risk."""
        return await reviews.make(arguments.document, permit=permit)

    return (review,)


def _document(arguments: Contract) -> Resource:
    return Resource(type="document", id=arguments.document)
