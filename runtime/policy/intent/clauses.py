"""Clauses: which parts of a sentence ask for something, and which state, ask or forbid.

English says by its word order what a sentence is: "send it", "can you send it" and "I want you to
send it" ask; "Anna sent it", "did you send it", "if he sends it" do not; "do not send it" forbids.
What has none of the forms of a request asks for nothing (fails closed).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from interlock.runtime.policy.intent.forms import Form
from interlock.runtime.policy.intent.grammar import (
    AT_MOST,
    BARE,
    BY,
    CALLED,
    DESCRIBING,
    FARTHEST,
    FOR_US,
    FORBIDDEN_TO,
    FORBIDS,
    GERUND,
    GOING_ON,
    JOINTS,
    LEADS,
    LONGEST_NAME,
    MAKE_BELIEVE,
    MARKS,
    NAMED,
    NOT,
    NOT_YOU,
    NOTHING,
    OBJECTS,
    OF_NOUNS,
    ON_ING,
    OPENING,
    PASSIVE,
    PAST,
    PLEASE,
    PLEASED,
    PREPOSED,
    RESERVED,
    SAYING,
    SPLICED,
    STATE,
    SUPPOSE,
    SURE,
    THERE,
    TURN,
    TWICE,
    UNPAID,
    WHEN,
    WISHED,
    WONDER,
)
from interlock.runtime.policy.intent.reading import Sentence, Token

#: What a clause does
Mood: TypeAlias = Literal["asks", "forbids", "states", "wonders", "supposes"]


@dataclass(frozen=True, slots=True)
class Clause:
    """The tokens between two marks or joints of a sentence."""

    tokens: tuple[Token, ...]
    #: What joins it to the clause before: words and marks
    joints: frozenset[str]
    mood: Mood

    def asks_at(
        self,
        at: int,
        form: Form,
        *,
        is_noun: bool,
    ) -> bool | None:
        """Whether the verb at this place is asked for; False where forbidden, None for neither."""
        left = _plain(_text(self.tokens[:at]))
        if NAMED.search(left) or _is_in_name(self.tokens, at):
            return None
        if UNPAID.match(_text(self.tokens[at:])):
            return None
        follows = _text(self.tokens[at + 1 :])
        if self.mood != "forbids" and RESERVED.search(follows):
            return None
        if _is_asked(self, left, at, form, is_noun=is_noun):
            return self.mood != "forbids" and not _is_of_nothing(self.tokens[at + 1 :])
        return False if NOT.search(left) else None


def clauses(sentence: Sentence) -> list[Clause]:
    """Return the clauses of *sentence* with their moods, each in the light of those before."""
    result: list[Clause] = []
    for tokens, joints in _parts(sentence.tokens):
        if result and all(token.is_name or token.shape != "word" for token in tokens):
            result.append(
                Clause(
                    tokens,
                    joints,
                    result[-1].mood,
                )
            )  # one more of a list
            continue
        mood = _own_mood(
            tokens,
            is_question=sentence.is_question,
            is_first=not result,
        )
        if mood is None:
            mood = _bare_mood(tokens, joints, result, is_question=sentence.is_question)
        result.append(
            Clause(
                tokens,
                joints,
                mood,
            )
        )
    return result


def _parts(tokens: Sequence[Token]) -> list[tuple[tuple[Token, ...], frozenset[str]]]:
    parts: list[tuple[tuple[Token, ...], frozenset[str]]] = []
    part: list[Token] = []
    joints: set[str] = set()
    for token in tokens:
        if token.text not in MARKS and token.text not in JOINTS:
            part.append(token)
            continue
        if part:
            parts.append((tuple(part), frozenset(joints)))
            part, joints = [], set()
        joints.add(token.text)
    if part:
        parts.append((tuple(part), frozenset(joints)))
    return parts


def _bare_mood(
    tokens: Sequence[Token],
    joints: frozenset[str],
    earlier: Sequence[Clause],
    *,
    is_question: bool,
) -> Mood:
    """Return what a clause does that begins with a verb: it goes on with the clause before."""
    before = earlier[-1] if earlier else None
    if before is not None and MAKE_BELIEVE.match(_text(before.tokens)):
        return "supposes"
    if before is None or (before.mood == "supposes" and not joints & GOING_ON):
        is_wish = FOR_US.search(_text(tokens)) is not None
        return "wonders" if is_question and not is_wish else "asks"
    turns = "but" in joints or TURN.match(_text(tokens)) is not None
    if before.mood == "forbids" and turns:
        return "asks"
    is_spliced = before.mood == "states" and not joints & GOING_ON
    is_long = len(before.tokens) >= SPLICED and len(tokens) > 1
    if is_spliced and is_long and not is_question:
        return "asks"
    return before.mood


def _own_mood(
    tokens: Sequence[Token],
    *,
    is_question: bool,
    is_first: bool,
) -> Mood | None:
    """Return what a clause does by its own form; None for one that begins with a verb, or so."""
    text = _plain(_text(tokens))
    is_please = PLEASED.search(text) is not None and not SAYING.search(text)
    if is_please or any(_reaches(lead, text) for lead in LEADS[1:-1]):
        return "asks"
    if FORBIDS.match(text):
        return "forbids"
    return _stated_mood(
        tokens,
        text,
        is_question=is_question,
        is_first=is_first,
    )


def _stated_mood(
    tokens: Sequence[Token],
    text: str,
    *,
    is_question: bool,
    is_first: bool,
) -> Mood | None:
    first = OPENING.sub("", text).split(" ", 1)[0]
    if first in SUPPOSE and not (first in WONDER and is_question):
        return "supposes"
    if first in WONDER and (is_question or first not in {"do", "have"}):
        return "wonders"
    raw = _text(tokens)
    place = len(raw.split()) - len(OPENING.sub("", raw).split())
    is_named = place < len(tokens) and tokens[place].is_name
    is_subject = is_named and not (is_first and place == 0)
    is_state = first in STATE or (first.endswith("ing") and first not in ON_ING)
    return "states" if is_subject or is_state else None


def _reaches(lead: re.Pattern[str], text: str) -> bool:
    """Whether some beginning of the clause is this lead of a request."""
    parts = text.split()
    beginnings = range(1, min(len(parts), FARTHEST))
    return any(lead.match(" ".join(parts[:count]) + " ") for count in beginnings)


def _is_asked(
    clause: Clause,
    left: str,
    at: int,
    form: Form,
    *,
    is_noun: bool,
) -> bool:
    follows = clause.tokens[at + 1 : at + 3]
    match form:
        case "base":
            return _is_bidden(clause, left, follows, is_noun=is_noun)
        case "participle":
            return _is_wished(
                clause,
                left,
                follows,
            )
        case "gerund":
            is_means = clause.mood == "asks" and BY.match(left) is not None
            return is_means or GERUND.match(left) is not None
        case _:
            assert_never(form)


def _is_bidden(
    clause: Clause,
    left: str,
    follows: Sequence[Token],
    *,
    is_noun: bool,
) -> bool:
    """Whether the verb is asked for as in "send", "please send" or "can you send"."""
    if follows and follows[0].text in SURE:
        return False
    if PLEASE.match(left) and not SAYING.search(left):
        return True
    lead = next((one for one in LEADS if one.match(left)), None)
    is_open = clause.mood in {"asks", "forbids"} and not FORBIDDEN_TO.search(left)
    if lead is None or not is_open:
        return False
    if lead not in {BARE, PREPOSED} or not is_noun:
        return True
    return lead is BARE and _takes_object(follows, is_first=not clause.joints)


def _is_in_name(tokens: Sequence[Token], at: int) -> bool:
    """Whether the place lies in the name of a file: "called please delete me.txt"."""
    ends = [index for index in range(at, len(tokens)) if tokens[index].shape == "file"]
    starts = [index for index in range(at) if tokens[index].text in CALLED]
    return bool(ends and starts) and ends[0] - starts[-1] <= LONGEST_NAME


def _is_of_nothing(follows: Sequence[Token]) -> bool:
    """Whether the verb is about nothing, as in "pay no bills"."""
    texts = [token.text for token in follows[:2]]
    return not NOTHING.isdisjoint(texts[:1]) and AT_MOST.isdisjoint(texts[1:])


def _is_wished(
    clause: Clause,
    left: str,
    follows: Sequence[Token],
) -> bool:
    """Whether it is wished that something "be sent", and not said that it was."""
    texts = [token.text for token in follows]
    is_when = bool(set(texts[1:]) & WHEN) or (follows and follows[-1].shape != "word")
    is_past = bool(set(texts[:1]) & PAST) or (texts[:1] == ["by"] and not is_when)
    if is_past or NOT.search(left) or DESCRIBING.search(left):
        return False
    is_passive = PASSIVE.match(left) and clause.mood not in {"wonders", "supposes"}
    return bool(is_passive or WISHED.match(left))


def _takes_object(follows: Sequence[Token], *, is_first: bool) -> bool:
    """Whether a word that is a noun, too, is a verb here, by what follows."""
    if follows and follows[0].text in THERE:
        is_told = [token.text for token in follows[1:]] == ["that"]
        return is_told or _takes_object(follows[1:], is_first=False)
    if not follows or follows[0].text in OF_NOUNS:
        return False
    is_thing = follows[0].shape != "word" or follows[0].is_name
    return is_first or is_thing or follows[0].text in OBJECTS


def _plain(left: str) -> str:
    """Return the words without what only looks like a denial: "don't forget to"."""
    once = TWICE.sub("", left)
    return NOT_YOU.sub(r"\1 you ", once).replace("  ", " ").lstrip()


def _text(tokens: Sequence[Token]) -> str:
    return "".join(f"{token.text} " for token in tokens)
