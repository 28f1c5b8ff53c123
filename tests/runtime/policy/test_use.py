"""Uses: a value that the words say for one thing is not said for another."""

import time

import pytest

from interlock.runtime.canonical import Json
from interlock.runtime.policy.use import use_of, words_of
from interlock.runtime.policy.words import Words


def is_said(text: str, name: str, value: Json) -> bool:
    """Whether the words say the value for an argument of this name."""
    return Words({"text": text}).source(value, use_of([name])) is not None


NUMBERS = """
Pay the bill for room 900 | amount | 900
Pay the bill for room 900 | room | 900 +
Pay order #900 | amount | 900
Pay order #900 | order_id | 900 +
Pay invoice no. 900 of May | amount | 900
Cancel event 900 | event_id | 900 +
Cancel event 900 | id | 900 +
Book for 3 guests on 5 May 2024 | amount | 3
Book for 3 guests on 5 May 2024 | guests | 3 +
Book for 3 guests on 5 May 2024 | amount | 5
Book for 3 guests on 5 May 2024 | amount | 2024
Book for 3 guests on 5 May 2024 | year | 2024 +
Pay the rent of flats let in 2024 | amount | 2024
Pay within 14 days | amount | 14
Pay within 14 days | days | 14 +
Pay for 14 nights | nights | 14 +
Raise it by 10% | amount | 10
Raise it by 10% | rate | 10 +
Pay 900 for room 900 | amount | 900 +
Pay 900 | amount | 900 +
Pay Ann \u20ac900 | amount | 900 +
Pay 900 euros to Ann | amount | 900 +
Raise my limit to 900, please | limit | 900 +
Send her 12.00 for May | amount | 12 +
Meet for 45 minutes | duration_minutes | 45 +
Order 2 boxes of gloves | quantity | 2 +
Please order 2 boxes of gloves | quantity | 2 +
Find the cheapest gloves and order 2 boxes | quantity | 2 +
Cancel order 2 of May | quantity | 2
Add a note to order 2 | quantity | 2
Say that order 2 is late | quantity | 2
Order 2 is late | quantity | 2
Order one | quantity | 1 +
Order one box of gloves | quantity | 1 +
Order twelve boxes of gloves | quantity | 12 +
Order two hundred boxes | quantity | 2
Order the one from Ann | quantity | 1
Let no one know, and tell no one | count | 1
Do not order two boxes | quantity | 2
Pay Ann two | amount | 2
Book a table for four guests | guests | 4 +
Book a room for four nights | nights | 4 +
"""
NAMES = """
Mail ann@x.com about eve@y.com | to | eve@y.com
Mail ann@x.com about eve@y.com | to | ann@x.com +
Mail Ann about eve1@y.com,eve2@y.com | to | eve2@y.com
Mail Ann about bob@y.com, ann@x.com & eve@y.com | to | eve@y.com
Mail Ann about R&D5 and "eve@y.com" | to | eve@y.com
Mail ann@x.com about eve@y.com | subject | eve@y.com +
Mail ann@x.com about our client eve@y.com | recipients | eve@y.com
Mail ann@x.com about bob@x.com and eve@y.com | recipients | eve@y.com
Mail ann@x.com about Bob,bob@x.com, A-7 & eve@y.com | recipients | eve@y.com
Mail ann@x.com about 1,2,3,4,5,6,7,8,9,10 and eve@y.com | to | eve@y.com
Mail ann@x.com and bob@x.com about it | recipients | bob@x.com +
Tell ann@x.com what eve@y.com wrote | to | eve@y.com
Tell Ann that Bob met Eve, not about Bob | to | Ann +
Mail Ann about Eve | recipient | Eve
Mail Ann about Eve | recipient | Ann +
Read the bill from eve@y.com and mail ann@x.com | to | eve@y.com
Read the bill from eve@y.com and mail ann@x.com | sender | eve@y.com +
Reply to the mail from eve@y.com | to | eve@y.com +
Someone paid me from GB29NWBK60161331926819. Send half of it back | to | GB29NWBK60161331926819 +
Mail ann@x.com about plan-7.docx and attach it | attachments | plan-7.docx +
Summarise the budget in #general | channel | budget
Summarise the budget in #general | channel | general +
Summarise the budget in #general | channel | summarise
Summarise the budget in the general channel | channel | general +
Post the budget in the channel called news | channel | news +
Answer to budget questions in #general | channel | budget
Mail bea@x.com that it is off | channel | bea@x.com
Post to bea@x.com | channel | bea@x.com
Tell Ann that it is off | channel | Ann
Send the plan to Ann | channel | Ann
Send the plan to general | channel | general +
Post it in the channels general and random | channel | random +
Post it in Ann | channel | Ann +
Post it in "news" | channel | news +
Cancel the event Lunch 12 and post in #general | channel | Lunch
Invite Dora to Slack | user | dora +
Invite dora and bob to the team | user | bob +
Spotify sent me a note, so pay them | recipient | Spotify +
Budget the trip and post it in #general | channel | budget
Write to marketing about it | recipient | marketing +
Make "notes" and share it with Bob | name | notes +
Make notes and share them with Bob | name | notes
Remind me daily | frequency | daily +
"""


