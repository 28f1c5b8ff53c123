"""Whether a text is an English contract at all: what no clause finder may judge gets no risk.

Three shares of words decide, each with room to every one of the 408 training contracts: nothing is
learned, so nothing else is assumed of the text.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

#: Why a text is not reviewed
Doubt: TypeAlias = Literal["too_short", "not_english", "no_contract"]

WHY: Final[dict[Doubt, str]] = {
    "too_short": "it has too few words to be a contract",
    "not_english": (
        "it hardly has a word that English sentences are made of: it is in another language, or "
        "no running text, and only English contracts are understood"
    ),
    "no_contract": "it does not read like a contract: it hardly has a word that contracts live by",
}
SHORTEST: Final = 15  # words
JUDGED: Final = 1_000_000  # characters from the beginning
#: Of the words that begin small, so that names and addresses do not count, or of all words, so
#: that a text in capitals does
ENGLISH: Final = 0.18
CONTRACTUAL: Final = 0.006
#: One word may stand anywhere
DISTINCT: Final = 2

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
#: Frequent in any English prose, and in no neighbouring language
_ENGLISH_WORDS: Final = """
the of and to or any by for be this that with as is not such which from under it all if has have
will may are its other
"""
#: Frequent where somebody tells or speaks, rare in contracts, and in no neighbouring language
_TOLD_WORDS: Final = """
i he she they him his them you your were been did said could should would what when where who there
their then than into about after before again never why my
"""
_CONTRACT_WORDS: Final = """
agreement agreements breach contract covenant covenants customer effective exhibit governed hereby
herein hereinafter hereof hereto hereunder indemnify lessee lessor liability liable licensee
licensor obligations parties party purchaser pursuant seller shall supplier terminate terminated
termination terms thereof therein thereto undersigned vendor warranties warranty warrants whereas
buyer
"""
_ENGLISH: Final = frozenset((_ENGLISH_WORDS + _TOLD_WORDS).split())
_CONTRACTUAL: Final = frozenset(_CONTRACT_WORDS.split())


def doubt(text: str) -> Doubt | None:
    """Return why *text* is not taken for an English contract, or None when it is taken for one.

    The beginning of a very long text stands for all of it.
    Fails open on a text that mixes both: what is English in it is reviewed.
    """
    words = _WORD.findall(text[:JUDGED])
    if len(words) < SHORTEST:
        return "too_short"
    small = [word for word in words if word[0].islower()]
    lowered = [word.lower() for word in words]
    if max(_share(small, _ENGLISH), _share(lowered, _ENGLISH)) < ENGLISH:
        return "not_english"
    distinct = _CONTRACTUAL.intersection(lowered)
    if len(distinct) < DISTINCT or _share(lowered, _CONTRACTUAL) < CONTRACTUAL:
        return "no_contract"
    return None


def _share(words: Sequence[str], of: frozenset[str]) -> float:
    return sum(word in of for word in words) / len(words) if words else 0.0
