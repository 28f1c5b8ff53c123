"""Passages: the parts of the words that somebody else wrote, as mail programs mark them.

A principal who hands on a mail has read it, and did not say what stands in it: so a passage proves
no value. What is doubtful is a passage to the end of the text (fails closed).
"""

import re
from typing import Final

from interlock.runtime.policy.denials import Parts

#: A quoted line
_QUOTED: Final = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
#: The line above what somebody else wrote, which reaches to the end
_ABOVE: Final = re.compile(
    r"^[^\n]{0,400}\b(?:wrote|writes|written|said|says|replied|answered|asked|asks)[ \t]*:[ \t]*$"
    r"|^[ \t]*[-_=*]{2,}[ \t]*(?:begin )?(?:forwarded|original)\b",
    re.MULTILINE,
)


def passages(text: str) -> Parts:
    """Return where the passages of a folded *text* begin and end, in order."""
    parts = [match.span() for match in _QUOTED.finditer(text)]
    above = _ABOVE.search(text)
    if above is not None:
        parts.append((above.end(), len(text)))
    return sorted(parts)
