"""Accounts: opened and closed by acts, and a person who is removed is out at once."""

from typing import Any

import pytest

from interlock.errors import BadInput, NotAuthenticated, NotFound, NotPermitted
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries
from interlock.runtime.record.state import differences
from interlock.serving.desk import Desk
from interlock.serving.identity.identity import Identity
from interlock.serving.operations import accounts, keys, people

ANA = Principal(id="ana", tenant="default", roles=("analyst",))


async def test_whoever_is_removed_is_out_and_stays_out(
    who: Identity, desk: Desk, cookie: str, ada: Principal, phrase: str
) -> None:
    """Removal ends sessions, links and keys at once, and no return brings them back."""
    issued = await keys.issue(desk, "billing", ["analyst"], person=ANA)
    code = await who.link("ana")
    await people.remove(desk, "ana", person=ada)
    await people.add(desk, "ana", ["analyst"], person=ada)

    async def tried() -> None:
        with pytest.raises(NotAuthenticated):
            await who.of_session(cookie)
        with pytest.raises(NotAuthenticated):
            await who.of_key(issued.text)
        with pytest.raises(NotAuthenticated):
            await who.sign_in_by_link(code)
        with pytest.raises(NotAuthenticated):
            await who.sign_in("ana", phrase)

    await tried()
    await accounts.open_by_link(desk, "ana", person=ada)
    await tried()
    assert await differences(desk.storage.store, desk.storage.vault) == []


async def test_an_administrator_opens_accounts_and_ends_sessions(
    who: Identity, desk: Desk, ada: Principal, phrase: str
) -> None:
    """Nobody else does, and the record has no password."""
    for act in (
        accounts.open_with_password(desk, "rhea", phrase, person=ANA),
        accounts.open_by_link(desk, "rhea", person=ANA),
        accounts.end_sessions(desk, "ada", person=ANA),
    ):
        with pytest.raises(NotPermitted):
            await act
    with pytest.raises(NotFound):
        await accounts.open_by_link(desk, "nemo", person=ada)
    with pytest.raises(BadInput):
        await accounts.open_with_password(desk, "rhea", "rhea", person=ada)

    await accounts.open_with_password(desk, "rhea", phrase, person=ada)
    cookie, _ = await who.sign_in("rhea", phrase)
    await accounts.end_sessions(desk, "rhea", person=ada)
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)
    await who.sign_in("rhea", phrase)
    recorded = await entries(desk.storage.store, desk.storage.vault)
    assert phrase not in str(recorded)


async def test_an_account_is_of_one_tenant(
    desk: Desk, cookie: str, phrase: str
) -> None:
    """An administrator of another tenant neither takes nor ends an account, and learns no more."""
    other = Principal(id="olga", tenant="other", roles=("administrator",))
    for act in (
        accounts.open_with_password(desk, "ana", phrase, person=other),
        accounts.end_sessions(desk, "ana", person=other),
    ):
        with pytest.raises(BadInput) as refused:
            await act
        assert refused.value.code == "wrong_tenant"


@pytest.mark.parametrize("name", ["\u200b", "rh\u0435a", "\u0410na", "a\x07"])
async def test_a_name_that_passes_for_another_is_refused(
    desk: Desk, ada: Principal, name: str
) -> None:
    """Letters of scripts that look alike, and what nobody sees, make no name."""
    with pytest.raises(BadInput):
        await people.add(desk, name, ["analyst"], person=ada)


async def test_other_letters_are_the_same_person(desk: Desk, ada: Principal) -> None:
    """Case and width make no second person, and the list stays one that can be read."""
    added: Any = await people.add(desk, "\uff21NA", ["auditor"], person=ada)

    assert added.id == "ana"
    assert desk.person("ana").roles == ("analyst", "auditor")
