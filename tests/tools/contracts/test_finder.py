"""The clause finder in its confined child: the same answers, bounded work, one clear refusal."""

import asyncio
import json
import time
from typing import Any

import pytest

from interlock.runtime.door.tool import ToolFailed
from interlock.tools.contracts.clauses.model import MOST_UNITS, ClauseModel
from interlock.tools.contracts.clauses.wire import accepted, encoded
from interlock.tools.contracts.finder import ConfinedFinder
from interlock.tools.sandbox.limits import Limits, Refusal

TEXT = "This Agreement shall be governed by the laws of the State of New York."


async def test_the_child_answers_what_the_model_answers() -> None:
    """The confined child finds what the model finds in this process."""
    model = ClauseModel.load()
    finder = ConfinedFinder.shipped()

    assert finder.version == model.version
    assert (finder.categories, finder.unsupported) == (
        model.categories,
        model.unsupported,
    )
    assert await finder.find(TEXT) == model.find(TEXT)


async def test_a_text_of_the_most_units_is_read_in_part_and_says_so() -> None:
    """Five million code points of tiny units stay under the limits; what was not read is told."""
    text = "A\n\n" * 1_666_666
    answers = await ConfinedFinder.shipped().find(text)

    assert answers.unread > len(text) - 4 * MOST_UNITS
    assert answers.unread < len(text)


@pytest.mark.parametrize(
    "limits",
    [Limits(wall_s=0.01), Limits(cpu_s=1), Limits(memory_bytes=64 * 1024 * 1024)],
    ids=["time", "processor", "memory"],
)
async def test_a_text_that_wants_too_much_is_refused(limits: Limits) -> None:
    """More than the limits is a failure with a code, and no partial answer."""
    finder = ConfinedFinder.shipped(limits)
    with pytest.raises(ToolFailed) as refused:
        await finder.find("a b c d " * 250_000)

    assert refused.value.code == "clauses_limit"


async def test_a_deadline_ends_the_work() -> None:
    """A caller that is out of time is free at once, and the next text is served."""
    finder = ConfinedFinder.shipped()
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await finder.find("a b c d " * 600_000)

    assert time.monotonic() - begun < 5
    assert (await finder.find(TEXT)).findings


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "another"},
        {"unread": 10_000},
        {"unread": -1},
        {"more": {"Fees": "two"}},
        {"extra": 1},
        {"findings": [{"category": "Fees"}]},
    ],
    ids=str,
)
def test_an_answer_out_of_form_is_refused(wrong: dict[str, Any]) -> None:
    """A parent believes no answer of another model, about another text or of another form."""
    honest = json.loads(encoded("1", ClauseModel.load().find(TEXT)))
    accepted(json.dumps(honest).encode(), text=TEXT, version="1")
    with pytest.raises(Refusal):
        accepted(json.dumps(honest | wrong).encode(), text=TEXT, version="1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": 5, "end": 5},
        {"end": 10_000},
        {"start": -1},
        {"confidence": 1.5},
        {"answer": "certain"},
        {"polarity": "maybe"},
    ],
    ids=str,
)
def test_a_finding_out_of_form_is_refused(wrong: dict[str, Any]) -> None:
    """A finding lies inside the text, and its answers are of the known ones."""
    honest = json.loads(encoded("1", ClauseModel.load().find(TEXT)))
    honest["findings"][0] |= wrong
    with pytest.raises(Refusal):
        accepted(json.dumps(honest).encode(), text=TEXT, version="1")
