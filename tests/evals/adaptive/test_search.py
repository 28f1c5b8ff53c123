"""The search, sampled; `interlock eval run adaptive` tries 100,000 proposals."""

import random
from typing import Any

import pytest

from interlock.evals.adaptive.bank.scenes import BANK
from interlock.evals.adaptive.score import Score
from interlock.evals.adaptive.search import Search
from interlock.evals.adaptive.stage import opened
from interlock.evals.adaptive.suite import Adaptive
from interlock.evals.adaptive.whole import Piece, searched
from interlock.evals.guarantees.patch import Patch
from interlock.evals.guarantees.rules import without_rule
from interlock.evals.suites.permissive import PERMISSIVE
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import trouble
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.policy.rails import rails


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


@pytest.mark.parametrize(
    ("tool", "often"),
    [("", 0.02), ("approval.decide", 0.9), ("bank.pay", 0.3), ("run.start", 0.1)],
)
async def test_a_late_engine_ends_a_run_and_says_nothing(
    tool: str, often: float
) -> None:
    """What a late engine did not answer ends a run, and is no find.

    The search goes on. It is so for what agents propose, and for acts of people.
    """
    chance = random.Random("late")  # noqa: S311 - a search that can be repeated
    decide = EmbeddedPoint.decide

    async def tardy(point: EmbeddedPoint, request: AccessRequest) -> Decision:
        is_meant = tool in {"", request.action.tool}
        if is_meant and chance.random() < often:
            return trouble("pdp_timeout", revision=point.revision, engine=point.engine)
        return await decide(point, request)

    score = Score()
    async with opened(BANK, rails()) as stage:
        with Patch() as patch:
            patch.put(EmbeddedPoint, "decide", tardy)
            search = Search(stage=stage, dice=chance, score=score)
            await search.run(400)

    assert score.tries >= 400
    assert (score.held > 0) == (tool != "run.start")
    assert score.finds == []
