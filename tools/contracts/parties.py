"""Who the parties of a contract are: the names and the defined words that the contract gives them.

The clause finder names the parties; what the contract defines for them, in `Acme Ltd ("Supplier")`
or `hereinafter called the Licensor`, belongs to them. Where that gives fewer than two parties, the
words that contracts use for a party count as well, if they stand in the text again and again.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from interlock.runtime.door.tool import Value

#: Which end of the deal a party stands at
Role: TypeAlias = Literal["customer", "supplier"]

_CUSTOMERS: Final = """
customer client buyer purchaser licensee subscriber lessee tenant distributor franchisee reseller
sponsor shipper borrower recipient
"""
_SUPPLIERS: Final = """
supplier vendor seller licensor provider contractor consultant lessor landlord manufacturer
developer franchisor host transporter lender agent subcontractor outsourcer
"""
ROLES: Final[dict[str, Role]] = {
    **dict.fromkeys(_CUSTOMERS.split(), "customer"),
    **dict.fromkeys(_SUPPLIERS.split(), "supplier"),
}
HEAD: Final = 12_000  # characters in which a contract names its parties
TWO: Final = (
    2  # parties make a contract; and a word that stands but once may be anything
)
SHORTEST: Final = 2  # characters of a name
Span: TypeAlias = tuple[int, int]

#: Defined in a preamble, and no party
_NO_PARTY: Final = """
agreement amendment contract date deed license licence addendum order term party parties product
products service services act exchange territory property website site software system program plan
facility trademarks marks schedule exhibit closing transaction transactions commission facility
"""
_NO_PARTIES: Final = frozenset(_NO_PARTY.split())
_QUOTED: Final = re.compile(
    r"[\"\u201c]{1,2}([A-Z][^\"\u201c\u201d\n]{1,60})[\"\u201d]"
    r"|['\u2018]{1,2}([A-Z][^\"'\u2018\u2019\n]{1,60})['\u2019](?!\w)"
)
#: A parenthesis or a `hereinafter`, in which names are defined
_DEFINITION: Final = re.compile(
    r"\((?P<within>[^()]{0,160}?[\"\u201c'\u2018][A-Z][^()]{1,160})\)"
    r"|here(?:in)?after\s+(?:also\s+)?(?:(?:referred\s+to|called|known|designated)\s+)?"
    r"(?:as\s+)?(?:the\s+)?(?P<bare>[\"\u201c'\u2018]?[A-Z][\w&.-]*(?:\s[A-Z][\w&.-]*){0,3})"
)
_LEAD: Final = re.compile(r"^(?:[A-Z]\.\s+)?(?:(?:the|both)\s+)?", re.IGNORECASE)
_MARKS: Final = " \"'\u201c\u201d\u2018\u2019(),.;"
_REACH: Final = 400  # characters between a name and what defines it
_LEGAL_FORM: Final = re.compile(
    r",?\s+(?:inc|incorporated|corp|corporation|co|company|llc|l\.l\.c|ltd|limited|lp|l\.p|llp|plc|gmbh|ag"
    r"|s\.?a|n\.?v|b\.?v|pty)\.?$",
    re.IGNORECASE,
)


_FORMS: Final = frozenset(
    {"inc", "incorporated", "corp", "llc", "ltd", "limited", "plc"}
)


class Party(Value):
    """One party: its name, and every word that the contract calls it by."""

    name: str
    aliases: list[str]

    @property
    def role(self) -> Role | None:
        """The end of the deal that its defined words tell, if they tell one."""
        words = {word for alias in self.aliases for word in alias.lower().split()}
        roles = {ROLES[word] for word in words if word in ROLES}
        return roles.pop() if len(roles) == 1 else None


def parties(text: str, spans: Sequence[Span]) -> list[Party]:
    """Return the parties in the order of the text; *spans* are where the text names one.

    Names of one party are one entry: those that differ in legal form, and those that are the
    initials of another.
    """
    those = _folded(list(_defined(text, sorted(spans))))
    if len(those) >= TWO:
        return those
    known = {alias.lower() for party in those for alias in party.aliases}
    return [*those, *_by_role(text, known)]


def _defined(text: str, spans: Sequence[Span]) -> Iterator[Party]:
    """Yield each party once: the names up to a definition, and the words that it defines."""
    taken: set[str] = set()
    waiting = list(spans)
    for definition in _DEFINITION.finditer(
        text,
        0,
        HEAD,
    ):
        reach = range(definition.start() - _REACH, definition.end())
        before = [span for span in waiting if span[1] <= definition.start()]
        within = [
            span for span in waiting if definition.start() <= span[0] < definition.end()
        ]
        near = [span for span in before[-1:] if span[1] in reach]
        if not near and not within:
            continue
        for span in before[: len(before) - len(near)]:
            yield from _undefined(taken, text[slice(*span)])
        waiting = [span for span in waiting if span[0] >= definition.end()]
        yield from _party(
            taken, [*(text[slice(*span)] for span in near), *_aliases(definition)]
        )
    for span in waiting:
        yield from _undefined(taken, text[slice(*span)])


def _folded(those: list[Party]) -> list[Party]:
    folded: list[Party] = []
    for party in those:
        same = next((one for one in folded if _is_same(one, party)), None)
        if same is None:
            folded.append(party)
            continue
        longest = max(same.name, party.name, key=len)
        aliases = dict.fromkeys([longest, *same.aliases, *party.aliases])
        folded[folded.index(same)] = Party(
            name=longest,
            aliases=list(aliases),
        )
    return folded


def _is_same(one: Party, other: Party) -> bool:
    names = {_plain(alias) for alias in one.aliases}
    return bool(
        names & {_plain(alias) for alias in other.aliases}
        or _initials(one) & set(other.aliases)
        or _initials(other) & set(one.aliases)
    )


def _initials(party: Party) -> set[str]:
    """Return the initials of the party's names of several words, without and with legal form."""
    initials: set[str] = set()
    for alias in party.aliases:
        letters = "".join(word[0].upper() for word in re.findall(r"[^\W_]+", alias))
        bare = "".join(word[0].upper() for word in _plain(alias).split())
        initials |= {one for one in (letters, bare) if len(one) > TWO}
    return initials


