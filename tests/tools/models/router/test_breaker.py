"""The breaker: a model that fails or drags is left alone, and comes back with care."""

from hypothesis import given
from hypothesis import strategies as st

from interlock.testing import FixedClock
from interlock.tools.models.router.breaker import Breaker, Rules

RULES = Rules(least_calls=4, open_s=10.0, most_open_s=40.0, trials=1, successes=2)


def breaker(clock: FixedClock, rules: Rules = RULES) -> Breaker:
    """Return a breaker without chance in it."""
    return Breaker(clock=clock, rules=rules, chance=lambda: 0.0)


def standing(one: Breaker) -> str:
    """Return where the breaker stands by now."""
    return one.state


def call(one: Breaker, *, is_well: bool | None, took_s: float = 0.1) -> bool:
    """Make one call, and return whether it was let through."""
    if not one.enter():
        return False
    one.leave(is_well=is_well, took_s=took_s)
    return True


def opened(clock: FixedClock) -> Breaker:
    """Return a breaker that has just opened."""
    one = breaker(clock)
    for _ in range(4):
        call(one, is_well=False)
    assert one.state == "open"
    return one


def test_too_few_failures_conclude_nothing() -> None:
    """Three failures of three are no reason yet; the fourth is."""
    one = breaker(FixedClock())
    for _ in range(3):
        call(one, is_well=False)

    assert standing(one) == "closed"
    call(one, is_well=False)
    assert standing(one) == "open"


def test_a_share_of_failures_opens_it_and_less_does_not() -> None:
    """Half of the calls is too much, a third is not."""
    fine = breaker(FixedClock())
    bad = breaker(FixedClock())
    for number in range(30):
        call(fine, is_well=number % 3 != 2)
        call(bad, is_well=number % 2 != 0)

    assert (fine.state, bad.state) == ("closed", "open")


def test_slow_calls_open_it_though_none_failed() -> None:
    """A model that answers everything too late is as bad as one that fails."""
    one = breaker(FixedClock())
    for _ in range(4):
        call(one, is_well=True, took_s=31.0)

    assert one.state == "open"


def test_what_is_long_ago_is_forgotten() -> None:
    """Failures outside the window do not add to those inside."""
    clock = FixedClock()
    one = breaker(clock)
    for _ in range(3):
        call(one, is_well=False)
    clock.advance(61)
    call(one, is_well=False)

    assert one.state == "closed"


def test_an_open_breaker_lets_nobody_through_until_its_time_is_over() -> None:
    """Nobody asks meanwhile; then one call at a time may try."""
    clock = FixedClock()
    one = opened(clock)

    assert not call(one, is_well=True)
    clock.advance(10)
    assert one.state == "half_open"
    assert one.enter()
    assert not one.enter()


def test_it_closes_after_enough_went_well() -> None:
    """One good call is not enough, two are."""
    clock = FixedClock()
    one = opened(clock)
    clock.advance(10)
    call(one, is_well=True)

    assert standing(one) == "half_open"
    call(one, is_well=True)
    assert standing(one) == "closed"


def test_it_stays_open_twice_as_long_after_each_trial_that_failed() -> None:
    """Ten seconds, then twenty, then forty, and never more."""
    clock = FixedClock()
    one = opened(clock)
    times = []
    for wait_s in (10, 20, 40, 40):
        clock.advance(wait_s - 1)
        assert one.state == "open"
        clock.advance(1)
        times.append(one.state)
        call(one, is_well=False)

    assert times == ["half_open"] * 4


def test_a_call_that_says_nothing_gives_its_place_back() -> None:
    """A trial that was turned away is neither good nor bad, and the next one may try."""
    clock = FixedClock()
    one = opened(clock)
    clock.advance(10)
    call(one, is_well=None)

    assert one.state == "half_open"
    assert one.lets


def test_a_model_that_asks_for_rest_is_left_alone_without_a_mark() -> None:
    """Overload closes the door for a while and counts as no failure."""
    clock = FixedClock()
    one = breaker(clock)
    one.rest(5)

    assert not one.lets
    assert one.state == "closed"
    clock.advance(5)
    assert one.lets


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(0, 60))))
def test_no_more_try_at_a_time_than_may(calls: list[tuple[bool | None, float]]) -> None:
    """Whatever happened before, a breaker that is half open lets one call through at a time, and
    every breaker lets calls through again when its longest time is over.
    """
    clock = FixedClock()
    one = breaker(clock)
    for is_well, wait_s in calls:
        clock.advance(wait_s)
        if one.enter():
            if one.state == "half_open":
                assert not one.enter()
            one.leave(is_well=is_well, took_s=0.1)
    clock.advance(RULES.most_open_s + 1)

    assert one.lets
