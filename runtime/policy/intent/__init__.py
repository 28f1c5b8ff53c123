"""Intent: the kinds of effect that the principal's own words ask for, fixed before the first read.

A pure function of the words and of the vocabulary in the policy's data. Whatever a planner reads
later cannot change it. Words that license nothing, and words that cannot be read, license nothing:
the effects of the run are then denied (fails closed).
"""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(slots=True)
class _Findings:
    """What was found so far in the words."""

    vocabulary: Vocabulary
    #: The groups of the things that were mentioned, for "it" to stand for
    mentioned: set[str]
    #: Kind of effect, and how many of it one verb asks for in each wording that it fits
    asked: list[tuple[str, Sequence[int | None]]]
    #: The same of wordings that do not count where other kinds are asked for, with those kinds
    yielding: list[tuple[str, Sequence[int | None], frozenset[str]]]
    forbidden: set[str]


def derive(words: Sequence[str], vocabulary: Vocabulary) -> Intent:
    """Return what *words* license, by kind of effect; nothing where they cannot all be read."""
    if sum(map(len, words)) > LONGEST or not all(map(is_readable, words)):
        return {}
    texts = [list(sentences(text)) for text in words]
    if any(len(sentence.tokens) > MOST_TOKENS for text in texts for sentence in text):
        return {}
    findings = _Findings(vocabulary, set(), [], [], set())
    for text in texts:
        _read(text, findings)
    asked: Intent = {}
    for kind, numbers in findings.asked:
        _license(kind, numbers, asked)
    others = frozenset(asked)
    for kind, numbers, unless in findings.yielding:
        if not unless & others:
            _license(kind, numbers, asked)
    return {
        kind: number
        for kind, number in sorted(asked.items())
        if kind not in findings.forbidden
    }


def _read(text: Sequence[Sentence], findings: _Findings) -> None:
    """Find what one text asks for; what is taken back in the same text is left out."""
    before = len(findings.asked)
    yielding = len(findings.yielding)
    for sentence in text:
        parts = clauses(sentence)
        begun = len(findings.asked), len(findings.yielding)
        for number, clause in enumerate(parts):
            if withdraws(clause, parts[:number]):
                del findings.asked[before:]
                del findings.yielding[yielding:]
            _hear(parts[number:], findings)
        if reserves(parts):
            begun = begun if len(parts) > 1 else (before, yielding)
            del findings.asked[begun[0] :]
            del findings.yielding[begun[1] :]


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
        if is_asked and unless:
            findings.yielding.append((kind, numbers, unless))
        elif is_asked:
            findings.asked.append((kind, numbers))
        elif not phrase.is_narrow and not phrase.words & _AGAIN:
            findings.forbidden.add(kind)


def _license(kind: str, numbers: Sequence[int | None], asked: Intent) -> None:
    """Add what was asked for once, in one or several wordings; without a number there is no end."""
    known = asked.get(kind, 0)
    said = [number for number in numbers if number is not None]
    is_counted = known is not None and len(said) == len(numbers)
    asked[kind] = (known or 0) + max(said) if is_counted else None


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
                findings.asked.append((wording.kind, (None,)))
        at += length
