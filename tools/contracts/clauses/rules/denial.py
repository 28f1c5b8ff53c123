"""Tells whether a clause says the opposite of what its category is about.

A denial is a negative word together with the topic of the category in one main clause: "no right
to audit", "nothing in this Agreement restricts". What denies depends on the category: "shall not
assign" states a limit on assignment, and "shall not renew" denies a renewal. Pure; every repetition
in a pattern is bounded, so the work is linear in the text.
"""

import re
from collections.abc import Mapping
from typing import Final

from interlock.tools.contracts.clauses.rules.sentence import main_clause

_HERE: Final = r"[^.;]{0,90}?"
_NOTHING: Final = (
    r"\bnothing (?:in|contained|herein|hereunder|hereof|expressed|set forth)\b"
)
_GIVES: Final = (
    r"\b(?:grant|giv|confer|creat|entitl|oblig|requir|assign|transfer|constitut|permit|establish"
    r"|mak|impl)\w*\b"
)
_STOPS: Final = (
    r"\b(?:restrict|prevent|prohibit|limit|preclud|restrain|bar|exclud|forbid)\w*\b"
)

#: Ways to deny a right or a duty, by a letter; the topic of the category follows
_WAYS: Final[Mapping[str, str]] = {
    # nothing gives it
    "g": rf"{_NOTHING}{_HERE}{_GIVES}{_HERE}",
    # nothing forbids it
    "s": rf"{_NOTHING}{_HERE}{_STOPS}{_HERE}",
    # there is none
    "n": r"\b(?:no(?! (?:event|later|more|less|case|way))|none of|nor any|not (?:any|an?)"
    r"|without any)\b[^.;:,]{0,45}?",
    # nobody owes it
    "d": r"\b(?:not (?:be )?(?:required|oblig\w+|bound|subject)|no (?:\w+ )?(?:obligation|duty)"
    r"|neither [\w ]{1,30}(?:is|are|shall be) (?:required|oblig\w+|bound)"
    r"|no (?:event|case) shall [\w ]{1,30} be (?:required|oblig\w+|liable to pay)"
    r"|need not|not (?:have )?(?:any|an) (?:obligation|duty))\b[^.;]{0,90}?",
    # nobody may have it
    "r": r"\b(?:not (?:be )?(?:entitled|permitted|allowed)|no (?:right|entitlement|power)"
    r"|not (?:have )?(?:any|the|a) right|neither party (?:has|shall have|may|shall|is entitled)"
    r"|no event shall \w+(?: \w+)? be entitled)\b[^.;]{0,60}?",
    # it does not happen
    "v": r"\b(?:(?:shall|will|does|do|did|may|can|must|is|are) ?not|cannot|neither"
    r"|no (?:event|case) (?:shall|will|is|does))\b[^.;,]{0,60}?",
    # one is free to do it
    "f": r"\b(?:(?:is|are|be|remain) free to|freely|without (?:any )?restriction)\b"
    r"[^.;]{0,60}?",
}

