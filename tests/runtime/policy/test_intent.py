"""Intent: what words ask for, and all that only looks as if it did."""

import time
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from interlock.runtime.policy.intent import LONGEST, MOST_TOKENS, derive
from interlock.runtime.policy.intent.vocabulary import Vocabulary, vocabulary

HERE: Final = Path(__file__).parent
DATA: Final = Path(__file__).parents[3] / "policies" / "rails" / "config" / "intent"


@pytest.fixture(scope="module")
def shipped() -> Vocabulary:
    """The vocabulary of the shipped policy."""
    return vocabulary(yaml.safe_load((DATA / "data.yaml").read_text("utf-8")))


@pytest.fixture(scope="module")
def sentences() -> Any:
    """Sentences of our own, with what each asks for."""
    return yaml.safe_load((HERE / "sentences.yaml").read_text("utf-8"))


def test_what_is_asked_for_is_licensed(shipped: Vocabulary, sentences: Any) -> None:
    """A request in ordinary English licenses the kinds of effect that it names."""
    missed = [
        (sentence, kind)
        for kinds, asked in sentences["asks"].items()
        for sentence in asked
        for kind in kinds.split(" and ")
        if kind not in derive([sentence], shipped)
    ]

    assert missed == []


def test_what_is_not_asked_for_licenses_nothing(
    shipped: Vocabulary, sentences: Any
) -> None:
    """Questions, denials, quotations, conditions and what is past license nothing at all."""
    licensed = {
        sentence: intent
        for sentence in sentences["nothing"]
        if (intent := derive([sentence], shipped))
    }

    assert licensed == {}


def test_beside_what_is_asked_for_nothing_is_licensed(
    shipped: Vocabulary, sentences: Any
) -> None:
    """Of words that ask, forbid and ask again, what they ask for is licensed and no more."""
    wrong = {
        case["words"]: intent
        for case in sentences["only"]
        if set(intent := derive([case["words"]], shipped)) != set(case["kinds"])
    }

    assert wrong == {}


def test_what_only_looks_like_it_is_not_licensed(
    shipped: Vocabulary, sentences: Any
) -> None:
    """Words that ask for one kind of effect, and look as if they asked for another, do not."""
    wrong = {
        case["words"]: intent
        for case in sentences["never"]
        if set(case["kinds"]) & set(intent := derive([case["words"]], shipped))
    }

    assert wrong == {}


def test_what_is_taken_back_is_what_the_same_text_said(shipped: Vocabulary) -> None:
    """A withdrawal in one text of a request takes nothing back that another text asks for."""
    texts = ["Pay the rent.", "Delete log.txt. Never mind."]

    assert (
        derive(texts, shipped) == derive(texts[::-1], shipped) == {"payment.make": None}
    )


def test_a_number_is_a_limit(shipped: Vocabulary, sentences: Any) -> None:
    """Where the words say how many, the intent does; numbers of one kind add up."""
    wrong = {
        case["words"]: intent
        for case in sentences["numbers"]
        if (intent := derive([case["words"]], shipped)).get(case["kind"], 0)
        != case["number"]
    }

    assert wrong == {}


@pytest.mark.parametrize(
    "words",
    [
        [],
        [""],
        ["Send a mail to Bob. " + "x" * LONGEST],
        ["Send a mail to Bob.\x00"],
        ["Send a mail to Bob.\ud800"],
        ["Send a mail to Bob.", "\ue000"],
    ],
)
def test_words_that_cannot_be_read_license_nothing(
    shipped: Vocabulary, words: list[str]
) -> None:
    """No words, too many, or such as nobody writes: nothing is licensed by any of them."""
    assert derive(words, shipped) == {}


def test_a_sentence_without_end_licenses_nothing(shipped: Vocabulary) -> None:
    """The longest sentence that is read licenses; with one more word no words license anything."""
    longest = "Pay the bill" + " now" * (MOST_TOKENS - 3)

    assert derive([longest + "."], shipped) == {"payment.make": None}
    assert derive([longest + " now.", "Pay the rent."], shipped) == {}


@pytest.mark.parametrize(
    "part",
    [
        "not send ",
        "send ",
        "get it ",
        "I would like to have it sent ",
        "send a mail to ann and ",
        "use it to ",
        "a: ",
        "write to him ",
        "for a day in the year of ",
    ],
)
def test_no_words_are_dear_to_read(shipped: Vocabulary, part: str) -> None:
    """One sentence as long as words may be, and the longest that is read whole, cost little."""
    unending = (part * LONGEST)[:LONGEST]
    sentence = " ".join(part.split() * MOST_TOKENS).split(" ")[: MOST_TOKENS // 2]
    many = (" ".join(sentence) + ". ") * LONGEST
    began = time.process_time()

    derive([unending], shipped)
    derive([many[:LONGEST]], shipped)
    assert time.process_time() - began < 6


@pytest.mark.parametrize(
    "data",
    [None, [], "all", {}, {"kinds": {}}, {"things": {}, "kinds": {"x": ["send"]}}],
)
def test_a_vocabulary_that_cannot_be_read_licenses_nothing(data: Any) -> None:
    """Of data in another form no word is known."""
    assert derive(["Send a mail to Bob."], vocabulary(data)) == {}


def test_the_same_words_always_license_the_same(shipped: Vocabulary) -> None:
    """The order of texts and what was read before change nothing that a text licenses."""
    texts = ["Pay the rent.", "Delete log.txt."]
    alone = derive(texts[:1], shipped) | derive(texts[1:], shipped)

    assert derive(texts, shipped) == alone == derive(texts[::-1], shipped)
