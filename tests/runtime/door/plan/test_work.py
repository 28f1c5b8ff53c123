"""Work: what a plan proves costs no more than its bound, whatever was read and proposed."""

import time
from typing import Any

import pytest

from interlock.runtime.door.plan.expression import NOTHING, Evaluation, Known
from interlock.runtime.door.plan.plan import Plan
from interlock.runtime.door.plan.view import View
from interlock.runtime.door.sent import Sent

#: Text by text a value of its own, and long
LARGE = [f"{number} " + "x" * 100 for number in range(1_000)]


def call(at: int, tool: str, **arguments: Any) -> Sent:
    """Return a call that was done."""
    return Sent(
        action=f"{tool} {at}",
        seq=at,
        has_effect=False,
        texts=frozenset(),
        unproved=frozenset(),
        tool=tool,
        asked=arguments,
    )


def viewed(calls: int, value: Any) -> View:
    """Return the view of a plan with a step for each number, of which so many calls were done."""
    plan = Plan.model_validate(
        {
            "steps": [
                {"name": "all", "tool": "list"},
                {
                    "name": "one",
                    "tool": "look",
                    "each": "all.numbers",
                    "arguments": {
                        "text": {"of": "all.text"},
                        "number": {"of": "item"},
                    },
                },
            ]
        }
    )
    shown = {"numbers": list(range(200)), "text": value}
    looks = [call(at, "look", text=value, number=-1) for at in range(1, calls)]
    return View(
        plan,
        calls=[call(0, "list"), *looks],
        result=lambda _sent: shown,
        is_vouched=False,
        takes=lambda _tool, _argument: "",
    )


def test_many_calls_with_large_values_are_compared_within_a_bound() -> None:
    """Beyond it no call is as planned; within it each of them is looked at."""
    began = time.process_time()
    large, small = viewed(200, LARGE), viewed(200, "x")
    proved = [
        view.elements["one"][0].is_met({"text": value, "number": 0})
        for view, value in ((large, LARGE), (small, "x"))
    ]

    assert proved == [False, True]
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("expression", "times", "is_dear"),
    [
        ("length(unique(large))", 1, True),
        ("length(without(large, large))", 1, True),
        ("length(unique(small))", 1, False),
        ("length(unique(small))", 40, True),
    ],
)
def test_what_lists_compare_counts_by_leaves(
    expression: str, times: int, *, is_dear: bool
) -> None:
    """Few large objects are as dear as many small ones, and all that is compared has one bound."""
    large = [{"texts": LARGE[:200], "number": number} for number in range(40)]
    known = Known(large=large, small=[[number] for number in range(100)])
    evaluation = Evaluation()

    values = [evaluation.value(expression, known) for _ in range(times)]
    assert (values[-1] is NOTHING) is is_dear
