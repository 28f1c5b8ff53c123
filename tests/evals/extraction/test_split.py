"""No filer stands on both sides of any division, and the division never changes by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.evals.extraction.data import Contract
from interlock.evals.extraction.split import SHOWN, filer, folds, split

_NAMES = st.sampled_from(
    [
        "ACME",
        "Acme Inc",
        "ACME,INC",
        "BorealisCorp",
        "Freecook",
        "Delta",
        "Echo",
        "FoxtrotLtd",
        "Golf",
        "HotelLLC",
    ]
)
_CONTRACTS = st.lists(_NAMES, min_size=1, max_size=40).map(
    lambda names: [_contract(f"{name}_{at}_EX-1") for at, name in enumerate(names)]
)


@given(_CONTRACTS)
def test_no_filer_stands_on_both_sides(contracts: list[Contract]) -> None:
    """Every contract is on one side, with all others of its filer."""
    parts = split(contracts)
    assert {filer(one.title) for one in parts.train}.isdisjoint(
        filer(one.title) for one in parts.dev
    )
    assert sorted(one.title for one in (*parts.train, *parts.dev)) == sorted(
        one.title for one in contracts
    )
    assert set(parts.train_filers).isdisjoint(parts.dev_filers)


@given(_CONTRACTS)
def test_the_division_does_not_depend_on_the_order(contracts: list[Contract]) -> None:
    """Only titles and seed decide."""
    assert split(contracts).dev_filers == split(contracts[::-1]).dev_filers


@given(_CONTRACTS, st.integers(min_value=2, max_value=5))
def test_folds_keep_a_filer_together(contracts: list[Contract], count: int) -> None:
    """All contracts of a filer fall into one fold."""
    of: dict[str, set[int]] = {}
    for contract, fold in zip(contracts, folds(contracts, count), strict=True):
        of.setdefault(filer(contract.title), set()).add(fold)
        assert 0 <= fold < count
    assert all(len(found) == 1 for found in of.values())


def test_shown_contracts_are_on_the_dev_side() -> None:
    """What people are shown is never training data."""
    contracts = [_contract(f"{name}_1_EX-1") for name in sorted(SHOWN)] + [
        _contract(f"OTHER{at}X_1") for at in range(100)
    ]
    assert set(split(contracts).dev_filers) >= SHOWN


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("IPAYMENT,INC_05_14_2007-EX-10.1-SPONSORSHIP AGREEMENT", "IPAYMENT"),
        ("StampscomInc_20001114_10-Q_EX-10.47_2631630", "STAMPSCOM"),
        ("STAMPSCOMINC_06_24_1999-EX-10.18", "STAMPSCOM"),
        ("Sonos, Inc. - Manufacturing Agreement ", "SONOS"),
        ("LECLANCHÉ S.A. - JOINT DEVELOPMENT AGREEMENT", "LECLANCHÉ"),
        ("Inc_2001", "INC"),
    ],
)
def test_a_filer_is_the_leading_company_token(title: str, name: str) -> None:
    """Case, punctuation and legal form do not tell filers apart."""
    assert filer(title) == name


def _contract(title: str) -> Contract:
    return Contract(title=title, text="", answers={})
