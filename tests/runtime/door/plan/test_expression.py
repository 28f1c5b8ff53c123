"""Expressions of plans: what they give, and that nothing which is read makes them dear."""

import time
from typing import Any

import pytest

from interlock.runtime.door.plan.expression import NOTHING, Evaluation, Known
from interlock.runtime.door.plan.parts import is_part
from interlock.runtime.door.plan.same import same

KNOWN = Known(
    bills=[
        {"sum": "4.10", "at": "2024-05-16 10:00", "name": "{1}"},
        {"sum": 3, "at": "2024-05-17", "name": "b"},
        {"sum": "3.00", "at": "2024-05-17", "name": "b"},
    ],
    text="x" * 60_000,
    many=list(range(4_000)),
    braces="{" * 60_000,
    names=["n"] * 4_000,
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("plus(bills[0].sum, bills[1].sum)", "7.1"),
        ("minus(bills[0].sum, `0.10`)", 4),
        ("times(bills[0].sum, `2`)", "8.2"),
        ("round(ratio(`1`, `3`), `2`)", "0.33"),
        ("total(bills[].sum)", "10.1"),
        ("text('{0} pays {1}', [bills[0].name, bills[1].sum])", "{1} pays 3"),
        ("lower('ABC')", "abc"),
        ("only(bills[1:].sum)", 3),
        ("unique(bills[].sum)", ["4.10", 3]),
        ("without(bills[].sum, bills[1:].sum)", ["4.10"]),
        ("bills[?after(sum, `3`)].sum", ["4.10"]),
        ("bills[?before(at, '2024-05-17')].sum", ["4.10"]),
        ("bills[?on(at, '2024-05-16')].sum", ["4.10"]),
        ("date_add(bills[0].at, `1`, `30`)", "2024-05-17 10:30:00"),
        ("date_add(bills[1].at, `1`, `0`)", "2024-05-18"),
    ],
)
def test_an_expression_computes_with_money_dates_and_texts(
    expression: str,
    value: Any,
) -> None:
    """Numbers are decimal, whole or as a text; what was put into a template is not filled again."""
    assert Evaluation().value(expression, KNOWN) == value


@pytest.mark.parametrize(
    "expression",
    [
        "bills[9].sum",
        "only(bills[].sum)",
        "only(`[]`)",
        "plus(bills[0].name, `1`)",
        "ratio(`1`, `0`)",
        "before(bills[0].at, `3`)",
        "text('{9}', bills)",
        "times(`9007199254740991`, `9007199254740991`)",
        "later || 'a default'",
        "length(later || `[]`)",
        "keys(@)",
        "bills |" + "[@, @] |" * 50 + "@",
        "join(text, [text, text])",
        "join(text, names)",
        "text(join('', [braces, braces]), names)",
        "text('{0}{0}{0}', [text])",
        "unique(many)",
        "many[?contains(['" + "x" * 400 + "'], to_string(@))] | [0]",
    ],
)
def test_what_raises_is_dear_or_is_not_known_yet_gives_nothing(expression: str) -> None:
    """A result that comes later is no null, and no expression grows beyond its bound."""
    began = time.process_time()

    assert Evaluation().value(expression, KNOWN) is NOTHING
    assert time.process_time() - began < 2


def test_a_template_is_filled_in_one_pass() -> None:
    """A text of braces costs no more than its length."""
    known = Known(braces="{" * 60_000)
    began = time.process_time()

    assert Evaluation().value("text(braces, `[]`)", known) == "{" * 60_000
    assert Evaluation().value('unique(`[1, "1.0", null, null]`)', known) == [1, None]
    assert time.process_time() - began < 3


def test_all_expressions_share_one_bound() -> None:
    """After the bound was passed, whatever is asked for gives nothing."""
    evaluation = Evaluation()
    for _ in range(200):
        evaluation.value("many[?@ > `0`]", KNOWN)

    assert evaluation.value("bills[0].sum", KNOWN) is NOTHING


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("4", "4.00", True),
        (4, "4.0", True),
        ("1,200.50", 1200.5, True),
        ("2024-05-16T10:00:00", "2024-05-16 10:00", True),
        ({"a": [1, "x"]}, {"a": ["1", "x"]}, True),
        ("007", "7", False),
        (True, 1, False),
        (True, True, True),
        (None, "", False),
        ("Ann", "ann", False),
        ([1], [1, 2], False),
        ({"a": 1}, {"b": 1}, False),
        ("2024-05-16", "2024-05-16 00:00", False),
    ],
)
def test_two_values_are_one_by_what_they_mean(
    one: Any,
    other: Any,
    is_one: bool,
) -> None:
    """Numbers and dates count by their value, and every other text letter by letter."""
    assert same(one, other) is same(other, one) is is_one


@pytest.mark.parametrize(
    ("value", "text", "kind", "is_there"),
    [
        ("GB29NWBK60161331926819", "to GB29NWBK60161331926819.", "account", True),
        (
            "GB29NWBK60161331926819",
            "GB29NWBK60161331926819, DE89370400440532013000",
            "account",
            False,
        ),
        ("ann@x.com", "mail Ann@x.com or call", "address", True),
        ("ann@x.com", "mail ann@x.com or eve@x.com", "address", False),
        ("https://x.com/a", "see https://x.com/a.", "link", True),
        ("2024-05-16", "on May 16th, 2024", "date", True),
        ("2024-05-16", "from 2024-05-16 to 2024-05-17", "date", False),
        ("98.70", "98.70 in all", "number", True),
        (98, "98 and 99", "number", False),
        (98, "$98 for 3", "amount", True),
        ("A-17", "room A-17", "id", True),
        ("A-17", "room A-17 or A-18", "id", False),
        ("main street", "at Main Street.", "text", True),
        ("mai", "at Main Street.", "text", False),
        ("ann@x.com", ["ann@x.com"], "address", False),
    ],
)
def test_a_part_counts_where_it_is_the_only_one_of_its_kind(
    value: Any,
    text: Any,
    kind: Any,
    is_there: bool,
) -> None:
    """Whoever wrote the text could have added the second one; a free part is one among many."""
    assert is_part(value, text, kind) is is_there
