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


def denials(text: str) -> Parts:
    """Return the parts of a folded *text* in which something is denied."""
    return [match.span() for match in _PARTS.finditer(text)]


def is_denied(parts: Parts, at: int) -> bool:
    """Whether this place of the text lies in one of *parts*."""
    return any(start <= at < end for start, end in parts)
