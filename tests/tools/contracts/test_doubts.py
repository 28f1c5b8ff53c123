"""The doubts of a review: which they are, how many may be asked, and where the answers are kept."""

from typing import Any, Final

from interlock.runtime.door.outcome import Done, Failed
from interlock.tools.contracts.doubts import affordable, doubt_tools, doubtful
from interlock.tools.contracts.extraction import CERTAIN, Clause
from interlock.tools.contracts.review import Review
from interlock.tools.documents import Document

MAYBE: Final = Document(
    digest="sha256:cd",
    name="maybe.txt",
    kind="pdf",
    pages=(0,),
    text=(
        "This Agreement is made as of May 3, 2018 between the Supplier and the Customer. The "
        "parties agree as follows. Neither party is liable for what it could not foresee, and "
        "what is owed stays within what the schedule says. Prices follow the published list."
    ),
)


async def reviewed(office: Any) -> tuple[Any, Review]:
    """Return a run that has reviewed a contract with doubts, behind a door with the tools."""
    for one in doubt_tools(office.reviews, library=office.library):
        office.world.add(one)
        office.world.pdp.effects[one.name] = "permit"
    run = await office.run(read=MAYBE)
    outcome = await office.propose(run, "contracts.review", document=MAYBE.digest)
    assert isinstance(outcome, Done)
    assert isinstance(outcome.value, Review)
    return run, outcome.value


async def test_the_doubts_are_what_lies_below_the_thresholds(office: Any) -> None:
    """Each possible clause and each with less than even chances is a doubt, over the whole text."""
    run, review = await reviewed(office)
    outcome = await office.propose(
        run, "contracts.doubts", document=MAYBE.digest, most=1
    )
    unsure = [one for one in review.findings if one.confidence < CERTAIN // 2]

    assert review.possible
    assert len(doubtful(review)) == len(review.possible) + len(unsure)
    assert outcome.value.text == MAYBE.text
    assert len(outcome.value.doubts) == 1
    assert outcome.value.left == len(doubtful(review)) - 1
    assert outcome.value.doubts[0].category in outcome.value.doubts[0].question


async def test_the_answers_stand_in_the_review_of_the_run(office: Any) -> None:
    """What is weighed first stays; risk and clauses are as they were, but for their source."""
    run, review = await reviewed(office)
    doubt = doubtful(review)[0]
    answer = {
        "category": doubt.category,
        "start": doubt.start,
        "end": doubt.end,
        "says": "no",
        "model": "local",
    }
    first = await office.propose(
        run, "contracts.weigh", "1", document=MAYBE.digest, opinions=[answer]
    )
    again = await office.propose(
        run, "contracts.weigh", "2", document=MAYBE.digest, opinions=[]
    )
    kept = await office.reviews.of(MAYBE.digest, run_id=run.id)
    sources = {one.source for one in (*kept.possible, *kept.findings)}

    assert isinstance(first, Done)
    assert first.value == again.value == kept
    assert kept.risk == review.risk
    assert kept.consulted.differed == 1
    assert "extractor, model local differs" in sources
    assert [plain(one) for one in kept.findings] == [
        plain(one) for one in review.findings
    ]


async def test_an_invented_doubt_is_refused(office: Any) -> None:
    """An agent cannot put words beside a place that the review is not unsure of."""
    run, _ = await reviewed(office)
    answer = {"category": "Insurance", "start": 0, "end": 4, "says": "no", "model": "x"}
    outcome = await office.propose(
        run, "contracts.weigh", document=MAYBE.digest, opinions=[answer]
    )
    kept = await office.reviews.of(MAYBE.digest, run_id=run.id)

    assert isinstance(outcome, Failed)
    assert outcome.code == "no_doubt"
    assert kept.consulted is None


def test_half_of_the_budget_is_left_for_what_comes_after() -> None:
    """Questions that are all asked twice, and then of the extractor, leave half of the tokens."""
    text = "word " * 6_000

    assert affordable(text, tokens=800_000, most=6) == 6
    assert affordable(text, tokens=150_000, most=6) == 2
    assert affordable(text, tokens=60_000, most=6) == 0


def plain(clause: Clause) -> Clause:
    """Return the clause as the extractor alone has it."""
    return clause.model_copy(update={"source": "extractor"})
