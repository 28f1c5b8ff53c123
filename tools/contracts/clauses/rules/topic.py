"""Tells a clause that names its topic from one that only stands near such clauses.

A renewal without a notice has no notice period, and a waiver of damages without an exception leaves
no liability uncapped. The words of these topics are few, so their absence is telling. Only topics
whose words are missing more often from wrong findings than from right ones are listed. Pure.
"""

import re
from collections.abc import Mapping
from typing import Final

#: What the confidence of a unit is worth that does not name its topic
WORTH: Final = 0.3

_AFFILIATES: Final = r"affiliat|subsidiar|group|parent|related (?:comp|enti)|control"
_WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    category: re.compile(pattern, re.IGNORECASE)
    for category, pattern in {
        "Affiliate License-Licensee": _AFFILIATES,
        "Affiliate License-Licensor": _AFFILIATES,
        "Governing Law": r"govern|constru|interpret|applicable law|law[^.;]{0,40}\bappl\w+ to this",
        "Irrevocable Or Perpetual License": r"irrevoc|perpetu|surviv|non-?terminable|forever",
        "Joint Ip Ownership": r"joint|co-?own|equal|both|together|undivided",
        "Non-Transferable License": r"transfer|sub-?licen|assign",
        "Notice Period To Terminate Renewal": r"notice|notif|writ|advis|inform|elect|prior|before",
        "Third Party Beneficiary": r"benefici|benefit|third|person|enforce",
        "Uncapped Liability": (
            r"except|not apply|unlimited|exclu|notwithstanding|other than|without limit|no limit"
            r"|(?:not|nothing)\b[^.;]{0,80}\blimit|gross|wil[l]?ful|fraud|indemni|uncapped|breach"
        ),
    }.items()
}


def names_topic(category: str, text: str) -> bool:
    """Tell whether one unit names the topic of its category, or the topic has no telling words."""
    words = _WORDS.get(category)
    return words is None or words.search(text) is not None
