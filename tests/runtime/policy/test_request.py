"""Requests: what of a name counts when two names are compared."""

import pytest

from interlock.runtime.policy.request import identity


@pytest.mark.parametrize(
    "name",
    [
        "ANN BEE",
        " ann bee ",
        "\uff41nn bee",
        "an\u200bn bee",
        "a\u00adnn bee",
        "\u202eann bee",
        "ann\ufeff bee",
        "ann  bee",
        "ann\u00a0bee",
        "ann\u2028bee",
        "ann\x00 bee",
        "a\ufe0fnn bee",
    ],
)
def test_one_name_in_other_letters_is_one_person(name: str) -> None:
    """Case, width, spaces and characters that cannot be seen make no other person."""
    assert identity(name) == identity("ann bee")


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u2060\u00ad", "\x00"])
def test_a_name_of_which_nothing_is_seen_is_none(name: str) -> None:
    """Such a name is nobody's, so that the policy and the verdict refuse the person."""
    assert identity(name) == ""


@pytest.mark.parametrize("name", ["anne bee", "an bee", "\u00e4nn bee", "annbee"])
def test_other_names_stay_other_people(name: str) -> None:
    """Letters and accents count."""
    assert identity(name) != identity("ann bee")