#: The ways that deny a category, and the topic that must follow
_TOPICS: Final[Mapping[str, tuple[str, str]]] = {
    "Affiliate License-Licensee": ("gnv", r"\baffiliates?\b"),
    "Affiliate License-Licensor": ("gnv", r"\baffiliates?\b"),
    "Anti-Assignment": ("sf", r"\b(?:assign|transfer)\w*\b"),
    "Audit Rights": ("gr", r"\b(?:audit|inspect|examin)\w*\b"),
    "Cap On Liability": ("s", r"\b(?:liab\w+|damages)\b"),
    "Change Of Control": (
        "v",
        r"\b(?:deemed|constitute|considered) an? (?:assign|transfer)",
    ),
    "Competitive Restriction Exception": ("g", r"\bcompet\w+\b"),
    "Covenant Not To Sue": ("s", r"\b(?:su(?:e|ing)|challeng\w+|contest\w*)\b"),
    "Exclusivity": ("gd", r"(?<!non-)\bexclusiv\w*\b"),
    "Expiration Date": ("nv", r"\b(?:fixed term|expire\b|stated term)"),
    "Governing Law": ("v", r"\blaw that governs\b"),
    "Insurance": ("gdn", r"\binsurance\b"),
    "Ip Ownership Assignment": (
        "gv",
        (
            r"\b(?:assign|transfer|convey)\w*\b[^.;]{0,80}\b(?:intellectual|right|title|copyright"
            r"|patent|invention)"
        ),
    ),
    "Irrevocable Or Perpetual License": (
        "gv",
        r"\b(?:irrevocabl[ey]|perpetual(?:ly)?)\b",
    ),
    "Joint Ip Ownership": (
        "nv",
        r"\b(?:jointly|joint (?:property|own\w+)|co-?own\w*)\b",
    ),
    "License Grant": ("gn", r"\blicen[cs]e\b"),
    "Liquidated Damages": ("gnd", r"\b(?:liquidated damages|termination fee)\b"),
    "Minimum Commitment": ("gnd", r"\bminimum\b"),
    "Most Favored Nation": (
        "gd",
        r"\b(?:most[- ]favou?red|as favou?rable|best price)\b",
    ),
    "No-Solicit Of Customers": ("sf", r"\bsolicit\w*\b"),
    "No-Solicit Of Employees": ("sf", r"\b(?:solicit|hir|employ|recruit)\w*\b"),
    "Non-Compete": ("sf", r"\b(?:compet\w+|similar)\b"),
    "Non-Disparagement": ("s", r"\b(?:disparag\w+|critic\w+|statements?)\b"),
    "Non-Transferable License": ("sf", r"\b(?:transfer\w*|sublicen[cs]\w*)\b"),
    "Notice Period To Terminate Renewal": ("n", r"\bnotice of non-?renewal\b"),
    "Post-Termination Services": (
        "gd",
        r"\b(?:transition|services\b[^.;]{0,30}\bafter|after (?:the )?(?:termination|expir))",
    ),
    "Price Restrictions": ("sf", r"\bprices?\b"),
    "Renewal Term": ("nr", r"\b(?:renewal|extension)\b"),
    "Revenue/Profit Sharing": ("gnr", r"\b(?:share|portion|percentage) of\b"),
    "Rofr/Rofo/Rofn": ("gn", r"\bfirst (?:refusal|offer|negotiation)\b"),
    "Source Code Escrow": ("gnd", r"\bescrow\b"),
    "Termination For Convenience": (
        "r",
        r"\bterminat\w+\b[^.;]{0,60}\b(?:convenience|without cause|any reason)",
    ),
    "Third Party Beneficiary": (
        "gnv",
        r"\b(?:third[- ]part(?:y|ies)|person other than|other person|benefici\w+)\b",
    ),
    "Uncapped Liability": ("nrv", r"\b(?:unlimited|uncapped)\b"),
    "Unlimited/All-You-Can-Eat-License": ("gnv", r"\bunlimited\b"),
    "Volume Restriction": ("sf", r"\b(?:quantit\w+|volume|usage)\b"),
    "Warranty Duration": ("n", r"\bwarrant(?:y|ies)\b"),
}

