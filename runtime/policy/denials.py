"""Denials: the parts of the words in which the principal says what not to do, or what to leave out.

What stands there is named, and asked for by nobody: "pay Ann, not Eve". A part reaches as far as
the denial may reach, so that what is doubtful proves nothing (fails closed).
"""

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

#: Where such a part begins and ends, in order
Parts: TypeAlias = Sequence[tuple[int, int]]
_STOP: Final = r"(?=[.!?;](?:\s|$)|\n|\u2014|\b(?:but|instead|please)\b|$)"
#: An order not to do something reaches to the end of its sentence
_ORDER: Final = (
    r"(?<!\bif you )(?<!\bif we )(?<!\bif they )(?<!\bif i )(?<!\bwhether to )"
    r"\b(?:(?:do|must|should|shall|may|can|will|would)(?:\s+not|n['\u2019]t)|dont|never|cannot|avoid"
    r"|refrain\s+from|under\s+no\s+circumstances)\b"
    r"(?!\s+(?:forget|hesitate|fail|neglect|only|be\s+afraid)\b)"
)
#: What is left out reaches to the next comma
_LEFT_OUT: Final = (
    r"(?<!\bif )(?<!\bwhy )(?<!\bor )(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bdid )(?<!\bhas )"
    r"\b(?:not|neither|nor|except|excluding|other\s+than|apart\s+from|rather\s+than|instead\s+of)\b"
    r"(?!\s+(?:only|later|more|less|yet|sure|forget|hesitate|fail|neglect|be\s+afraid)\b)"
)
_PARTS: Final = re.compile(
    rf"(?:{_ORDER}.*?{_STOP})|(?:{_LEFT_OUT}.*?(?:{_STOP}|(?=,(?:\s|$))))", re.DOTALL
)
_REMOVES: Final = (
    r"\b(?:delet|remov|eras|clear|trash|discard|purg|wip|cancel|drop|withdraw|archiv|get(?:ting)?"
    r"\s+rid|clean|throw)(?:e|ing)?\b"
)
#: What is kept where something else is removed; "keep me posted" keeps nothing
_KEPT: Final = re.compile(
    r"\b(?:keep|spare|leave|retain|preserve)\b"
    r"(?!\s+(?:me|us|him|her|them|everyone|everybody|a|an|in|up|on|track|going)\b)"
    rf".*?(?:{_STOP}|(?=,(?:\s|$))|(?=\band\s+(?:then\s+)?{_REMOVES}))",
    re.DOTALL,
)


def denials(text: str) -> Parts:
    """Return the parts of a folded *text* in which something is denied, or kept from removal."""
    parts = [match.span() for match in _PARTS.finditer(text)]
    if re.search(_REMOVES, text):
        parts += [match.span() for match in _KEPT.finditer(text)]
    return sorted(parts)


def is_denied(parts: Parts, at: int) -> bool:
    """Whether this place of the text lies in one of *parts*."""
    return any(start <= at < end for start, end in parts)
