"""What a decision says of itself, also where a reason lacks a part."""

from typing import Final

import pytest

from interlock.runtime.canonical import Json
from interlock.runtime.policy.decision import UNDECIDED, Decision, Reason

WHOLE: Final[dict[str, Json]] = {"level": "tenant", "kind": "tokens", "limit": 9}


def refused(parameters: dict[str, Json], code: str = "budget_exceeded") -> Decision:
    """Return a denial for this one reason."""
    reason = Reason(
        code=code,
        rule="budget",
        parameters=parameters,
    )
    return UNDECIDED.denied(reason)


def test_a_used_up_budget_above_is_told_from_a_refusal() -> None:
    """A run waits only where the reason says which limit of its job or tenant is used up."""
    assert refused(WHOLE).lacks_budget_above
    assert not refused(WHOLE | {"level": "run"}).lacks_budget_above
    assert not refused(WHOLE, code="not_granted").lacks_budget_above


@pytest.mark.parametrize("missing", ["level", "kind"])
def test_a_reason_that_lacks_a_part_is_a_refusal(missing: str) -> None:
    """A rule of somebody's own that leaves a part out denies, and holds and breaks nothing."""
    parameters = {name: value for name, value in WHOLE.items() if name != missing}

    assert not refused(parameters).lacks_budget_above


def test_nothing_is_no_used_up_budget() -> None:
    """A decision without a reason holds no run."""
    assert not UNDECIDED.lacks_budget_above
