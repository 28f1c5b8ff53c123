"""Phrases: what a verb is about, and what comes with it after a preposition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from interlock.runtime.policy.intent.addressed import (
    ASKING,
    DETERMINERS,
    is_for_me,
    is_for_others,
)
from interlock.runtime.policy.intent.clauses import Clause
from interlock.runtime.policy.intent.forms import listed
from interlock.runtime.policy.intent.reading import Token
from interlock.runtime.policy.intent.vocabulary import Verb, Vocabulary

_PREPOSITIONS: Final = listed(
    "to in into on onto at from off as with of under for by within inside via through "
    "over"
)
#: Of these, those that say where something goes
_WHERE: Final = listed("to in into on onto at from off")
_BEING: Final = listed("is are was were been being")
#: After these comes what something is about, which is no place of it
_TOPIC: Final = frozenset(
    [
        "about",
        "regarding",
        "concerning",
        "re",
        "titled",
        "called",
        "named",
        "saying",
        "stating",
    ]
)
#: After these comes another clause
_RELATIVE: Final = listed(
    "that which who whom whose because if when where while so unless until before after "
    "since saying"
)
_PRONOUNS: Final = frozenset(["it", "them", "this", "that", "these", "those", "one"])
#: What comes with something that is there already
_DEFINITE: Final = listed("the my your his her our their its this that these those")
_NUMBERS: Final = {
    "one": 1,
    "two": 2,
    "both": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_MOST: Final = 1_000
#: In the singular after a number, they say of what kind a thing is: "a two line summary"
_MEASURES: Final = listed(
    "line page word sentence paragraph slide point item step part piece column star person"
    " minute hour day night week month year euro dollar pound franc"
)
#: Tokens before a participle that may say what it is about
_BACK: Final = 8


@dataclass(frozen=True, slots=True)
class Phrase:
    """What stands with one verb, as groups of things."""

    things: frozenset[str]
    #: Groups of places, each with the preposition before it
    placed: frozenset[tuple[str, str]]
    #: It says where or to what, whether that is known or not
    has_place: bool
    #: Group -> how many of it are named, where a number is
    numbers: dict[str, int | None]
    #: It says "it" or nothing at all, so what was mentioned before is meant
    has_pronoun: bool
    #: It says "to it" or "there", so the place is what was mentioned before
    points_back: bool
    #: It is not for the principal, and for somebody
    is_for_others: bool
    #: It is for the principal: "give me", "to me"
    is_for_me: bool
    #: It is about something that is there already: "the ticket", "ticket 5", "plan.docx"
    is_known: bool
    #: It is directly about names of people and nothing else
    is_of_names: bool
    #: It names somebody or something of its own
    is_narrow: bool
    words: frozenset[str]

    @property
    def places(self) -> frozenset[str]:
        """The groups of places, after whatever preposition."""
        return frozenset(group for _, group in self.placed)

    def number_of(self, groups: frozenset[str]) -> int | None:
        """Return how many of one of *groups* are named, or None where no number is."""
        named = [self.numbers[group] for group in groups & self.numbers.keys()]
        return (
            max(filter(None, named), default=None)
            if named and None not in named
            else None
        )


def phrase_of(
    clauses: Sequence[Clause], at: int, verb: Verb, vocabulary: Vocabulary
) -> Phrase:
    """Return what stands with the *verb* at this place of the first of *clauses*.

    What is to be "cancelled" stands before that word.
    """
    parts = _parts(clauses, at, verb, vocabulary)
    numbers, placed = _groups(parts, vocabulary)
    things = frozenset(numbers)
    tokens = [token for part in parts for token in part]
    others = [token for part in parts[1:] for token in part]
    direct, _ = _apart(parts[0])
    is_bare = _has_pronoun(direct) and not things
    return Phrase(
        things=things,
        placed=frozenset(placed),
        has_place=is_bare or _is_placed(tokens),
        numbers=numbers,
        has_pronoun=is_bare,
        points_back=_points_back(parts[0]),
        is_for_others=is_for_others(direct, parts[0], vocabulary),
        is_for_me=is_for_me(direct, parts[0]) and not any(map(_is_own, others)),
        is_known=_is_known(direct),
        is_of_names=_is_of_names(direct),
        is_narrow=any(map(_is_own, tokens)),
        words=frozenset(token.text for token in tokens),
    )


def _groups(
    parts: Sequence[Sequence[Token]], vocabulary: Vocabulary
) -> tuple[dict[str, int | None], set[tuple[str, str]]]:
    """Return the groups of what the parts are about, each with its number, and of the places."""
    numbers: dict[str, int | None] = {}
    placed: set[tuple[str, str]] = set()
    for part in parts:
        direct, rest = _apart(part)
        groups, number = _head(direct, vocabulary)
        numbers |= dict.fromkeys(groups, number)
        placed |= _placed(rest, vocabulary)
    return numbers, placed


def _has_pronoun(direct: Sequence[Token]) -> bool:
    if direct and direct[0].text in ASKING:
        return False
    return not direct or any(token.text in _PRONOUNS for token in direct[:2])


def _is_of_names(direct: Sequence[Token]) -> bool:
    return bool(direct) and all(token.is_name for token in direct)


def _is_placed(tokens: Sequence[Token]) -> bool:
    return any(token.text in _PREPOSITIONS for token in tokens)


def _points_back(tokens: Sequence[Token]) -> bool:
    """Whether the place is said by "there" or "to it", and it is not told what is "in it"."""
    texts = [token.text for token in tokens]
    whence = zip(["", *texts], texts, texts[1:], strict=False)
    return texts[:1] == ["there"] or any(
        before not in _BEING and word in _WHERE and after in _PRONOUNS
        for before, word, after in whence
    )


def _is_own(token: Token) -> bool:
    is_named = token.is_name and token.text != "i"
    return is_named or token.shape != "word"


def _parts(
    clauses: Sequence[Clause], at: int, verb: Verb, vocabulary: Vocabulary
) -> list[Sequence[Token]]:
    """Return the tokens that the verb is about: of its clause, and of those that go on with it."""
    first = clauses[0].tokens
    tokens = first[at + verb.length :]
    if verb.form == "participle":
        tokens = (*first[max(0, at - _BACK) : at], *tokens)
    parts: list[Sequence[Token]] = [tokens]
    for clause in clauses[1:]:
        if not _goes_on(clause, vocabulary):
            break
        parts.append(clause.tokens)
    return parts


def _goes_on(clause: Clause, vocabulary: Vocabulary) -> bool:
    """Whether a clause is one more thing of the verb before, and no clause of its own."""
    first = clause.tokens[0]
    if first.shape != "word" or first.text in DETERMINERS or first.text in _NUMBERS:
        return True
    if any(True for verb in vocabulary.verb(clause.tokens, 0) if verb.form == "base"):
        return False
    return bool(vocabulary.thing(clause.tokens, 0)[0]) or first.is_name


def _apart(tokens: Sequence[Token]) -> tuple[list[Token], list[Token]]:
    """Return what the verb is directly about, and the rest with its prepositions."""
    for index, token in enumerate(tokens):
        is_that = token.text in _RELATIVE and not (token.text == "that" and index == 0)
        if token.text in _PREPOSITIONS or token.text in _TOPIC or is_that:
            return list(tokens[:index]), list(tokens[index:])
    return list(tokens), []


def _head(
    tokens: Sequence[Token], vocabulary: Vocabulary
) -> tuple[frozenset[str], int | None]:
    """Return the groups of the last thing that is named, and how many of it are."""
    groups: frozenset[str] = frozenset()
    number: int | None = None
    count: int | None = None
    at = 0
    while at < len(tokens):
        said = _number(tokens[at])
        if said is not None and _is_measure(tokens[at + 1 :], said):
            at += 2
            continue
        count = count if said is None else said
        thing, length = vocabulary.thing(tokens, at)
        if thing:
            groups, number = thing, count
        at += length
    return groups, number


def _number(token: Token) -> int | None:
    is_number = token.shape == "number" and token.text.isdecimal()
    if is_number and int(token.text) <= _MOST:
        return int(token.text)
    return _NUMBERS.get(token.text)


def _is_measure(follows: Sequence[Token], number: int) -> bool:
    """Whether a number says how long or how large the thing after it is, not how many."""
    return number > 1 and len(follows) > 1 and follows[0].text in _MEASURES


def _placed(tokens: Sequence[Token], vocabulary: Vocabulary) -> set[tuple[str, str]]:
    """Return the groups of the last thing after each preposition, with the preposition."""
    placed: set[tuple[str, str]] = set()
    part: list[Token] = []
    before = ""
    for token in [*tokens, Token("to")]:
        if token.text == "that" and before and not part:
            continue
        if token.text in _RELATIVE:
            break
        if token.text not in _PREPOSITIONS and token.text not in _TOPIC:
            part.append(token)
            continue
        placed |= _after(before, part, vocabulary)
        part, before = [], token.text if token.text in _PREPOSITIONS else ""
    return placed | _after(before, part, vocabulary)


def _after(
    preposition: str, tokens: Sequence[Token], vocabulary: Vocabulary
) -> set[tuple[str, str]]:
    if not preposition:
        return set()
    return {(preposition, group) for group in _head(tokens, vocabulary)[0]}


def _is_known(direct: Sequence[Token]) -> bool:
    """Whether what is named has an article of its own, or is a file, or has a number after it."""
    return bool(direct) and (
        direct[0].text in _DEFINITE or direct[-1].shape in {"number", "file"}
    )
