"""Measures: words that leave a choice to what counts most: "the largest file", "the most messages".

Whoever asks so takes what the systems say of everything that there is, whoever put it there. Only
superlatives count: "at most", "at the latest", "the last name" and "most of them" leave nothing to
a measure.
"""

import re
from typing import Final

from interlock.runtime.policy.denials import Parts, is_denied

#: Phrases with such a word that say until when, or how many: "by Friday at the latest"
_PHRASE: Final = (
    r"\bat\s+(?:(?:the|my|your|his|her|our|their|its)\s+)?(?:very\s+)?"
    r"(?:most|least|latest|earliest)\b|\bfor\s+the\s+most\s+part\b"
)
_MEASURE: Final = re.compile(
    rf"{_PHRASE}|(?P<measure>\b(?:most|least|fewest|largest|biggest|greatest|smallest|longest"
    r"|shortest|highest|lowest|oldest|newest|latest|earliest|busiest|quietest|heaviest|lightest"
    r"|cheapest)\b(?!\s+(?:of|likely|important|importantly|people|probably|certainly)\b))"
)


def measures(text: str, *, unsaid: Parts) -> bool:
    """Whether a folded *text* leaves a choice to a measure, outside of what is *unsaid*."""
    return any(
        match["measure"] is not None and not is_denied(unsaid, match.start())
        for match in _MEASURE.finditer(text)
    )
