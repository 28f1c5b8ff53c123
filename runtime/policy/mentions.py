"""Mentions: names that the words say without asking for anything to be sent there.

"Mail Ann about eve@x.com" names Eve, and gives her nothing; neither does "the bill from eve@x.com".
And a common word is a name only where it stands as one: "summarise the budget" names no channel
"budget". What is doubtful names nobody (fails closed).
"""

import re
from typing import Final

from interlock.runtime.policy.actionable import actionable
from interlock.runtime.policy.intent.forms import PARTICIPLES, listed
from interlock.runtime.policy.use import Use

#: Words between a preposition and its name, and the names that stand together with it
_BETWEEN: Final = (
    r"(?:(?:the|a|an|my|our|your|his|her|their|this|that|user|users|client|customer|supplier|person"
    r"|contact|colleague|friend|company|account|iban|address|addresses|e-?mail|mail|number|link|url"
    r"|site|page|website)\s+){0,4}"
    # Each part ends in one way only: a long list is read in one pass, whatever comes after it.
    r"(?:[^\s@0-9]*+[@0-9][^\s,]*+(?:,\s*|,?\s+(?:and|or)\s+|\s*&\s*|(?<=&))){0,64}[\"'(<\[]*\Z"
)
_ABOUT: Final = re.compile(
    r"\b(?:about|regarding|concerning|re:?|mentions?|mentioned|mentioning|saying|what|whether|why"
    r"|how|because|since|like|unlike|than|via|behalf\s+of)\s+" + _BETWEEN
)
_FROM: Final = re.compile(
    r"\b(?:from|by|signed|authored|written|sent\s+by)\s+" + _BETWEEN
)
#: Who is told back, and what is taken away, stands after "from", too
_BACK: Final = re.compile(
    r"\b(?:repl(?:y|ies|ied)|respon[ds]\w*|answer\w*|refund\w*|return\w*|repa(?:y|id)\w*|reimburse\w*"
    r"|back|remov\w*|delet\w*|unsubscrib\w*|kick|drop|revok\w*|cancel\w*|block\w*|unshar\w*|accept\w*)\b"
)
_SENTENCE: Final = re.compile(r"[.!?;](?:\s|\Z)|\n")
#: Kinds of things, beside which a word is the name of one
_KINDS: Final = listed(
    "channel channels user users group groups file files"
    " folder folders account accounts team teams list lists"
    " project projects calendar calendars event events label"
    " labels tag tags page pages document documents doc note"
    " notes contact contacts person branch repository repo"
    " ticket board playlist album category room meeting called"
    " named titled labelled labeled entitled username nickname"
    " login mailbox directory drive sheet spreadsheet table"
    " database queue topic server"
)
#: After these stands who gets something
_TOWARDS: Final = listed(
    "to cc bcc with for invite tell ask message email mail"
    " e-mail notify ping pay add remove thank remind dm call"
    " text inform warn contact at in into"
)
#: After these verbs stands who gets something, before what it is
_GIVING: Final = listed(
    "send give forward show offer hand wire transfer lend owe"
    " grant refund reimburse sms write"
)
#: What stands after these may be why or where something is done
_LOOSE: Final = listed("for in into at")
#: What a place of talk is, and after which words one stands
_PLACES: Final = listed(
    "channel channels group groups room rooms chat chats team teams"
)
_WITHIN: Final = listed("in into on at from of within join leave called named titled")
#: What stands after a name, and not within one
_ENDS: Final = listed(
    ". , ; : ! ? and or to the a an my our your his her their"
    " about regarding concerning that if when in on at with"
    " for from by as of is are was has should must can will"
    " saying telling asking who which today tomorrow now"
    " please it them this these those what whether why how"
    " then not but"
)
_AUXILIARIES: Final = listed(
    "is are was were has have had will would can could should"
    " shall must may might wants needs asks says owes gets"
    " does did"
)
_TOGETHER: Final = listed("and or , & plus")
#: Words for times and the like, which are nobody's name
_PLAIN: Final = listed(
    "today tomorrow yesterday monday tuesday wednesday"
    " thursday friday saturday sunday daily weekly monthly"
    " yearly annually hourly weekday weekdays weekend morning"
    " noon afternoon evening night high low medium urgent"
    " normal public private true false yes no on off all none"
    " euro euros dollar dollars pound pounds read write editor"
    " viewer admin member owner guest"
)
_TOKEN: Final = re.compile(r"[,;.!?:]|[^\s,;!?:]+?(?=[,;.!?:]*(?:\s|\Z))")
_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb*"
_COMMON_FORM: Final = re.compile(r"[^\W\d_]+")
_LONGEST_LIST: Final = 8


