"""Lists every span near the front of a text that has the form of a title, a date or a name.

Clauses are whole sentences, but a document's name, its parties and its dates are a few words inside
one. Spans are offsets in Unicode code points into the text, within its first `ZONE`. Pure, and
linear in the text: every repetition in a pattern is bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

ZONE: Final = 6_000
Kind = Literal["title", "date", "name"]

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_YEAR = r"(?:(?:19|20)(?:\d\d|_{1,8}|\[?[*●•_ ]{1,6}\]?)|['\u2019]?\d\d\b|_{2,12})"
_BLANK = r"(?:_{1,20}|\[[*●•_\s]{0,10}\])"
_ORDINAL = r"(?:s ?t|n ?d|r ?d|t ?h)"
_UNIT = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\w{2,6}teen|eleven|twelve)"
)
_DAY = (
    r"(?:(?:twenty|thirty)(?:-| )?)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
    r"|tenth|eleventh|twelfth|\w{3,7}teenth|twentieth|thirtieth)"
)
_YEAR_IN_WORDS = (
    rf"(?:two thousand(?: and)?|nineteen hundred(?: and)?|twenty)"
    rf"(?:[ -](?:{_UNIT}|(?:twenty|thirty|ninety)(?:[ -]{_UNIT})?))?"
)
DATE = re.compile(
    rf"(?:the\s{{1,3}})?\b{_DAY}(?:\s{{0,2}}\(\d{{1,2}}\s?{_ORDINAL}?\))?\s{{1,3}}day\s{{1,3}}of\s{{1,3}}"
    rf"{_MONTH},?\s{{0,3}}(?:{_YEAR}|{_YEAR_IN_WORDS})"
    rf"|{_MONTH}\s{{0,3}}(?:\d{{1,2}}|{_BLANK})\s?(?:st|nd|rd|t ?h)?\s{{0,2}},?\s{{0,3}}{_YEAR}"
    rf"|(?:\d{{1,2}}|{_BLANK})\s{{0,2}}{_ORDINAL}?\s{{1,3}}(?:day\s{{1,3}}of\s{{1,3}})?(?:{_MONTH}|{_BLANK}),?\s{{0,3}}{_YEAR}"
    rf"|{_MONTH}\s{{1,3}}(?:19|20)\d\d|\b\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}\b|\[[●•*_ ]{{1,10}}\](?:,?\s{{1,2}}(?:19|20)\d\d)?",  # noqa: E501 - a pattern reads best whole
    re.IGNORECASE,
)
FORM = r"(?:Inc|INC|LLC|L\.L\.C|Ltd|LTD|Limited|LIMITED|Corp|CORP|Corporation|Co|CO|LP|L\.P|LLP|N\.A|S\.A|N\.V|B\.V|GmbH|AG|PLC|plc|Plc|P\.C)"  # noqa: E501 - a pattern reads best whole
_NOT_NAME = (
    r"(?!(?:This|THIS|The|THE|And|AND|Between|BETWEEN|By|BY|Among|AMONG|With|WITH|Of|OF"
    r"|Exhibit|EXHIBIT|Whereas|WHEREAS|Now|NOW|In|IN|Dated|DATED|To|TO|As|AS|For|FOR|If|An"
    r"|Section|Article|ARTICLE|Near|Opposite|Behind)\b|A\s)"
)
_REST = (
    r"(?:[\w'\u2019\-]|[.&](?=\w)){0,40}(?:(?<=\b[A-Z])\.|(?<=\b(?:St|Mr|Dr|Ms))\.)?"
)
_CAPITAL = rf"{_NOT_NAME}[a-z]?[A-ZÀ-Þ]{_REST}"
_LATER = rf"{_NOT_NAME}[a-z]?[A-ZÀ-Þ0-9]{_REST}"
_SPACE = r"[ \t\xa0]{0,2}[ \t\xa0\n]"
_NAME = re.compile(
    rf"(?<![\w'\u2019]){_CAPITAL}"
    rf"(?:(?:,?{_SPACE}(?={FORM}\b)|{_SPACE})"
    rf"(?:{_LATER}|&|\([A-Z][\w&]{{0,20}}(?: [A-Z]\w{{0,20}}){{0,2}}\)(?=\s{{1,2}}{FORM}\b)"
    rf"|(?:of|de|for|do|the)(?=\s{{1,3}}[A-Z]))){{0,9}}"
    rf"(?:\.,?{_SPACE}(?={FORM}\b){_LATER})?"
)
#: A name in small letters shows itself by what stands about it
_PLAIN_NAME = re.compile(
    r"\b(?:between|among|and)\s{1,3}([a-z][\w&'\u2019.-]{1,20}(?: [\w&'\u2019-]{1,20}){1,3})"
    r"(?=\.?\s{0,3}(?:\((?:the |hereinafter )?[\"“]|\.\s|, an? ))"
)
_ONLY_FORM = re.compile(rf"{FORM}\.?")
#: The letter of a recital
_NUMBERED = re.compile(r"[A-Z]\.\s{2,4}")
_ENDS_IN_FORM = re.compile(rf"(?:^|[\s,]){FORM}$")
_QUOTED = re.compile(r"[\"“”]([^\"“”\n]{1,60})[\"“”]|\(([A-Z][\w.& ]{1,40})\)")
_NOUN = re.compile(
    r"\b(?:AGREEMENTS?|CONTRACT|AMENDMENT|ADDENDUM|ENDORSEMENT|LICENSE|LETTER|PLAN|LEASE|SCHEDULE"
    r"|TERMS|FORM|STATEMENT|CHARTER|MEMORANDUM|APPENDIX|CONDITIONS|ORDER)\b"
    r"(?:\s(?:NO|No)\.?\s\d{1,2})?",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^\n]{4,110}")
_LEFT = re.compile(r"\S{1,60}")
_CONNECTORS = frozenset("and of & for to the by in on or with , / -".split())  # noqa: SIM905 - words
_TITLE_STOP = frozenset(
    "this the exhibit confidential version copy execution schedule draft between".split()  # noqa: SIM905 - words
)
_REACH: Final = 160  # code points that a title may begin before its noun


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A span with the form of a title, a date or a name."""

    kind: Kind
    start: int
    end: int