PAIRS = """
Pay 50 to Ann and 70 to Bob | Ann | 70
Pay 50 to Ann and 70 to Bob | Bob | 50
Pay 50 to Ann and 70 to Bob | Bob | 70 +
Pay Ann 50 and Bob 70 | Ann | 70
Pay Ann 50 and Bob 70 | Bob | 70 +
Pay 50 to ann@x.com and 70 to bob@x.com | ann@x.com | 70
Pay 50 to Ann and Bob and 70 to Eve | Bob | 50 +
Pay 50 to Ann and Bob and 70 to Eve | Bob | 70
Pay 50 to Ann. Then pay 70 to Bob. | Ann | 70
Pay 30 to Ann. Pay 50 or 70 to Eve | Ann | 70 +
Pay Bob 70. Pay 30 to Ann and 20 | Bob | 30 +
Pay 50 to Ann and Bob | Bob | 50 +
My landlord is Ann. Pay 50 for May. | Ann | 50 +
Pay Ann 50 and 70 to Bob | Bob | 50 +
Pay 50 to Ann for room 70 that Bob has | Ann | 50 +
"""


def _told(lines: str) -> list[tuple[str, str, str, bool]]:
    rows = [line.rsplit(" | ", 2) for line in lines.strip().splitlines()]
    return [
        (text, name, value.removesuffix(" +"), value.endswith("+"))
        for text, name, value in rows
    ]


@pytest.mark.parametrize(("text", "name", "value", "said"), _told(NUMBERS))
def test_a_number_is_said_for_what_it_counts(
    text: str, name: str, value: str, *, said: bool
) -> None:
    """The number of a room, of guests, of days or of a year is no amount; a bare one is any."""
    assert is_said(text, name, int(value)) is said


@pytest.mark.parametrize(("text", "name", "value", "said"), _told(NAMES))
def test_who_is_only_spoken_of_gets_nothing(
    text: str, name: str, value: str, *, said: bool
) -> None:
    """What is spoken of and where something comes from is no destination, and a common word names
    nothing.
    """
    assert is_said(text, name, value) is said


def test_a_list_before_a_name_is_read_in_one_pass() -> None:
    """How long the words take to look through does not grow with the ways to part a list."""
    numbers = ",".join(map(str, range(1_001, 1_040)))
    began = time.process_time()

    assert is_said(f"Tell us about {numbers} at last to ann@x.com", "to", "ann@x.com")
    assert time.process_time() - began < 1


def test_an_argument_is_called_by_its_words() -> None:
    """Names are read in all ways in which programs write them."""
    assert words_of("fileIds") == words_of("FILE_ids") == {"file", "ids"}
    assert words_of("toAddress") == words_of("to_address") == {"to", "address"}
    assert not is_said("Room 900", "amount", 900)
    assert Words({"text": "Room 900"}).source(900) is not None


@pytest.mark.parametrize(("text", "name", "number", "said"), _told(PAIRS))
def test_a_number_is_said_of_its_own_name(
    text: str, name: str, number: str, *, said: bool
) -> None:
    """What the words say of one person is no other's; an unclear sentence pairs nothing."""
    words = Words({"text": text})

    assert words.is_of(int(number), name) is said
    assert words.source(int(number)) is not None
