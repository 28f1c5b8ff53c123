"""Measures: words that leave a choice to what counts most: "the largest file", "the most messages".

Whoever asks so takes what the systems say of everything that there is, whoever put it there. Only
superlatives count: "at most", "the last name" and "most of them" leave nothing to a measure.
"""

import re
from typing import Final

from interlock.runtime.policy.denials import Parts, is_denied

_MEASURE: Final = re.compile(
    r"(?<!\bat )\b(?:most|least|fewest|largest|biggest|greatest|smallest|longest|shortest|highest"
    r"|lowest|oldest|newest|latest|earliest|busiest|quietest|heaviest|lightest|cheapest)\b"
    r"(?!\s+(?:of|likely|important|importantly)\b)"
)


def measures(text: str, *, unsaid: Parts) -> bool:
    """Whether a folded *text* leaves a choice to a measure, outside of what is *unsaid*."""
    return any(
        not is_denied(unsaid, match.start()) for match in _MEASURE.finditer(text)
    )
