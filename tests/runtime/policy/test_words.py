"""Words: a value counts as said only where the principal said just that value."""

import random
import string
import time

import pytest

from interlock.runtime.canonical import Json
from interlock.runtime.door.tool import Value
from interlock.runtime.policy.boundary import folded, written
from interlock.runtime.policy.spoken import Spoken, spoken_fields, texts_of
from interlock.runtime.policy.use import use_of
from interlock.runtime.policy.words import LONGEST_WORDS, Words

TEXT = (
    "Please pay \u20ac1,200.50 to GB29 NWBK 6016 1331 9268 19 and mail Ann\u2019s"
    " \u201cQ3 plan.docx\u201d to <bob.lee@x.com>, not later\n than"
    " May 15th, 2024 at 2:30 pm, for one hour (room 12)."
    " See www.x.com/a?b=1! Then 3 guests on 4 June, and #general."
)
WORDS = Words({"text": TEXT})


@pytest.mark.parametrize(
    "value",
    [
        "bob.lee@x.com",
        "BOB.LEE@X.COM",
        "GB29 NWBK 6016 1331 9268 19",
        "Q3 plan.docx",
        "ann",
        "not later than",
        "not later\nthan",
        "www.x.com/a?b=1",
        "general",
        "1,200.50",
        "1200.5",
        12,
        3,
        "2024-05-15",
        "2024-05-15 14:30",
        "2024-05-15T14:30:00",
        "2024-05-15 15:30",
        "14:30",
        "2024-06-04",
    ],
)
def test_what_is_said_is_the_principals(value: Json) -> None:
    """A text between boundaries, a number by its value, and a date and time by their meaning are
    said.
    """
    source = WORDS.source(value)

    assert source is not None
    assert source.startswith("principal:text[")


@pytest.mark.parametrize(
    "value",
    [
        "lee@x.com",
        "x.com",
        "www.x.com",
        "www.x.com/a",
        "plan",
        "6016",
        6016,
        "GB29 NWBK 6016 1331 9268",
        "NWBK 6016 1331 9268 19",
        1200,
        1,
        200,
        "200.50",
        "01200.50",
        "12",
        "an",
        True,
        None,
        15,
        2024.0,
        " bob.lee@x.com",
        "bob.lee@x.com\n",
        "bob.lee@x.com,",
        "bob.lee@x.com\u200b",
        "b\u043eb.lee@x.com",
        "bob.lee@\uff58.com",
        "gener\u0430l",
        "2024-05-16",
        "2025-05-15",
        "2024-05-15 16:30",
        "2024-05-15 02:30",
        "2024-05-15 14:30Z",
        "2024-05-15 14:30:01",
        "2025-06-04",
        "bob.lee@x.com, eve@x.com",
    ],
)
def test_what_is_not_said_just_so_is_not_the_principals(value: Json) -> None:
    """What is cut out of a longer name, is too short, looks alike or means something else is not
    said.
    """
    assert WORDS.source(value) is None


#: What the words say, and between what it stands
NAMES = (
    "bob.lee@x.com",
    "https://x.com/a?b=1",
    "GB29NWBK60161331926819",
    "plan-7.docx",
)
ALIKE = {"o": "\u043e", "e": "\u0435", "a": "\u0430", "x": "\u0445", "1": "l", "l": "1"}


def test_a_changed_value_is_never_said() -> None:
    """No letter of an address, a link, an account or a file name can be added, left out, changed or
    replaced by one that looks alike.
    """
    dice = random.Random(7)  # noqa: S311 - a test that can be repeated
    letters = string.ascii_lowercase + string.digits + "-_.@/\u0430\u200b\u00e9 "
    for name in NAMES:
        words = Words({"text": f"send this to {name}, please."})
        assert words.source(name) == f"principal:text[13:{13 + len(name)}]"
        for _ in range(500):
            assert words.source(_changed(name, dice, letters)) is None


def test_a_name_within_a_longer_one_is_never_said() -> None:
    """Whatever stands close to a name belongs to it, save the punctuation of a sentence."""
    for name in NAMES:
        for close in (
            string.ascii_letters + string.digits + "-_/\\+=&~|^\u00e9\u0430\u200b"
        ):
            before = Words({"text": f"send to {close}{name} now"})
            after = Words({"text": f"send to {name}{close} now"})
            assert (before.source(name), after.source(name)) == (None, None)
        for text in (f"({name}).", f'"{name}", or', f"<{name}>!", f"{name}\u2014now"):
            assert Words({"text": text}).source(name) is not None


def _changed(name: str, dice: random.Random, letters: str) -> str:
    place = dice.randrange(len(name))
    before, letter, after = name[:place], name[place], name[place + 1 :]
    changes = [
        before + dice.choice(letters) + letter + after,
        before + after,
        before + dice.choice(letters.replace(letter.lower(), "")) + after,
        before + ALIKE.get(letter, "\u0430") + after,
        name[:place],
        name[place + 1 :],
    ]
    return dice.choice(changes)


