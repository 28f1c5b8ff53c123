"""Asked: what the words name for one effect is told apart from what they name for another."""

import time
from typing import Final

import pytest

from interlock.runtime.policy.asked import MOST_PARTS, Asked, Reader, Taken, form_of
from interlock.runtime.policy.intent.vocabulary import Vocabulary, vocabulary
from interlock.serving.policy.rails import rails

READER: Final = Reader(vocabulary(rails().data["rails"]["config"]["intent"]))
APART: Final = "Delete plan.docx and share the file minutes.txt with bea@x.com."


def asked(text: str) -> Asked:
    """Return what the words ask for."""
    return READER.asked([text])


def taking(*names: str, is_destination: bool = False) -> Taken:
    """Return an argument of one value, which may go by these names."""
    return Taken(is_destination=is_destination, values=[frozenset(names)])


def told(text: str, name: str, to: str = "") -> tuple[str, ...]:
    """Return for which effects the words name something else than *name*."""
    taken = {"id": taking(name)}
    if to:
        taken["to"] = taking(to, is_destination=True)
    return asked(text).misplaced(taken).get("id", ())


def test_each_effect_takes_what_the_words_name_for_it() -> None:
    """Of two files of which one is to be deleted and one to be shared, neither is the other."""
    assert told(APART, "minutes.txt", "bea@x.com") == ("file.delete",)
    assert told(APART, "plan.docx", "bea@x.com") == ("file.share",)


def test_what_the_words_do_not_name_is_not_told() -> None:
    """What proves such a value is not the words' business."""
    assert told(APART, "other.docx") == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            "Open plan.docx, delete the file and share the file a.txt with bea@x.com.",
            "file.delete",
        ),
        ("Create plan.docx and share the file with bea@x.com.", "file.share"),
        ("Create plan.docx and share it with bea@x.com.", "file.share"),
        (
            "Create plan.docx. Share that file with bea@x.com as in notes.txt.",
            "file.share",
        ),
        (
            "Create plan.docx and share the file with bea@x.com for the Summer Party.",
            "file.share",
        ),
        ("Rename minutes.txt to plan.docx and delete plan.docx.", "file.delete"),
        (
            "Delete minutes.txt, plan.docx and share the file a.txt with bea@x.com.",
            "file.delete",
        ),
        ("Read plan.docx and share the file a.txt with bea@x.com.", "file.share"),
    ],
)
def test_what_is_not_clear_is_misplaced_in_nothing(text: str, kind: str) -> None:
    """A pronoun, a list, a part that names nothing of that form, or that asks for nothing."""
    assert kind in READER.asked([text]).kinds
    assert kind not in told(text, "plan.docx", "bea@x.com")


def test_who_is_named_for_one_effect_gets_nothing_of_another() -> None:
    """A recipient of a mail is none of a file, also beside the right one in a list."""
    words = "Mail ann@x.com the plan, and share the file minutes.txt with bea@x.com."
    both = Taken(
        is_destination=True,
        values=[frozenset({"ann@x.com"}), frozenset({"bea@x.com"})],
    )

    assert asked(words).misplaced({"to": both}) == {
        "to": ("file.share", "message.send")
    }
    ann = taking("ann@x.com", is_destination=True)
    assert asked(words).misplaced({"to": ann}) == {"to": ("file.share",)}


def test_an_object_that_has_one_of_its_names_there_is_not_misplaced() -> None:
    """A file that was renamed goes by both of its names."""
    words = "Rename plan.docx to final.docx and delete final.docx."
    renamed = {"id": taking("plan.docx", "final.docx")}

    assert asked(words).misplaced(renamed) == {}
    assert told(words, "plan.docx") == ("file.delete",)


def test_words_of_too_many_parts_and_without_a_vocabulary_tell_nothing() -> None:
    """Where nobody can tell the parts apart nothing is misplaced."""
    long = "Delete a.txt. " * (MOST_PARTS + 1) + APART

    assert told(long, "minutes.txt") == ()
    assert Reader(Vocabulary({}, {})).asked([APART]).kinds == frozenset()


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("ann@x.com", "address"),
        ("gb29nwbk60161331926819", "account"),
        ("minutes of may.txt", "file"),
        ("lunch 12", "word"),
    ],
)
def test_a_name_has_the_form_in_which_people_write_it(name: str, form: str) -> None:
    """One form stands for no other."""
    assert form_of(name) == form


@pytest.mark.parametrize(
    "text", ["a " * 8_000, "and " * 4_000, "A.b" * 5_000, "@" * 16_000]
)
def test_no_words_take_long_to_part(text: str) -> None:
    """Whatever stands in the words, they are parted in bounded time."""
    began = time.process_time()
    asked(text)

    assert time.process_time() - began < 5
