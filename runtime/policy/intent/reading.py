"""Reading: words as sentences of tokens, without what is quoted in them.

What stands in quotation marks, in a quoted line, after "he wrote:" or after "summarise this:" is a
text to be read, and asks for nothing. Where one of these ends its line, below "Ticket 5:" and below
"Forwarded message", that is all the rest. A quotation that is not closed goes on to the end, too
(fails closed).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from interlock.runtime.policy.passages import HEADED

Shape: TypeAlias = Literal[
    "word", "number", "time", "money", "address", "link", "file", "quote", "mark"
]

#: Stands for a quotation
_QUOTED: Final = " \ufffc "
_BLOCKS: Final = re.compile(
    r"```.*?(?:```|\Z)|^[ \t]*>.*?$|\u201c.*?(?:\u201d|\Z)|\u00ab.*?(?:\u00bb|\Z)"
    r"|\u201e.*?(?:[\u201c\u201d]|\Z)|`[^`\n]*`|\"[^\"]*(?:\"|\Z)"
    r"|(?<!\w)[\u2018'](?=\S)[^\n]*?\S?['\u2019](?!\w)",
    re.DOTALL | re.MULTILINE,
)
_FILES: Final = (
    "bmp csv doc docx eml gif htm html ics jpeg jpg json log md odt pdf png ppt pptx py rtf sql"
    " svg tex toml tsv txt xls xlsx xml yaml yml zip"
)
_ENDINGS: Final = _FILES.replace(" ", "|")
_COINS: Final = (
    r"(?:dollars?|usd|euros?|eur|gbp|pounds?|chf|francs?|bucks?|cents?|yen|kronor|rupees"
    r"|[$€£¥])"
)
_TOKENS: Final = re.compile(
    rf"(?P<address>[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+\.\w+)"
    rf"|(?P<file>[\w\-]+(?:\.[\w\-]+)*\.(?:{_ENDINGS})\b)"
    r"|(?P<link>(?:https?://|www\.)[^\s,;()<>]*[^\s,;()<>.!?:]"
    r"|(?:[a-z\d\-]+\.)+[a-z]{2,6}\b(?:/[^\s,;()]*)?)"
    rf"|(?P<money>[$€£¥]\s?\d[\d,.]*\d|[$€£¥]\s?\d|\d[\d,.]*\s?{_COINS}(?!\w))"
    r"|(?P<time>\d{1,2}(?:[:.]\d\d)?\s?(?:am|pm)\b|\d{1,2}:\d\d\b|\w+ o['\u2019]clock\b)"
    r"|(?P<number>\d(?:[\d,.:/\-]*\d)?(?:\s?(?:st|nd|rd|th)\b|%)?)"
    r"|(?P<quote>\ufffc)"
    r"|(?P<word>[^\W\d_]+(?:[-'][^\W\d_]+)*)"
    r"|(?P<mark>[.!?;:,()\n]|[\u2014\u2013]|(?<=\s)-(?=\s))",
    re.IGNORECASE,
)
_SHORT: Final = (
    (re.compile(r"\b(?:can't|cannot|cant)\b"), "can not"),
    (re.compile(r"\b(?:won't|wont)\b"), "will not"),
    (re.compile(r"\bdont\b"), "do not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\blet's\b"), "let us"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
)
#: After one of these and a colon comes what somebody said or is to be told
_SAID: Final = re.compile(
    r"\b(?:say|says|said|saying|wrote|write|writes|writing|reads|reading|state|states"
    r"|stated|stating"
    r"|ask|asks|asked|asking|tell|tells|told|telling|reply|replies|replied|text|texts"
    r"|texted|message"
    r"|messages|messaged|email|emails|emailed|mail|mails|subject|body|content|title|words|quote"
    r"|sentence|phrase|paragraph"
    r"|(?:note|notes|letter|memo|comment|post|request) (?:from|by|of))"
    r"(?: (?:me|us|him|her|them|you|this|that|the following|as follows|[^\W\d_]+)){0,3} ?$"
)
#: After one of these and a colon comes what is to be read, not done: "summarise this:"
_HANDED: Final = re.compile(
    r"(?:^|[.!?,;] |\b(?:and|then|please|you|to) )(?:(?:summari[sz]e|sum up|translate|proofread"
    r"|proof-read|spell-?check|paraphrase|rephrase|reword|rewrite|shorten|simplify|explain|classify"
    r"|analy[sz]e|review|check|correct|evaluate|assess|rate|compare|read|interpret)"
    r"|is|are|think of)"
    r"(?: (?:this|that|these|those|it|(?:the )?following|below)"
    r"(?: (?:mail|e-?mail|message|text|clause|letter|note|sentence|paragraph|instruction|request"
    r"|reply|answer|comment|wording|draft|phishing|(?:a )?scam|spam)s?)?)?"
    r"(?: (?:more |less )?\w+ly)?(?: (?:for|as|in|into|to)(?: [^\W\d_]+){1,3})? ?$"
)
#: Characters before a colon among which "he wrote" is looked for
_NEAR: Final = 160
#: The end of a sentence after which a blank was forgotten; a host has no such name
_GLUED: Final = re.compile(
    r"(?:(?<=\s)|^)([^\W\d_]+)\.(?!(?:Com|Org|Net|Info|Example|Test|Html?|Js)\b)(?=[A-Z][a-z]+\s)",
    re.MULTILINE,
)
_HEADED: Final = re.compile(HEADED)
#: The line above what somebody else wrote
_FORWARDED: Final = re.compile(
    r"[ \t]*[-_=*]{2,}[ \t]*(?:begin )?(?:forwarded|original)\b", re.IGNORECASE
)
_BULLET: Final = re.compile(r"^[ \t]*(?:[-*•]|\d+[.)])[ \t]+")
_ENDS: Final = frozenset(".!?")
#: A full stop that ends no sentence
_ABBREVIATED: Final = re.compile(
    r"\b(mr|mrs|ms|dr|prof|e\.g|i\.e|etc|approx|vs)\.", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, address or mark; a word is in small letters."""

    text: str
    shape: Shape = "word"
    #: It began with a capital letter
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """The tokens between two ends of sentences."""

    tokens: tuple[Token, ...]
    is_question: bool