#: What denies a category in words of its own
_OWN: Final[Mapping[str, str]] = {
    "Anti-Assignment": r"\bno (?:\w+ )?consent (?:shall be|is|will be) (?:required|needed)\b",
    "Cap On Liability": (
        r"\b(?:unlimited|uncapped)\b|\bliab\w+[^.;]{0,80}\b(?:without limit|no (?:limit|maximum"
        r"|cap)|not (?:be )?(?:limited|capped|restricted))|\bno (?:limit|cap|ceiling|maximum)"
        r"[^.;]{0,80}\b(?:liab|damag|recover)|\bdamages\b[^.;]{0,60}\bnot be (?:limited|capped)"
        r"|\bneither [^.;]{0,60}\bliab\w+[^.;]{0,60}\b(?:limited|capped)\b"
    ),
    "Change Of Control": r"\bno effect on this agreement\b",
    "Competitive Restriction Exception": r"\bno exceptions?\b",
    "Covenant Not To Sue": (
        r"\b(?:keeps?|retains?|reserves?) the right to (?:contest|challenge)\b"
        r"|\bdoes not covenant\b"
    ),
    "Exclusivity": (
        r"\bagreement is (?:\w+ )?non-? ?exclusive\b|\bnon-? ?exclusive (?:basis|relationship)"
    ),
    "Irrevocable Or Perpetual License": r"\brevocable\b|\bmay revoke\b",
    "Joint Ip Ownership": r"\bnone of [^.;]{0,60}\bjointly\b",
    "License Grant": r"\b(?:does|do|shall) not grant\b",
    "Most Favored Nation": r"\bmay offer [^.;]{0,60}\blower prices? without\b",
    "No-Solicit Of Customers": r"\bmay (?:freely )?solicit\b",
    "No-Solicit Of Employees": r"\bmay (?:freely )?(?:solicit|hire)\b",
    "Non-Compete": r"\bpart(?:y|ies) may [^.;]{0,60}\bcompet",
    "Non-Disparagement": r"\bnot subject to [^.;]{0,40}\bdisparag",
    "Non-Transferable License": (
        r"\bfreely transferable\b|\ba transferable licen|\bmay be (?:freely )?sublicen\w+ without"
    ),
    "Notice Period To Terminate Renewal": r"\bno (?:prior )?notice\b",
    "Post-Termination Services": (
        r"\b(?:no obligation|not (?:be )?(?:required|oblig\w+)) to (?:provide|perform)\b"
    ),
    "Price Restrictions": r"\bmay (?:increase|raise) [^.;]{0,60}\b(?:any amount|at any time)",
    "Renewal Term": r"\b(?:shall|will|does|may) not (?:automatically )?(?:renew|be renewed)\b",
    "Termination For Convenience": r"\bneither party may terminate\b",
    "Third Party Beneficiary": (
        r"\bsole(?:ly)? (?:for )?(?:the )?benefit of the part|\bnot a party\b[^.;]{0,60}\bno right"
    ),
    "Volume Restriction": r"\bno (?:limit|restriction|maximum)\b|\bwithout restriction\b",
    "Warranty Duration": r"\bsold as[- ]is\b",
}

#: What states a category even where a denial stands beside it
_STATES: Final[Mapping[str, str]] = {
    "Anti-Assignment": r"\b(?:not|neither)\b[^.;]{0,60}\b(?:assign|transfer)",
    "Cap On Liability": (
        r"\b(?:not exceed|no event|no circumstances|not be (?:\w+ )?liable|disclaim\w*"
        r"|(?<!not )(?<!not be )limited to)\b"
    ),
    "Irrevocable Or Perpetual License": (r"\bgrants? [^.;]{0,60}\birrevocable\b"),
}


def _compiled(category: str) -> re.Pattern[str]:
    ways, topic = _TOPICS[category]
    patterns = [f"{_WAYS[way]}{topic}" for way in ways]
    if category in _OWN:
        patterns.append(_OWN[category])
    return re.compile("|".join(patterns), re.IGNORECASE)


_DENIALS: Final = {category: _compiled(category) for category in _TOPICS}
_STATEMENTS: Final = {
    category: re.compile(pattern, re.IGNORECASE)
    for category, pattern in _STATES.items()
}


def denies(category: str, text: str) -> bool:
    """Tell whether one sentence says the opposite of what its category is about."""
    pattern = _DENIALS.get(category)
    if pattern is None:
        return False
    clause = main_clause(text)
    if pattern.search(clause) is None:
        return False
    states = _STATEMENTS.get(category)
    return states is None or states.search(clause) is None
