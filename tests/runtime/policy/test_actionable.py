"""Actionable content: what a reader would follow or pay to is seen through its disguises."""

import pytest

from interlock.runtime.policy.actionable import LONGEST, MOST, actionable


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