def candidates(text: str) -> tuple[Candidate, ...]:
    """Return every candidate in the zone, distinct, ordered by kind and place."""
    zone = text[:ZONE]
    spans: set[tuple[Kind, int, int]] = set()
    for start, end in _titles(zone):
        spans.add(("title", start, end))
    for date in DATE.finditer(zone):
        spans.add(("date", date.start(), date.end()))
    for start, end in _names(zone):
        spans.add(("name", start, end))
    return tuple(
        Candidate(
            kind=kind,
            start=start,
            end=end,
        )
        for kind, start, end in sorted(spans)
        if start < end
    )


def _names(zone: str) -> Iterator[tuple[int, int]]:
    for name in _NAME.finditer(zone):
        words = name.group().rstrip(".,'\u2019-")
        end = name.start() + len(words)
        if zone[end : end + 1] == "." and _ENDS_IN_FORM.search(words[-12:]):
            end += 1
        is_name = sum(letter.isalpha() for letter in words) > 1
        if is_name and not _ONLY_FORM.fullmatch(words):
            number = _NUMBERED.match(words)
            yield name.start() + (number.end() if number else 0), end
    for plain in _PLAIN_NAME.finditer(zone):
        yield plain.span(1)
    for quoted in _QUOTED.finditer(zone):
        group = 1 if quoted.group(1) is not None else 2
        start = quoted.start(group)
        inner = quoted.group(group)
        yield start + _margin(inner), start + len(inner.rstrip(" ,."))


def _titles(zone: str) -> Iterator[tuple[int, int]]:
    for noun in _NOUN.finditer(zone):
        yield _reach_left(zone, noun.start()), noun.end()
    for line in _LINE.finditer(zone[: ZONE // 3]):
        inner = line.group()
        yield line.start() + _margin(inner), line.start() + len(inner.rstrip())


def _margin(inner: str) -> int:
    """Return how much white space the text begins with."""
    return len(inner) - len(inner.lstrip())


def _reach_left(zone: str, start: int) -> int:
    """Return where the run of capitalised words that ends at `start` begins.

    Connecting words may join but not begin the run.
    """
    floor = max(0, start - _REACH)
    best = start
    words = list(_LEFT.finditer(zone, floor, start))
    for word in reversed(words):
        if "\n\n" in zone[word.end() : best] or word.group().endswith((".", ":", ";")):
            break
        bare = word.group().strip('()[]"“”,')
        if bare.lower() in _TITLE_STOP or not bare:
            break
        if bare[0].isupper():
            best = word.start() + word.group().index(bare)
        elif bare.lower() not in _CONNECTORS:
            break
    return best