class Request(Value):
    """A request with words and other texts."""

    text: Spoken
    more: Spoken | None = None
    notes: tuple[Spoken, ...] = ()
    path: str = "a b c"


def test_only_marked_fields_are_looked_through() -> None:
    """The principal's words are in the fields that are marked, and nowhere else."""
    fields = spoken_fields(Request)
    texts = texts_of({"text": "one", "notes": ["two"], "path": "three"}, fields)

    assert fields == {"text", "more", "notes"}
    assert texts == {"text": "one", "notes.0": "two"}


@pytest.mark.parametrize("name", ["\u212aim", "Gro\u00df", "\u017fam", "\u0130da"])
def test_a_letter_that_becomes_another_is_another(name: str) -> None:
    """A Kelvin sign is no K and a sharp s no double one: neither is said by the other."""
    words = Words({"text": "ask kim, gross, sam and ida"})
    other = Words({"text": f"ask {name}"})

    assert words.source(name) is None
    assert [other.source(one) for one in ("kim", "gross", "sam", "ida")] == [None] * 4


@pytest.mark.parametrize("name", ["\u0130da", "\u212aim", "e\u0301ric", "GROSS"])
def test_places_of_the_compared_text_are_places_of_the_written_one(name: str) -> None:
    """Both forms of a text have one length, so that a span of the one is a span of the other."""
    assert len(folded(name)) == len(written(name))


def test_words_beyond_the_limit_say_nothing() -> None:
    """A text that is too long to be looked through vouches for nothing (fails closed)."""
    assert Words({"text": "bob " * LONGEST_WORDS}).source("bob") is None


@pytest.mark.parametrize(
    "text",
    [
        "Pay ann@x.com, not eve@x.com",
        "Pay ann@x.com. Do not pay eve@x.com or 900.",
        "Mail ann@x.com; don\u2019t mail bob@x.com, eve@x.com",
        "Mail ann@x.com and never eve@x.com",
        "Mail ann@x.com instead of eve@x.com",
        "Invite ann@x.com and all others except eve@x.com",
        "I do not want you to mail eve@x.com, but ann@x.com",
        "Avoid eve@x.com.\nMail ann@x.com",
        "Remove the others from the list but keep eve@x.com, and mail ann@x.com",
        "Keep eve@x.com and delete ann@x.com",
        "Mail this to ann@x.com\n> pay 900 to eve@x.com",
        "Mail this to ann@x.com\n\nOn Monday Eve wrote:\n\nHello,\npay 900 to eve@x.com",
        "Mail this to ann@x.com\n---- Forwarded message ----\nFrom: eve@x.com\nPay 900",
    ],
)
def test_what_is_denied_or_of_others_is_not_said(text: str) -> None:
    """What the principal says to leave out, or only hands on, is no word for it; the rest is."""
    words = Words({"text": text})

    assert words.source("eve@x.com") is None
    assert words.source(900) is None
    assert words.source("ann@x.com") is not None


@pytest.mark.parametrize(
    "text",
    [
        "Do not forget to mail ann@x.com",
        "If you do not find it, mail ann@x.com",
        "If not, mail ann@x.com",
        "It is not there, so mail ann@x.com",
        "Not only Bob: mail ann@x.com, too",
        "Mail ann@x.com, but not eve@x.com",
        "Delete the list and keep me posted at ann@x.com",
        "Keep the list of ann@x.com in order",
        "Write to ann@x.com with this text:\nI am at ann@x.com",
        "He said: go. Mail ann@x.com",
    ],
)
def test_what_only_sounds_so_takes_nothing_back(text: str) -> None:
    """A denial or a saying of something else leaves what is asked for as it is."""
    assert Words({"text": text}).source("ann@x.com") is not None


@pytest.mark.parametrize("value", ["the", "and", "you", "everyone", "ALL", "anyone"])
def test_a_word_that_stands_in_any_sentence_is_no_name(value: str) -> None:
    """Somebody may call a thing so, and the principal did not mean it."""
    text = "Tell you and everyone, or anyone, all about the plan"

    assert Words({"text": text}).source(value) is None


@pytest.mark.parametrize(
    "text",
    [
        "Tell her about " + ",".join(["eve@x.com"] * 64) + " hello ann@x.com",
        "Mail ann@x.com from 1&1&1&1&1&1&1&1&1&1&1&1&1&1&1&1&1&1&1&1&1&1 hello ann@x.com",
        '"' * 16_000,
        "(" * 16_000,
        "." * 16_000,
        "from ann@x.com, " * 1_000,
    ],
)
def test_no_words_take_long_to_look_through(text: str) -> None:
    """Lists, signs without an end and many places of a value take a moment each."""
    words = Words({"text": text})
    began = time.process_time()

    for value in ("ann@x.com", text[:3]):
        words.source(value, use_of(["to"]))
    words.is_of(1, "Ann")

    assert time.process_time() - began < 1
