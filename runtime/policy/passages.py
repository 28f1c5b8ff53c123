"""Passages: the parts of the words that somebody else wrote, as mail programs mark them.

A principal who hands on a mail has read it, and did not say what stands in it: so a passage proves
no value. What is doubtful is a passage to the end of the text (fails closed).
"""

import re
from typing import Final

from interlock.runtime.policy.denials import Parts

#: The heading of a text that lies before the principal, in small letters: "the ticket of Ann:"
HEADED: Final = (
    r"^[ \t]*(?:(?:the|this|that|his|her|their|its|a|an|new|open|from|re|fwd)[ \t]+)*"
    r"(?:ticket|issue|incident|case|claim|comment|complaint|review|description|transcript|entry"
    r"|post|page|article|document|file|log)s?\b[^:!?\n]{0,80}:[ \t]*$"
)
#: A quoted line
_QUOTED: Final = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
#: The line above what somebody else wrote, which reaches to the end
_ABOVE: Final = re.compile(
    r"^[^\n]{0,400}\b(?:wrote|writes|written|said|says|replied|answered|asked|asks)[ \t]*:[ \t]*$"
    r"|^[ \t]*[-_=*]{2,}[ \t]*(?:begin )?(?:forwarded|original)\b|" + HEADED,
    re.MULTILINE,
)


def passages(text: str) -> Parts:
    """Return where the passages of a folded *text* begin and end, in order."""
    parts = [match.span() for match in _QUOTED.finditer(text)]
    above = _ABOVE.search(text)
    if above is not None:
        parts.append((above.end(), len(text)))
    return sorted(parts)
