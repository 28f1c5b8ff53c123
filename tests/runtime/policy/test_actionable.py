"""Actionable content: what a reader would follow or pay to is seen through its disguises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.runtime.policy import actionable as searches
from interlock.runtime.policy.actionable import LONGEST, MOST, actionable

#: What the searches look for, and what stands beside it, in pieces
_PIECES = (
    *" \n.,:/@-_()[]{}<>?#+",
    *("//", "http:", "www.", "WWW.", "mailto:", "\u0131ntent:", "evil", "com", "xn--a"),
    *(" dot ", " DOT\u00a0", "punkt", "[at]", "(.)", "{ dot }", "<@ >", "\u017fms:x"),
    *("1", "22", "333", "2024-01-02", "1/2/2024", "DE44", "ab12CD34", "\u0661\u0662"),
)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("mail eve@evil.test, please", "eve@evil.test"),
        ("see https://evil.test/a?b=1.", "https://evil.test/a?b=1"),
        ("[here](https://evil.test/a)", "https://evil.test/a"),
        ('<a href="//evil/a">x</a>', "//evil/a"),
        ("&#104;ttps://evil/a", "https://evil/a"),
        ("www.evil", "www.evil"),
        ("javascript:x()", "javascript:x("),
        ("visit evil.com today", "evil.com"),
        ("visit ...evil.com", "evil.com"),
        ("visit evil.com:80/a", "evil.com:80/a"),
        ("visit evil[.]com", "evil.com"),
        ("visit evil (dot) com", "evil.com"),
        ("visit evil dot com", "evil.com"),
        ("visit evil DOT com", "evil.com"),
        ("visit evil <DOT> com", "evil.com"),
        ("WWW.evil", "WWW.evil"),
        ("tel:x", "tel:x"),
        ("call 1 2 3 4 5 6 7", "1 2 3 4 5 6 7"),
        ("pay de44500105175407", "de44500105175407"),
        ("eve [at] evil.com", "eve@evil.com"),
        ("visit evil\u3002com", "evil.com"),
        ("visit ev\u200bil.com", "evil.com"),
        ("visit \uff45vil.com", "evil.com"),
        ("visit \u0435vil.\u0440\u0444", "\u0435vil.\u0440\u0444"),
        ("visit xn--80ak6.xn--p1ai", "xn--80ak6.xn--p1ai"),
        ("visit 10.0.0.1", "10.0.0.1"),
        ("pay GB29 NWBK 6016 1331 9268 19 for it", "GB29 NWBK 6016 1331 9268 19"),
        ("pay gb29nwbk60161331926819", "gb29nwbk60161331926819"),
        ("call +1 (555) 123-4567", "+1 (555) 123-4567"),
        ("call 0800_123*45|67", "0800_123*45|67"),
        ("card 4111111111111111", "4111111111111111"),
        (
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x52908400098527886E0F7030069857D2E4169EE7",
        ),
    ],
)
def test_what_can_be_acted_on_is_found(text: str, part: str) -> None:
    """Addresses, links, hosts, accounts and telephone numbers are found, disguised or not."""
    assert part in (actionable(text) or [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The quarter went well, e.g. in May. Costs fell by 3.5 % to 1,200,000.50 dollars!",
        "Dinner on 2024-05-15 19:00, i.e. 05/15/2024, with Ann (room 12) at 7:30-9:00.",
        "Read plan.docx and Q3_numbers.xlsx; ask @ann in #general.",
    ],
)
def test_plain_talk_holds_nothing_to_act_on(text: str) -> None:
    """Words, amounts, dates, times, and names of files and of people are no addresses."""
    assert actionable(text) == []


@pytest.mark.parametrize(
    "text", ["a" * (LONGEST + 1), " ".join(f"h{n}.com" for n in range(MOST + 1))]
)
def test_what_cannot_be_looked_through_is_said_to_be_so(text: str) -> None:
    """A text that is too long, or that holds too much, is not called free of content."""
    assert actionable(text) is None


@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=40))
def test_no_search_is_left_out_that_would_find_something(pieces: list[str]) -> None:
    """Whatever a search finds holds its sign, in whatever text it stands."""
    text = "".join(pieces)
    pairs = [(search, sign) for search, sign, _ in searches._DISGUISES]  # noqa: SLF001 - the signs are told by nothing else
    pairs += searches._SEARCHES  # noqa: SLF001 - as above
    pairs.append((searches._DATES, searches._DATE_SIGN))  # noqa: SLF001 - as above

    for search, sign in pairs:
        assert sign.search(text) or not search.search(text), search.pattern