def _undefined(taken: set[str], name: str) -> Iterator[Party]:
    """Yield a party that only has its name, unless that is a longer name of one before."""
    words = f" {_plain(name)} "
    if not any(f" {_plain(alias)} " in words for alias in taken):
        yield from _party(taken, [name])


def _party(taken: set[str], words: Sequence[str]) -> Iterator[Party]:
    """Yield a party that is called by those of *words* that name one and are not taken yet."""
    aliases = []
    for word in words:
        alias = _LEAD.sub("", " ".join(word.strip(_MARKS).split()))
        if _is_name(alias) and alias.lower() not in taken:
            taken.add(alias.lower())
            aliases.append(alias)
    if aliases:
        yield Party(
            name=aliases[0],
            aliases=aliases,
        )


def _aliases(definition: re.Match[str]) -> list[str]:
    within = definition["within"]
    if not within:
        return [definition["bare"]]
    return [double or single for double, single in _QUOTED.findall(within)]


def _is_name(text: str) -> bool:
    words = text.lower().rstrip(".").split()
    if len(text) < SHORTEST or words[-1] in _NO_PARTIES or text.lower() in _FORMS:
        return False
    return text[0].isupper() or text[0].isdigit()


def _by_role(text: str, known: set[str]) -> Iterator[Party]:
    """Yield a party for each role that stands in the text as a name, often enough."""
    uses = Counter(re.findall(r"\b[A-Z][a-z]+\b", text))
    for word in ROLES:
        title = word.capitalize()
        if word not in known and uses[title] >= TWO:
            yield Party(
                name=title,
                aliases=[title],
            )


def named(those: list[Party], wanted: str) -> Party | None:
    """Return the one party that *wanted* names, by name, by defined word or by role.

    None when no party, or more than one, answers to that.
    """
    sought = _plain(wanted)
    for answers in (_is_called, _contains, _stands_for):
        matching = [party for party in those if answers(party, sought)]
        if matching:
            return matching[0] if len(matching) == 1 else None
    return None


def _is_called(party: Party, sought: str) -> bool:
    return any(_plain(alias) == sought for alias in party.aliases)


def _contains(party: Party, sought: str) -> bool:
    return any(f" {sought} " in f" {_plain(alias)} " for alias in party.aliases)


def _stands_for(party: Party, sought: str) -> bool:
    return sought in ROLES and party.role == ROLES[sought]


def _plain(name: str) -> str:
    """Return a name without case, legal form and marks."""
    bare = _LEGAL_FORM.sub("", name.strip().rstrip(",."))
    return " ".join(re.findall(r"[^\W_]+", bare.lower()))
