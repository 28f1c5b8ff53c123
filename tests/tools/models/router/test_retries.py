"""Retries: seldom, short, and only where no byte of an answer came."""

import pytest

from interlock.tools.models.no_answer import NoAnswer, Why
from interlock.tools.models.router.retries import Patience, Retries

QUICK = Patience(tries=2, first_wait_s=0.001, most_wait_s=0.05, share=0.1, burst=2.0)


async def tried(retries: Retries, error: NoAnswer) -> int:
    """Return how often a question is asked that always fails with *error*."""
    tries: list[int] = []

    async def ask() -> None:
        async for attempt in retries.tries():
            with attempt:
                tries.append(attempt.num)
                raise error

    with pytest.raises(NoAnswer):
        await ask()
    return len(tries)


@pytest.mark.parametrize(
    ("why", "has_left", "times"),
    [
        ("overloaded", True, 2),
        ("away", False, 2),
        ("away", True, 1),
        ("late", True, 1),
        ("cut_off", True, 1),
        ("broken", True, 1),
        ("malformed", True, 1),
        ("refused", True, 1),
        ("unfit", True, 1),
        ("resting", True, 1),
    ],
)
async def test_only_what_nobody_worked_on_is_asked_again(
    why: Why, has_left: bool, times: int
) -> None:
    """A full server and one that nobody reached are asked once more; nothing else is."""
    error = NoAnswer(why=why, detail="", has_left=has_left)

    assert await tried(Retries(QUICK), error) == times


@pytest.mark.parametrize(("after_s", "times"), [(0.01, 2), (3.0, 1)])
async def test_a_server_is_waited_for_as_long_as_it_says_within_bounds(
    after_s: float, times: int
) -> None:
    """A short Retry-After is kept to; for a long one nobody waits."""
    error = NoAnswer(why="overloaded", detail="", retry_after_s=after_s)

    assert await tried(Retries(QUICK), error) == times


async def test_an_outage_uses_the_budget_up_and_then_nobody_asks_again() -> None:
    """Of a hundred questions that fail, hardly more than a tenth are asked twice."""
    retries = Retries(QUICK)
    asked = [
        await tried(retries, NoAnswer(why="overloaded", detail="")) for _ in range(100)
    ]

    assert 100 <= sum(asked) <= 100 + QUICK.burst + 100 * QUICK.share
