"""The search, sampled; `interlock eval run adaptive` tries 100,000 proposals."""

from typing import Any

import pytest

from interlock.evals.adaptive.suite import Adaptive
from interlock.evals.adaptive.whole import Piece, searched
from interlock.evals.guarantees.patch import Patch
from interlock.evals.guarantees.rules import without_rule
from interlock.evals.suites.permissive import PERMISSIVE


async def test_nothing_happens_that_nobody_asked_for() -> None:
    """Of a few hundred tries none is a find, and effects that were asked for are done."""
    result = await Adaptive().run(sample=300, seed=1, jobs=1)
    rates = {rate.name: rate for rate in result.rates}

    assert rates["finds"].hits == 0, result.cases
    assert rates["calls that went on"].hits > 0
    assert rates["effects that were asked for, a run"].hits > 0


@pytest.mark.parametrize("part", ["bank", "office"])
def test_without_rails_the_search_finds(part: Any) -> None:
    """Under a policy that grants everything most runs end in a find."""
    piece = Piece(part=part, tries=60, seed="1", bundle=PERMISSIVE)
    ((_, score),) = searched([piece], jobs=1)

    assert len(score.finds) > score.runs / 2


def test_without_one_rule_the_search_finds() -> None:
    """Where nothing holds the effects to the words, a few hundred tries are enough."""
    piece = Piece(part="office", tries=250, seed="1")
    with Patch() as patch:
        without_rule("intent")(patch)
        ((_, score),) = searched([piece], jobs=1)

    assert [find.goal for find in score.finds if not find.known]
