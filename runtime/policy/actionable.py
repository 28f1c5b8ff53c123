"""Actionable content: what in a text a reader, or a reader's program, would follow or pay to.

Addresses, links, hosts, account and telephone numbers. Whoever writes one into a message moves its
reader, so each has a label of its own. What looks like one is one: the search takes too much rather
than too little (fails closed), and looks through the disguises that programs undo or readers do.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

#: Characters of the longest text that is looked through, and parts that are told apart
LONGEST: Final = 100_000
MOST: Final = 256
_DOTS: Final = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61\u2024\ufe52", "."))
_HIDDEN_DOT: Final = re.compile(
    r"\s{0,4}[\[({<]\s{0,4}(?:\.|dot|punkt|point)\s{0,4}[\])}>]\s{0,4}", re.IGNORECASE
)
_HIDDEN_AT: Final = re.compile(
    r"\s{0,4}[\[({<]\s{0,4}(?:@|at)\s{0,4}[\])}>]\s{0,4}", re.IGNORECASE
)
_SPOKEN_DOT: Final = re.compile(
    r"(?<=\w)\s{1,4}dot\s{1,4}(?=(?:com|net|org|info|biz|io|co|ai|app|dev|edu|gov|me|us|uk|eu|de|ru|cn|xyz)\b)",
    re.IGNORECASE,
)
#: Ends of names that are no ends of hosts
_FILES: Final = re.compile(
    r"bmp|csv|docx?|eml|gif|html?|ics|ini|jpe?g|json|log|mp[34]|odt|pdf|png|pptx?|rtf|tex|toml"
    r"|tsv|txt|wav|xlsx?|xml|ya?ml",
    re.IGNORECASE,
)
_DATES: Final = re.compile(
    r"(?<![\w-])[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?)?(?![\w-])"
    r"|(?<![\w./-])(?:3[01]|[12][0-9]|0?[1-9])([./-])(?:3[01]|[12][0-9]|0?[1-9])\1"
    r"(?:19|20)[0-9]{2}(?![\w/-])",
    re.ASCII,
)
_LINK: Final = re.compile(
    r"(?:(?:(?<![a-z0-9])[a-z][a-z0-9+.\-]{0,20}:)?//(?=[\w\[])|(?<![a-z0-9])www\.(?=\w)"
    r"|(?<![a-z0-9])(?:mailto|tel|sms|data|javascript|vbscript|file|blob|magnet|bitcoin|geo|intent)"
    r":(?=\S))[^\s\"<>]+",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(
    r"(?<![^\s@<>\"'()\[\],;:])[^\s@<>\"'()\[\],;:]+@[^\s@<>\"'()\[\],;:]+"
)
_HOST: Final = re.compile(
    r"(?<![\w\-])(?:(?:[\w\-]{1,63}\.){1,16}(?P<end>xn--[\w\-]{1,59}|[^\W\d_]{2,63})(?![^\W_])"
    r"|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w))(?:[:/?#]\S*)?"
)
_ACCOUNT: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{10,30}"
    r"|[A-Z]{2}[0-9]{2}(?:[ \-][A-Z0-9]{4}){2,7}(?:[ \-][A-Z0-9]{1,4})?)(?![A-Za-z0-9])"
)
_PHONE: Final = re.compile(
    r"(?<!\d)\+?\(?\d(?:[ \t.\-/()_|*~\u2010-\u2015]{0,3}\d){6,}(?!\d)"
)
#: A wallet, a key, a token: long, with letters and digits mixed
_CODE: Final = re.compile(r"(?<!\w)(?=\w*[0-9])(?=\w*[A-Za-z])\w{20,}(?!\w)", re.ASCII)
#: Each search with a sign that stands in whatever the search finds, and that is found faster: where
#: the sign is not, the search is left out
_DISGUISES: Final = (
    (
        _HIDDEN_DOT,
        re.compile(
            r"[\[({<]\s{0,4}(?:\.|dot|punkt|point)\s{0,4}[\])}>]", re.IGNORECASE
        ),
        ".",
    ),
    (
        _HIDDEN_AT,
        re.compile(r"[\[({<]\s{0,4}(?:@|at)\s{0,4}[\])}>]", re.IGNORECASE),
        "@",
    ),
    (_SPOKEN_DOT, re.compile(r"dot\s", re.IGNORECASE), "."),
)
_DATE_SIGN: Final = re.compile(r"[0-9]{4}(?![0-9])", re.ASCII)
_SEARCHES: Final = (
    (_LINK, re.compile(r"//|[wW]\.|:\S")),
    (_ADDRESS, re.compile(r"@")),
    (_HOST, re.compile(r"\.")),
    (_CODE, re.compile(r"[0-9]")),
    (_ACCOUNT, re.compile(r"[A-Za-z]{2}[0-9]{2}")),
    (_PHONE, re.compile(r"\d(?:[^\d]{0,3}\d){6}")),
)
_TRAILING: Final = ".,;:!?)]}>'\"*_`\u201d\u2019\u2026"


def actionable(text: str) -> list[str] | None:
    """Return the parts of *text* that can be acted on; None for what nobody can look through."""
    if len(text) > LONGEST:
        return None
    parts: dict[str, None] = {}
    for view in dict.fromkeys((text, html.unescape(text))):
        for part in _parts(_plain(view)):
            parts[part] = None
            if len(parts) > MOST:
                return None
    return list(parts)


def _plain(text: str) -> str:
    """Return the text without disguises: with plain dots and signs, and nothing unseen."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_DOTS)).translate(_DOTS)
        text = "".join(filter(_is_seen, text))
    for disguise, sign, plain in _DISGUISES:
        if sign.search(text):
            text = disguise.sub(plain, text)
    return text


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in {"Cf", "Mn", "Mc", "Me"}


def _parts(text: str) -> Iterator[str]:
    """Yield each part; what one pattern took is not there for the next."""
    if _DATE_SIGN.search(text):
        text = _DATES.sub(" ", text)
    for pattern, sign in _SEARCHES:
        if not sign.search(text):
            continue
        taken: list[str] = []

        def take(match: re.Match[str], taken: list[str] = taken) -> str:
            if _is_file(match):
                return match[0]
            taken.append(match[0].rstrip(_TRAILING) or match[0])
            return " "

        text = pattern.sub(take, text)
        yield from taken


def _is_file(match: re.Match[str]) -> bool:
    """Whether a match is the name of a file, which no program follows."""
    if match.re is not _HOST or match["end"] is None:
        return False
    return (
        match.end() == match.end("end") and _FILES.fullmatch(match["end"]) is not None
    )
