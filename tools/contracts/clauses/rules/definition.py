"""Tells a definition from the clause that uses the defined word.

"Competing Product means ..." forbids nothing. For some categories a definition is the clause: what
is called the Effective Date states that date. Pure; every repetition in a pattern is bounded.
"""

import re
from typing import Final

_NAMED: Final = '["“”\'\u2018][^"“”]{1,80}["“”\'\u2019]'
_DEFINES: Final = re.compile(
    rf"[^\"“”\u2018']{{0,60}}?{_NAMED}(?:,? (?:or|and) {_NAMED})?[^.;\"“”]{{0,40}}?"
    r"\b(?:means?|refers? to|has the (?:same )?meaning|is defined as|shall be defined as"
    r"|shall have the meaning|(?:shall )?include[sd]?)\b",
    re.IGNORECASE,
)
#: Categories whose clause is a covenant, a right or an act: naming a thing is none of these
_COVENANTS: Final = frozenset(
    {
        "Affiliate License-Licensee",
        "Affiliate License-Licensor",
        "Anti-Assignment",
        "Audit Rights",
        "Cap On Liability",
        "Change Of Control",
        "Covenant Not To Sue",
        "Exclusivity",
        "Insurance",
        "Ip Ownership Assignment",
        "Irrevocable Or Perpetual License",
        "Liquidated Damages",
        "Most Favored Nation",
        "No-Solicit Of Customers",
        "No-Solicit Of Employees",
        "Non-Compete",
        "Non-Disparagement",
        "Non-Transferable License",
        "Post-Termination Services",
        "Renewal Term",
        "Rofr/Rofo/Rofn",
        "Termination For Convenience",
        "Third Party Beneficiary",
        "Uncapped Liability",
    }
)


#: Categories that a definition states if the definition has the amount
_AMOUNTS: Final = frozenset(
    {"Minimum Commitment", "Volume Restriction", "Warranty Duration"}
)
_AMOUNT: Final = re.compile(
    r"(?<!schedule )(?<!section )(?<!exhibit )(?<!article )(?<!annex )\b\d"
    r"|\b(?:one|two|three|four|five|six|seven|ten|twelve|eighteen|twenty|thirty|sixty|ninety"
    r"|hundred|thousand)\b",
    re.IGNORECASE,
)


def only_defines(category: str, text: str) -> bool:
    """Tell whether one sentence defines a word where its category wants a covenant."""
    if category not in _COVENANTS and category not in _AMOUNTS:
        return False
    line = " ".join(text.split())
    defines = _DEFINES.match(line)
    if defines is None:
        return False
    return category not in _AMOUNTS or _AMOUNT.search(line, defines.end()) is None
