"""A contract's review as its page shows it: the findings, the text, and what each rests on."""

from typing import Any

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home
from interlock.serving.operations import reading
from interlock.serving.reader.filters import ONLY, Wanted
from interlock.tools.contracts.report.chapters import chapters, marks
from interlock.tools.contracts.report.leaves import is_cut, leaves
from interlock.tools.contracts.report.roll import roll
from interlock.tools.contracts.review import PARTIES, Review
from interlock.tools.contracts.risk import Playbook
from interlock.tools.documents import Document


async def reviewed(
    home: Home, run_id: str, *, person: Principal
) -> tuple[Review, Document]:
    """Return the review of the run and the document that it is of.

    Raises `NotFound` for a run without one, and what `reading.readings` raises.
    """
    for read in await reading.readings(home, run_id, person=person):
        try:
            review = await home.reviews.of(read.document.digest, run_id=run_id)
        except ToolFailed:
            continue
        return review, read.document
    raise NotFound(
        kind="review of run",
        name=run_id,
        next_step="Look at what became of the run.",
    )


def shown(
    review: Review, document: Document, playbook: Playbook | None, wanted: Wanted
) -> dict[str, Any]:
    """Return what the page shows: of the clauses the wanted ones, of the text everything."""
    marked = marks(review)
    whole = chapters(review, playbook)
    kept = wanted.chapters(whole)
    numbers = {
        mark.number
        for chapter in kept
        for entry in chapter.entries
        for mark in entry.marks
    }
    everything = wanted == Wanted()
    on_text = [
        mark
        for mark in marked
        if mark.number in numbers
        or (
            everything
            and (mark.clause.answer != "found" or mark.clause.category == PARTIES)
        )
    ]
    return {
        "review": review,
        "document": document,
        "sided": review.side.ours is not None,
        "listed": roll(review.side, marked) if everything else [],
        "chapters": kept,
        "leaves": leaves(document, on_text),
        "is_cut": is_cut(document),
        "linked": {mark.number for mark in on_text},
        "categories": [
            entry.category for chapter in whole for entry in chapter.entries
        ],
        "wanted": wanted,
        "only": ONLY,
        "highest": max((part.full for part in review.risk.contributions), default=1),
    }


def playbook_of(home: Home, review: Review) -> Playbook | None:
    """Return the playbook that the review was scored by, or None where it is another by now."""
    playbooks = home.playbooks
    for playbook in (*playbooks.own.values(), *playbooks.shipped.values()):
        if playbook.digest == review.risk.playbook_digest:
            return playbook
    return None
