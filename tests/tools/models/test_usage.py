"""What a model's server says of its use is a claim, and no claim gives back or outruns a budget."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    message_to_dict,
)

from interlock.runtime.door.outcome import Done
from interlock.runtime.policy.decision import Denied, Permit
from interlock.runtime.testing import PLENTY, World
from interlock.tools.models.generate import Served, model_tools
from interlock.tools.models.usage import FRAME_TOKENS

QUESTION = "What is the governing law of this agreement? " * 20
ANSWER = "The laws of the State of New York govern this agreement. " * 20
LONGEST = 2_000  # tokens of an answer
#: Claims of tokens read and written
CLAIMS: dict[str, Any] = {
    "nothing": (0, 0),
    "less than nothing": (-1000, -1),
    "true": (True, True),
    "no number": (None, None),
    "2**40": (2**40, 0),
    "2**60": (2**60, 2**60),
    "2**100": (0, 2**100),
}


class Claiming:
    """A model whose answer is always the same, and which says it used what the test says."""

    def __init__(self, *claims: Any) -> None:
        self._claims = list(claims)
        self.asked = 0

    async def answer(self, permit: Permit, messages: Any, tools: Any) -> AIMessage:
        """Answer, with the next claim; the last one stands for all that follow."""
        self.asked += 1
        claim = self._claims.pop(0) if len(self._claims) > 1 else self._claims[0]
        told = (
            None
            if claim is None
            else dict(zip(("input_tokens", "output_tokens"), claim, strict=True))
        )
        return AIMessage.model_construct(
            content=ANSWER, tool_calls=[], usage_metadata=told
        )


async def spend(
    folder: Path, model: Claiming, *, calls: int = 1, tokens: int = 10**6
) -> tuple[list[Any], list[dict[str, Any]], int]:
    """Ask so often, and return the outcomes, the entries on them and the tokens spent."""
    served = Served(model=model, longest_answer=LONGEST)
    messages: list[BaseMessage] = [HumanMessage(content=QUESTION)]
    asked = {
        "model": "m",
        "purpose": "test",
        "messages": json.dumps([message_to_dict(message) for message in messages]),
    }
    async with World(folder, tools=model_tools({"m": served})) as world:
        run = await world.start(limits=replace(PLENTY, tokens=tokens))
        outcomes = [
            await world.pep.enforce(
                run, tool="model.generate", arguments=asked, call_id=str(number)
            )
            for number in range(calls)
        ]
        spent = (await world.budget(run)).spent.tokens
        entries = [entry for entry in await world.entries() if "spent" in entry]
        assert (await world.verify()).problems == []
    return outcomes, entries, spent


@pytest.mark.parametrize("claim", [None, *CLAIMS.values()], ids=["none", *CLAIMS])
async def test_a_claim_is_within_what_passed_and_the_limit(
    tmp_path: Path, claim: Any
) -> None:
    """Whatever a server claims, the call is recorded and charged between what was seen to pass and
    the limit.
    """
    outcomes, entries, spent = await spend(tmp_path, Claiming(claim), tokens=50_000)

    assert isinstance(outcomes[0], Done)
    assert (len(QUESTION) + len(ANSWER)) // 8 - 1 <= spent <= 50_000
    assert [entry["spent"]["tokens"] for entry in entries] == [spent]


@pytest.mark.parametrize("claim", ["2**40", "2**60", "2**100"])
async def test_a_claim_of_more_than_can_have_been_is_bounded_and_recorded(
    tmp_path: Path, claim: str
) -> None:
    """No more is charged than one token for each byte that was sent and those that were asked for;
    what was claimed beyond stands in the record of the call.
    """
    outcomes, _, spent = await spend(tmp_path, Claiming(CLAIMS[claim]), tokens=50_000)
    (done,) = outcomes

    assert spent <= len(QUESTION) + FRAME_TOKENS + 100 + LONGEST
    assert done.value.overclaimed_tokens > 2**39


async def test_a_claim_beyond_the_estimate_is_recorded_as_overrun(
    tmp_path: Path,
) -> None:
    """What can have been and does not fit into the limit stands in the entry as not charged."""
    _, entries, spent = await spend(tmp_path, Claiming((5_000, 0)), tokens=2_600)

    assert spent == 2_600
    assert entries[0]["overrun"]["tokens"] > 2_000


async def test_an_honest_claim_is_charged_as_it_is(tmp_path: Path) -> None:
    """A plausible number is believed, and nothing is called an overrun."""
    _, entries, spent = await spend(tmp_path, Claiming((300, 250)))

    assert spent == 550
    assert "overrun" not in entries[0]


async def test_no_claim_gives_back_what_was_spent(tmp_path: Path) -> None:
    """A server that claims now much, now less than nothing, spends more with each call."""
    model = Claiming((2000, 0), (-1900, 0), (1900, 0), (-1900, 0))
    _, entries, spent = await spend(tmp_path, model, calls=4)
    charged = [entry["spent"]["tokens"] for entry in entries]

    assert min(charged) > 0
    assert spent == sum(charged)


async def test_a_server_that_claims_nothing_is_not_asked_for_ever(
    tmp_path: Path,
) -> None:
    """Calls that are said to be free use the tokens up all the same."""
    model = Claiming((0, 0))
    outcomes, _, spent = await spend(tmp_path, model, calls=40, tokens=5_000)

    assert isinstance(outcomes[-1], Denied)
    assert outcomes[-1].codes == ("granted",) or model.asked < 40
    assert spent <= 5_000
