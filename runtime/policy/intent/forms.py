"""Forms of English words: which verb a word is a form of, and which noun a plural is of."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, TypeAlias

#: How a verb is used: as it stands in a dictionary, as "sending", or as "sent"
Form: TypeAlias = Literal["base", "gerund", "participle"]
_VOWELS: Final = frozenset("aeiou")
#: Verbs of which "sent", "written" and the like are not made by rule
PARTICIPLES: Final = {
    "begin": "begun",
    "bring": "brought",
    "build": "built",
    "buy": "bought",
    "catch": "caught",
    "choose": "chosen",
    "cut": "cut",
    "do": "done",
    "draw": "drawn",
    "drop": "dropped",
    "feed": "fed",
    "find": "found",
    "forget": "forgotten",
    "get": "got",
    "give": "given",
    "go": "gone",
    "grow": "grown",
    "hide": "hidden",
    "hit": "hit",
    "hold": "held",
    "keep": "kept",
    "lay": "laid",
    "lead": "led",
    "leave": "left",
    "lend": "lent",
    "let": "let",
    "lose": "lost",
    "make": "made",
    "meet": "met",
    "overwrite": "overwritten",
    "pay": "paid",
    "put": "put",
    "read": "read",
    "redo": "redone",
    "repay": "repaid",
    "reset": "reset",
    "resend": "resent",
    "rewrite": "rewritten",
    "run": "run",
    "say": "said",
    "sell": "sold",
    "send": "sent",
    "set": "set",
    "shoot": "shot",
    "show": "shown",
    "shut": "shut",
    "speak": "spoken",
    "spend": "spent",
    "take": "taken",
    "tell": "told",
    "throw": "thrown",
    "undo": "undone",
    "withdraw": "withdrawn",
    "write": "written",
}
_SHORTEST_PLURAL: Final = 4
#: Verbs of two syllables of which the last letter is not doubled
_SINGLE: Final = frozenset(
    {"edit", "visit", "enter", "cover", "alter", "open", "order", "offer"}
)


def forms(verb: str) -> Iterator[tuple[str, Form]]:
    """Yield each form of *verb* with its use; the past is none of them, where it differs."""
    yield verb, "base"
    stem = _stem(verb)
    yield (verb[:-2] + "ying" if verb.endswith("ie") else stem + "ing"), "gerund"
    participle = PARTICIPLES.get(verb)
    if participle is None:
        participle = verb[:-1] + "ied" if _ends_in_y(verb) else stem + "ed"
    if participle != verb:
        yield participle, "participle"
    if verb in {"cancel", "label", "travel", "signal"}:
        yield verb + "ling", "gerund"
        yield verb + "led", "participle"


@lru_cache(maxsize=4_096)
def singular(noun: str) -> str:
    """Return the noun of which *noun* is the plural, or *noun*."""
    if len(noun) < _SHORTEST_PLURAL or noun.endswith(("ss", "us", "is", "news")):
        return noun
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    if noun.endswith(("sses", "shes", "ches", "xes", "zes")):
        return noun[:-2]
    return noun.removesuffix("s")


def _ends_in_y(verb: str) -> bool:
    return verb.endswith("y") and len(verb) > 1 and verb[-2] not in _VOWELS


def _stem(verb: str) -> str:
    """Return *verb* as it stands before an ending that begins with a vowel."""
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")):
        return verb[:-1]
    short = len(verb) > len("do") and verb[-1] not in _VOWELS | set("wxy")
    short = short and verb[-2] in _VOWELS and verb[-3] not in _VOWELS
    one_syllable = sum(letter in _VOWELS for letter in verb) == 1
    doubles = one_syllable or verb.endswith(("fer", "mit", "gin", "cel", "bel"))
    if short and doubles and verb not in _SINGLE and not verb.endswith(("cel", "bel")):
        return verb + verb[-1]
    return verb


def listed(text: str) -> frozenset[str]:
    """Return the words of *text*."""
    return frozenset(text.split())
