"""Requests: what of a name counts when two names are compared."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal, identity
from interlock.runtime.record.events import HOME


@pytest.mark.parametrize(
    "name",
    [
        "ANN BEE",
        " ann bee ",
        "\uff41nn bee",
        "an\u200bn bee",
        "a\u00adnn bee",
        "\u202eann bee",
        "ann\ufeff bee",
        "ann  bee",
        "ann\u00a0bee",
        "ann\u2028bee",
        "ann\x00 bee",
        "a\ufe0fnn bee",
    ],
)
def test_one_name_in_other_letters_is_one_person(name: str) -> None:
    """Case, width, spaces and characters that cannot be seen make no other person."""
    assert identity(name) == identity("ann bee")


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u2060\u00ad", "\x00"])
def test_a_name_of_which_nothing_is_seen_is_none(name: str) -> None:
    """Such a name is nobody's, so that the policy and the verdict refuse the person."""
    assert identity(name) == ""


@pytest.mark.parametrize("name", ["anne bee", "an bee", "\u00e4nn bee", "annbee"])
def test_other_names_stay_other_people(name: str) -> None:
    """Letters and accents count."""
    assert identity(name) != identity("ann bee")


@pytest.mark.parametrize("tenant", [HOME, "@other", "a\udc80", "a\nb", " a", "a" * 65])
def test_a_tenant_has_a_name_of_its_own(tenant: str) -> None:
    """No tenant has the log of the home or a name that cannot be written: the principal is none."""
    with pytest.raises(BadInput) as refused:
        Principal(id="ann", tenant=tenant, roles=())

    assert refused.value.code == "invalid"


@pytest.mark.parametrize("names", [{"id": "a\udc80"}, {"on_behalf_of": "a\udc80"}])
def test_a_person_has_a_name_that_can_be_written(names: dict[str, Any]) -> None:
    """Half a character is no name: whatever records the name would fail."""
    with pytest.raises(BadInput):
        replace(Principal(id="ann", tenant="acme", roles=()), **names)


@pytest.mark.parametrize("tenant", ["home", "a b", "J\u00f6rg & Co", "a@b", "a" * 64])
def test_any_other_name_is_a_tenants(tenant: str) -> None:
    """Letters of any script, spaces and signs are as good."""
    assert Principal(id="ann", tenant=tenant, roles=()).tenant == tenant