def is_name_for(
    text: str,
    span: tuple[int, int],
    use: Use,
    *,
    written: str,
) -> bool:
    """Whether the words at this place of a folded *text* may be what *use* asks for.

    *written* is the same text with capitals.
    """
    if use.is_closed or use.is_text:
        return True
    name = text[slice(*span)]
    if _is_mentioned(text, span, name, use):
        return False
    if use.is_place:
        return _is_place(text, span, written)
    return not _COMMON_FORM.fullmatch(name) or _is_named(text, span, use, written)


def _is_mentioned(
    text: str,
    span: tuple[int, int],
    name: str,
    use: Use,
) -> bool:
    """Whether a name stands there that is spoken of, or from which something comes."""
    is_address = bool(actionable(name))
    if use.is_source or not (use.is_destination or is_address):
        return False
    before = text[: span[0]][-512:]
    if _ABOUT.search(before):
        return True
    return is_address and bool(_FROM.search(before)) and not _is_back(text, span)


def _is_back(text: str, span: tuple[int, int]) -> bool:
    """Whether the sentence, or one after it, speaks of answering, giving back or taking away."""
    stops = [stop.end() for stop in _SENTENCE.finditer(text, 0, span[0])]
    return _BACK.search(text, stops[-1] if stops else 0) is not None


def _is_named(
    text: str,
    span: tuple[int, int],
    use: Use,
    written: str,
) -> bool:
    """Whether one common word stands there as a name."""
    start, end = span
    if text[start:end] in _PLAIN:
        return True
    if text[:start][-1:] in {"#", "@"} or _is_quoted(text, span):
        return True
    before = _TOKEN.findall(text[:start][-256:])
    after = _TOKEN.findall(text[end:][:64])
    is_first = not before or before[-1] in ".!?:;"
    if _has_capitals(written[start:end], is_first=is_first and not _acts(after)):
        return True
    kinds = _KINDS | use.words
    if (before and before[-1] in kinds) or (after and after[0] in kinds):
        return True
    return use.is_destination and _is_after(before, _TOWARDS) and _is_last(after)


def is_addressed(text: str, span: tuple[int, int]) -> bool:
    """Whether who stands there gets something: "to Ann and Bob", "send Ann the plan"."""
    before = _TOKEN.findall(text[: span[0]][-256:])
    return _is_after(before, (_TOWARDS | _GIVING) - _LOOSE)


def _is_place(text: str, span: tuple[int, int], written: str) -> bool:
    """Whether a place of talk stands there, and nobody who is talked to."""
    start, end = span
    if text[:start][-1:] == "#":
        return True
    if actionable(text[start:end]):
        return False
    before = _TOKEN.findall(text[:start][-256:])
    after = _TOKEN.findall(text[end:][:64])
    if not _PLACES.isdisjoint([*before[-1:], *after[:1]]) or _is_quoted(text, span):
        return True
    is_somebody = _has_capitals(written[start:end], is_first=False)
    where = _WITHIN if is_somebody else _WITHIN | {"to"}
    return _is_after(before, where | _PLACES) and _is_last(after)


def _is_quoted(text: str, span: tuple[int, int]) -> bool:
    around = text[: span[0]][-1:] + text[span[1] :][:1]
    return len(around) > 1 and set(around) <= set(_QUOTES)


def _has_capitals(name: str, *, is_first: bool) -> bool:
    """Whether a word is written as names are; the first one of a sentence is so in any case."""
    rest = name[1:] if is_first else name
    return rest != rest.lower()


def _acts(after: list[str]) -> bool:
    """Whether a verb follows, so that the first word of a sentence is no verb: "Spotify sent"."""
    verb = after[0] if after else ""
    return verb in _AUXILIARIES or verb in PARTICIPLES.values() or verb.endswith("ed")


def _is_after(before: list[str], words: frozenset[str]) -> bool:
    """Whether one of the *words* points at what comes next, or at a list that it ends."""
    at = len(before) - 1
    for _ in range(_LONGEST_LIST):
        if at < 0 or before[at] not in _TOGETHER:
            break
        while at >= 0 and before[at] in _TOGETHER:
            at -= 1
        at -= 1  # what stands in the list
    return at >= 0 and before[at] in words


def _is_last(after: list[str]) -> bool:
    """Whether no other noun follows, to which the word would belong: "to budget questions"."""
    return not after or after[0] in _ENDS