def is_readable(text: str) -> bool:
    """Whether every character of *text* is one that people write."""
    return all(
        character in "\n\t\r"
        or unicodedata.category(character) not in {"Cc", "Cs", "Co", "Cn"}
        for character in text
    )


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of *text*, without what is quoted."""
    plain = unicodedata.normalize("NFC", text).replace("\r", "\n")
    plain = "".join(one for one in plain if unicodedata.category(one) != "Cf")
    plain = _GLUED.sub(r"\1. ", _ABBREVIATED.sub(r"\1", plain))
    plain = _BLOCKS.sub(_QUOTED, plain).replace("\u2019", "'").replace("&", " and ")
    for line in plain.split("\n"):
        if _FORWARDED.match(line) or _HEADED.match(line.lower()):
            return
        own = _told_apart(line)
        yield from _of_line(_BULLET.sub("", own))
        if own != line and line.rstrip().endswith(":"):
            return


def _of_line(line: str) -> Iterator[Sentence]:
    tokens: list[Token] = []
    for token in _tokens(line):
        if token.text not in _ENDS:
            tokens.append(token)
        elif tokens:
            yield Sentence(tuple(tokens), is_question=token.text == "?")
            tokens = []
    if tokens:
        yield Sentence(tuple(tokens), is_question=False)


def _told_apart(line: str) -> str:
    """Return the line without what stands after "he wrote:" or "summarise this:"."""
    for colon in re.finditer(r":(?=\s|$|\ufffc)", line):
        before = line[: colon.start()][-_NEAR:].lower()
        if _SAID.search(before) or _HANDED.search(before):
            return line[: colon.start()] + _QUOTED
    return line


def _tokens(line: str) -> Iterator[Token]:
    for match in _TOKENS.finditer(line):
        shape: Shape = match.lastgroup  # type: ignore[assignment]  # the groups are named so
        raw = match[0]
        if shape != "word":
            yield Token(raw.lower(), shape)
            continue
        text = raw.lower()
        for pattern, long in _SHORT:
            text = pattern.sub(long, text)
        for index, word in enumerate(text.split()):
            is_name = index == 0 and raw[0].isupper()
            yield Token(word.removesuffix("'s"), is_name=is_name or word.endswith("'s"))
