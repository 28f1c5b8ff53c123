"""The parties: the names that were found, with the words that the contract defines for them."""

import re

import pytest

from interlock.tools.contracts.parties import Party, named, parties

PREAMBLE = (
    'This Supply Agreement ("Agreement") is made as of May 3, 2018 (the "Effective Date") between '
    'Acme Corp., a Delaware corporation ("Acme" or the "Buyer"), and Bolt & Sons Ltd, with offices '
    "in Leeds (hereinafter referred to as the Vendor)."
)
FOUND = ("Acme Corp.", "Acme", "Buyer", "Bolt & Sons Ltd")


def spans(text: str, names: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return the place of each name, after that of the name before."""
    places = []
    end = 0
    for name in names:
        match = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(text, end)
        assert match is not None
        end = match.end()
        places.append(match.span())
    return places


def aliases(text: str, *names: str) -> list[list[str]]:
    """Return what each party is called, when the finder found *names*."""
    return [party.aliases for party in parties(text, spans(text, names))]


def test_a_definition_belongs_to_the_name_before_it() -> None:
    """A name and the words in the parenthesis or the `hereinafter` after it are one party; the
    agreement and its date are none.
    """
    assert aliases(PREAMBLE, *FOUND) == [
        ["Acme Corp", "Acme", "Buyer"],
        ["Bolt & Sons Ltd", "Vendor"],
    ]


@pytest.mark.parametrize(
    ("text", "names", "wanted"),
    [
        (
            "Between Reed's, Inc. (\u201cReed's\u201d) and Full Sail Co ('Brewer').",
            ("Reed's, Inc.", "Full Sail Co"),
            [["Reed's, Inc", "Reed's"], ["Full Sail Co", "Brewer"]],
        ),
        (
            "Between North Ltd and South Ltd. North Ltd Products are defined.",
            ("North Ltd", "South Ltd", "North Ltd Products"),
            [["North Ltd"], ["South Ltd"]],
        ),
        (
            "Licensor grants. Licensee pays. Licensor may audit. Licensee shall help. A Tenant.",
            (),
            [["Licensee"], ["Licensor"]],
        ),
        ("Nobody is named.", (), []),
        (
            'Sonos, Inc. ("Buyer"). IAC agrees. ("Seller") Inventec Appliances Corporation.',
            ("Sonos, Inc.", "IAC", "Inventec Appliances Corporation"),
            [
                ["Sonos, Inc", "Buyer"],
                ["Inventec Appliances Corporation", "IAC", "Seller"],
            ],
        ),
    ],
)
def test_parties_are_told_from_what_is_none(
    text: str, names: tuple[str, ...], wanted: list[list[str]]
) -> None:
    """Quotation marks of any kind define; a longer name of a known party is no party; roles count
    where no party is named, and only if they are used again and again; initials are no party of
    their own.
    """
    assert aliases(text, *names) == wanted


ACME = Party(name="Acme Corp", aliases=["Acme Corp", "Acme", "Buyer"])
BOLT = Party(name="Bolt & Sons Ltd", aliases=["Bolt & Sons Ltd", "Vendor"])
TWIN = Party(name="Bolt Ltd", aliases=["Bolt Ltd", "Seller"])


@pytest.mark.parametrize(
    ("wanted", "party"),
    [
        ("Acme", ACME),
        ("acme corp.", ACME),
        ("Acme Holding", None),
        ("buyer", ACME),
        ("Customer", ACME),
        ("supplier", BOLT),
        ("Bolt & Sons", BOLT),
        ("Sons", BOLT),
        ("Initech", None),
        ("", None),
    ],
)
def test_our_party_is_named_by_name_word_or_role(
    wanted: str, party: Party | None
) -> None:
    """A name in any case, a defined word, a part of a name or a role of the same end names a party,
    and anything else names none.
    """
    assert named([ACME, BOLT], wanted) == party


def test_a_name_that_two_answer_to_names_none() -> None:
    """Where two parties could be meant, none is."""
    assert named([ACME, BOLT, TWIN], "supplier") is None
    assert named([ACME, BOLT, TWIN], "Bolt Ltd") == TWIN
