"""Tells whether a clause grants its category in some cases only.

Ending a contract for a breach is no ending without cause, and a right that exists only if something
happens is not the right itself. Limits on how a right is used, such as a notice, are no condition.
Pure; every repetition in a pattern is bounded.
"""

import re
from typing import Final

CONVENIENCE: Final = "Termination For Convenience"
BENEFICIARY: Final = "Third Party Beneficiary"
#: Categories of duties and rights; for a limit on a freedom, "only if" is the usual form
_ONLY: Final = frozenset(
    {
        "Audit Rights",
        "Insurance",
        "Ip Ownership Assignment",
        "License Grant",
        "Minimum Commitment",
        "Post-Termination Services",
        "Renewal Term",
        "Source Code Escrow",
    }
)
_ONLY_IF: Final = re.compile(
    r"\b(?:only|solely) (?:if|in the event|in case|where (?:a|the)|when (?:a|the)"
    r"|upon the occurrence)\b",
    re.IGNORECASE,
)
_CAUSE: Final = re.compile(
    r"\b(?:if|in the event|in case|upon|on|for|due to|following|after|where|should)\b[^.;]{0,120}?"
    r"\b(?:breach\w*|default\w*|insolven\w+|bankrupt\w*|fails?|failure|violat\w+|cause\b(?! or)"
    r"|not cured|any of the following|one or more of the following|following (?:events|occur\w*)"
    r"|liquidat\w+|receiver\w*|force majeure|change (?:of|in) control|ceases?)",
    re.IGNORECASE,
)
_NO_CAUSE: Final = re.compile(
    r"\b(?:convenience|any reason|no reason|without (?:any )?(?:cause|reason)|(?:with )?or without"
    r"|at will|sole (?:and absolute )?(?:discretion|option)|absolute discretion"
    r"|other than for cause"
    r"|at any time(?! if| in the event| upon| for| on| after| should)"
    r"|not for cause)\b",
    re.IGNORECASE,
)
_EXCEPT: Final = re.compile(r"\b(?:except|save|exception)\b", re.IGNORECASE)


def is_conditional(category: str, text: str) -> bool:
    """Tell whether one sentence grants what its category is about in some cases only."""
    line = " ".join(text.split())
    if category == CONVENIENCE:
        return _CAUSE.search(line) is not None and _NO_CAUSE.search(line) is None
    return category in _ONLY and _ONLY_IF.search(line) is not None


def excepts(category: str, text: str) -> bool:
    """Tell whether a denial leaves room: no beneficiaries *except* those it names."""
    return category == BENEFICIARY and _EXCEPT.search(text) is not None
