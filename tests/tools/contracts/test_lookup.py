"""Clauses by category: those of the run's own review, in one document or side by side."""

from dataclasses import replace
from typing import Any

from interlock.runtime.door.outcome import Done, Failed
from interlock.tools.contracts.lookup import lookup_tools

LAW = "Governing Law"


def tools(office: Any) -> Any:
    """Put the look-ups behind the door of the office."""
    for one in lookup_tools(office.reviews, categories=office.finder.model.categories):
        office.world.add(one)
        office.world.pdp.effects[one.name] = "permit"


async def test_a_look_up_is_of_the_review(office: Any) -> None:
    """The clauses of a category are those that the review found, worked out once."""
    tools(office)
    run = await office.run()
    looked = await office.propose(
        run, "clauses.look", document="sha256:ab", category=LAW
    )
    again = await office.propose(
        run, "clauses.look", document="sha256:ab", category="Insurance"
    )
    review = await office.reviews.of("sha256:ab", run_id=run.id)

    assert isinstance(looked, Done)
    assert looked.value.clauses == [  # type: ignore[attr-defined]  # the tool's result
        clause for clause in review.findings if clause.category == LAW
    ]
    assert isinstance(again, Done)
    assert len(office.finder.texts) == 1


async def test_a_category_that_nobody_knows_is_a_failure(office: Any) -> None:
    """A category that there is not is refused with a code: an empty answer would say "none"."""
    tools(office)
    run = await office.run()
    looked = await office.propose(
        run, "clauses.look", document="sha256:ab", category="Prices"
    )

    assert isinstance(looked, Failed)
    assert looked.code == "category_unknown"


async def test_two_clauses_are_compared_word_by_word(
    office: Any, contract: Any
) -> None:
    """What stands in one side alone is told; case and blanks are no difference."""
    tools(office)
    run = await office.run()
    other = replace(
        contract,
        digest="sha256:cd",
        text=contract.text.replace("the State of New York", "the  state of Kenya"),
    )
    await office.read(run, other)
    compared = await office.propose(
        run, "clauses.compare", left="sha256:ab", right="sha256:cd", category=LAW
    )

    assert isinstance(compared, Done)
    assert compared.value.only_left == ["New York."]  # type: ignore[attr-defined]  # the tool's result
    assert compared.value.only_right == ["Kenya."]  # type: ignore[attr-defined]  # the tool's result
