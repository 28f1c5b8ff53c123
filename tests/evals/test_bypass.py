"""What went wrong in other systems: a sample is held here, and breaches where its guard is gone.

`interlock eval run bypass` tries all of them.
"""

from pathlib import Path
from typing import Any

import pytest

from interlock.evals.bypass.case import told, went_wrong
from interlock.evals.bypass.suite import BYPASSES, CONTROL, Bypasses
from interlock.evals.guarantees.patch import Patch
from interlock.runtime.door.enforcement import EnforcementPoint


def test_what_is_told_and_what_is_done_are_the_same_cases() -> None:
    """Each case says whose failure it is, and none is told that nobody tries."""
    assert told().keys() == BYPASSES.keys()


@pytest.mark.parametrize("name", BYPASSES)
def test_each_guard_is_where_its_control_takes_it_away(name: str) -> None:
    """A guard that moved is noticed here, also where the sample leaves its case out."""
    with Patch() as patch:
        BYPASSES[name].without(patch)


async def test_a_sample_is_held_and_its_controls_breach() -> None:
    """Each bypass is held, and does what it did elsewhere once the one guard is taken away."""
    result = await Bypasses().run(sample=4, seed=1, jobs=1)
    unlike = [
        case
        for case in result.cases
        if case.became != ("breached" if case.kind == CONTROL else "held")
    ]

    assert not unlike
    assert [rate.of for rate in result.rates] == [4, 4]


@pytest.mark.parametrize("name", ["guards.unasked", "verdicts.killed-meanwhile"])
async def test_a_crash_of_the_door_holds_nothing(name: str, tmp_path: Path) -> None:
    """A door that breaks stops every call, and no bypass is held by that."""

    async def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with Patch() as patch:
        patch.put(EnforcementPoint, "enforce", breaks)
        with pytest.raises(ZeroDivisionError):
            await went_wrong(BYPASSES[name], tmp_path)
