"""Intent: the kinds of effect that the principal's own words ask for, fixed before the first read.

A pure function of the words and of the vocabulary in the policy's data. Whatever a planner reads
later cannot change it. Words that license nothing, and words that cannot be read, license nothing:
the effects of the run are then denied (fails closed).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from interlock.runtime.policy.intent.clauses import Clause, clauses
from interlock.runtime.policy.intent.forms import listed
from interlock.runtime.policy.intent.phrase import Phrase, phrase_of
from interlock.runtime.policy.intent.reading import Sentence, is_readable, sentences
from interlock.runtime.policy.intent.vocabulary import Verb, Vocabulary, Wording
from interlock.runtime.policy.intent.withdrawal import reserves, withdraws

#: Kind of effect -> how many of them were asked for; None where no number was said
Intent: TypeAlias = dict[str, int | None]
#: Characters of words that are read
LONGEST: Final = 16_384
#: Tokens of the longest sentence that is read: what one costs grows faster than its length
MOST_TOKENS: Final = 256
_AGAIN: Final = listed(
    "other others else another more further yet until unless before twice additional extra "
    "again beyond than"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What one verb asks for of one kind of effect."""

    kind: str
    #: How many of it, in each wording that the verb fits
    numbers: Sequence[int | None]
    #: It does not count where one of these kinds is asked for without a condition
    unless: frozenset[str] = frozenset()


@dataclass(kw_only=True, slots=True)
class _Findings:
    """What was found so far in the words."""

    vocabulary: Vocabulary
    #: The groups of the things that were mentioned, for "it" to stand for
    mentioned: set[str] = field(default_factory=set)
    asked: list[_Asked] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)


def derive(words: Sequence[str], vocabulary: Vocabulary) -> Intent:
    """Return what *words* license, by kind of effect; nothing where they cannot all be read."""
    if sum(map(len, words)) > LONGEST or not all(map(is_readable, words)):
        return {}
    texts = [list(sentences(text)) for text in words]
    if any(len(sentence.tokens) > MOST_TOKENS for text in texts for sentence in text):
        return {}
    findings = _Findings(vocabulary=vocabulary)
    for text in texts:
        _read(text, findings)
    asked = _licensed(findings.asked)
    return {
        kind: number
        for kind, number in sorted(asked.items())
        if kind not in findings.forbidden
    }


def _licensed(findings: Sequence[_Asked]) -> Intent:
    """Return what is licensed: what counts in any case, then what counts beside nothing of that."""
    intent: Intent = {}
    for asked in findings:
        if not asked.unless:
            _license(asked, intent)
    others = frozenset(intent)
    for asked in findings:
        if asked.unless and not asked.unless & others:
            _license(asked, intent)
    return intent


def _read(text: Sequence[Sentence], findings: _Findings) -> None:
    """Find what one text asks for; what is taken back in the same text is left out."""
    before = len(findings.asked)
    for sentence in text:
        parts = clauses(sentence)
        before_sentence = len(findings.asked)
        for number, clause in enumerate(parts):
            if withdraws(clause, parts[:number]):
                del findings.asked[before:]
            _hear(parts[number:], findings)
        if reserves(parts):
            # A sentence of its own ("Ask me first.") keeps back what the text asked for before it.
            kept_back = before_sentence if len(parts) > 1 else before
            del findings.asked[kept_back:]


def _hear(parts: Sequence[Clause], findings: _Findings) -> None:
    """Find what the first of *parts* asks for, with those that may go on with it."""
    clause = parts[0]
    for at in range(len(clause.tokens)):
        for verb in findings.vocabulary.verb(clause.tokens, at):
            is_asked = clause.asks_at(at, verb.form, is_noun=verb.is_noun)
            if is_asked is not None:
                phrase = phrase_of(parts, at, verb, findings.vocabulary)
                _take(verb, phrase, findings, is_asked=is_asked)
    _mention(clause, findings)


def _take(verb: Verb, phrase: Phrase, findings: _Findings, *, is_asked: bool) -> None:
    """License or forbid what one verb of the words is about."""
    kinds: dict[tuple[str, frozenset[str]], list[int | None]] = {}
    for wording in verb.wordings:
        if _fits(wording, phrase, findings.mentioned):
            number = phrase.number_of(wording.objects or phrase.things)
            kinds.setdefault((wording.kind, wording.unless), []).append(number)
    for (kind, unless), numbers in kinds.items():
        if is_asked:
            asked = _Asked(kind=kind, numbers=numbers, unless=unless)
            findings.asked.append(asked)
        elif not phrase.is_narrow and not phrase.words & _AGAIN:
            findings.forbidden.add(kind)


def _license(asked: _Asked, intent: Intent) -> None:
    """Add what was asked for once, in one or several wordings; without a number there is no end."""
    known = intent.get(asked.kind, 0)
    said = [number for number in asked.numbers if number is not None]
    is_counted = known is not None and len(said) == len(asked.numbers)
    intent[asked.kind] = (known or 0) + max(said) if is_counted else None


def _fits(wording: Wording, phrase: Phrase, mentioned: set[str]) -> bool:
    things = phrase.things | (mentioned if phrase.has_pronoun else frozenset())
    if not _is_so(wording, phrase):
        return False
    if phrase.things and phrase.things <= wording.never:
        return False
    if wording.objects and not things & wording.objects:
        return False
    places = phrase.places if phrase.has_place else mentioned
    if wording.after:
        places = {group for word, group in phrase.placed if word in wording.after}
    if phrase.points_back:
        places = places | mentioned
    return not wording.places or bool(places & wording.places)


def _is_so(wording: Wording, phrase: Phrase) -> bool:
    """Whether a phrase is for whom, and about what, the wording wants."""
    return (
        (phrase.is_for_others or not wording.others)
        and (phrase.is_of_names or not wording.names)
        and not (phrase.is_for_me and wording.away)
        and not (phrase.is_known and wording.new)
    )


def _mention(clause: Clause, findings: _Findings) -> None:
    at = 0
    while at < len(clause.tokens):
        groups, length = findings.vocabulary.thing(clause.tokens, at)
        findings.mentioned |= groups
        for wording in findings.vocabulary.named:
            if groups & wording.objects and clause.mood != "forbids":
                asked = _Asked(kind=wording.kind, numbers=(None,))
                findings.asked.append(asked)
        at += length
