"""Canonical JSON: RFC 8785, restricted to what every reader agrees on."""

import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from interlock.runtime.canonical import (
    AROUND,
    DEEPEST,
    LARGEST_INTEGER,
    Written,
    canonical,
    digest,
)
from interlock.runtime.errors import NotCanonical

KEYS = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.text(max_size=20)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5)
    ),
)


@given(DOCUMENTS)
def test_it_agrees_with_the_rfc(document: Any) -> None:
    """Inside the profile the bytes are those of an independent RFC 8785 implementation."""
    assert canonical(document) == rfc8785.dumps(document)


@given(st.dictionaries(KEYS, LEAVES, max_size=8), st.randoms())
def test_order_does_not_matter(document: dict[str, Any], random: Any) -> None:
    """Equal objects have equal bytes and digests, in whatever order their keys were written."""
    items = list(document.items())
    random.shuffle(items)

    assert canonical(dict(items)) == canonical(document)
    assert digest(dict(items)) == digest(document)


@given(DOCUMENTS, DOCUMENTS)
def test_different_values_differ(one: Any, other: Any) -> None:
    """Two values have the same bytes only when a strict reader takes them for the same."""
    if canonical(one) == canonical(other):
        assert rfc8785.dumps(one) == rfc8785.dumps(other)


def nested(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)
OUTSIDE: dict[str, Any] = {
    "float": 0.5,
    "whole float": 1.0,
    "nan": math.nan,
    "infinity": math.inf,
    "large": LARGEST_INTEGER + 1,
    "very small": -LARGEST_INTEGER - 1,
    "beyond 64 bits": 2**70,
    "lone surrogate": "\ud800",
    "other surrogate": "a\udfff",
    "non-ASCII key": {"\u00e9": 1},
    "surrogate key": {"\ud800": 1},
    "number key": {1: 2},
    "no key": {None: 1},
    "bytes": b"x",
    "set": {1},
    "object": object(),
    "too deep": nested(DEEPEST + 1),
    "endless": ENDLESS,
}


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize(
    "wrap",
    [lambda x: x, lambda x: [x], lambda x: {"a": [1, x]}],
    ids=["alone", "list", "object"],
)
def test_what_readers_disagree_on_is_refused(name: str, wrap: Any) -> None:
    """Floats, large integers, odd keys, lone surrogates and anything not JSON have no canonical
    form.
    """
    with pytest.raises(NotCanonical):
        canonical(wrap(OUTSIDE[name]))


def test_the_limits_themselves_are_inside() -> None:
    """The largest integers and the deepest nesting are still accepted."""
    assert (
        canonical([LARGEST_INTEGER, -LARGEST_INTEGER])
        == b"[9007199254740991,-9007199254740991]"
    )
    assert canonical(nested(DEEPEST)) == b"[" * DEEPEST + b"1" + b"]" * DEEPEST


def test_it_says_where() -> None:
    """The refusal names the place."""
    with pytest.raises(NotCanonical, match=r"\$\.a\[1\]\.b"):
        canonical({"a": [1, {"b": OUTSIDE["float"]}]})


@given(DOCUMENTS, DOCUMENTS)
def test_a_part_that_is_written_changes_nothing(one: Any, other: Any) -> None:
    """A document has the same bytes whether its parts are values or written before."""
    document = {"b": one, "a": [other, {"c": one}]}
    part = Written(one)

    assert part.text == canonical(one)
    assert canonical({"b": part, "a": [Written(other), {"c": part}]}) == canonical(
        document
    )


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_has_no_canonical_form_is_never_written(name: str) -> None:
    """A part is checked when it is written, for no document looks into it again."""
    with pytest.raises(NotCanonical):
        Written({"a": [OUTSIDE[name]]})


def test_a_written_part_makes_no_document_too_deep() -> None:
    """A part leaves room for what stands around it, and stands no deeper than that."""
    part = Written(nested(DEEPEST - AROUND))
    around: Any = part
    for _ in range(AROUND):
        around = [around]

    assert canonical(around) == canonical(nested(DEEPEST))
    with pytest.raises(NotCanonical):
        canonical([around])
    with pytest.raises(NotCanonical):
        Written(nested(DEEPEST - AROUND + 1))
