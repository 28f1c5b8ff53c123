"""API keys: shown once, never more than their owner, and over at once."""

from typing import Any

import pytest
from sqlalchemy import select, update

from interlock.errors import BadInput, NotAuthenticated, NotFound, NotPermitted
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import tables
from interlock.serving.desk import Desk
from interlock.serving.identity.identity import Identity
from interlock.serving.identity.key_text import KeyText
from interlock.serving.operations import keys, people

RHEA = Principal(id="rhea", tenant="default", roles=("reviewer", "analyst"))
ANA = Principal(id="ana", tenant="default", roles=("analyst",))
DAY = 24 * 3600


async def test_a_key_acts_as_its_owner_with_roles_that_both_have(
    who: Identity, desk: Desk
) -> None:
    """A key has no more roles than its issuer, and fewer with the next request after a loss."""
    with pytest.raises(BadInput) as refused:
        await keys.issue(desk, "billing", ["administrator"], person=ANA)
    unlisted = Principal(id="oidc:ana", tenant="default", roles=("analyst",))
    with pytest.raises(BadInput) as useless:
        await keys.issue(desk, "billing", ["analyst"], person=unlisted)
    issued = await keys.issue(desk, "billing", ["analyst"], person=RHEA)
    caller = await who.of_key(issued.text)

    assert (refused.value.code, useless.value.code) == ("role_missing", "nobody")
    assert caller.method == "key"
    assert caller.principal == Principal(
        id="rhea", tenant="default", roles=("analyst",)
    )
    desk.settings.people.write_text("people: [{id: rhea, roles: [reviewer]}]", "utf-8")
    assert (await who.of_key(issued.text)).principal.roles == ()
    desk.settings.people.write_text("people: [{id: ana}]", "utf-8")
    with pytest.raises(NotAuthenticated):
        await who.of_key(issued.text)


async def test_a_key_is_over_when_it_is_revoked_rotated_or_old(
    who: Identity, desk: Desk, clock: Any
) -> None:
    """Each of the three ends a key with the next request; an overlap ends by itself."""
    first = await keys.issue(desk, "billing", ["analyst"], person=RHEA)
    second = await keys.rotate(desk, first.key.id, person=RHEA)
    third = await keys.rotate(desk, second.key.id, person=RHEA, overlap_s=60)
    for good in (second, third):
        assert (await who.of_key(good.text)).principal.id == "rhea"
    with pytest.raises(NotAuthenticated):
        await who.of_key(first.text)
    with pytest.raises(NotFound):
        await keys.rotate(desk, first.key.id, person=RHEA)

    clock.now += 60
    with pytest.raises(NotAuthenticated):
        await who.of_key(second.text)
    await keys.revoke(desk, third.key.id, person=RHEA)
    with pytest.raises(NotAuthenticated):
        await who.of_key(third.text)
    fourth = await keys.issue(desk, "one day", ["analyst"], person=RHEA, days=1)
    clock.now += DAY - 1
    await who.of_key(fourth.text)
    clock.now += 1
    with pytest.raises(NotAuthenticated):
        await who.of_key(fourth.text)
    assert await differences(desk.storage.store, desk.storage.vault) == []


async def test_a_key_is_its_owners_and_an_administrators_to_end(
    who: Identity, desk: Desk, ada: Principal
) -> None:
    """Another person neither lists, rotates nor revokes a key; of another tenant there is none."""
    issued = await keys.issue(desk, "billing", ["analyst"], person=RHEA)
    stranger = Principal(id="rhea", tenant="other", roles=("administrator",))
    assert await keys.listed(desk, person=ANA) == []
    assert [key.id for key in await keys.listed(desk, person=RHEA)] == [issued.key.id]
    with pytest.raises(NotFound):
        await keys.rotate(desk, issued.key.id, person=ada)
    with pytest.raises(NotPermitted):
        await keys.revoke(desk, issued.key.id, person=ANA)
    with pytest.raises(NotFound):
        await keys.revoke(desk, issued.key.id, person=stranger)
    await who.of_key(issued.text)

    await keys.revoke(desk, issued.key.id, person=ada)
    with pytest.raises(NotAuthenticated):
        await who.of_key(issued.text)


async def test_a_key_that_is_put_back_after_its_owner_left_opens_nothing(
    who: Identity, desk: Desk, ada: Principal
) -> None:
    """The row of a key, written back from a copy, does not open an account that is closed."""
    store = desk.storage.store
    issued = await keys.issue(desk, "billing", ["analyst"], person=ANA)
    await who.sign_in_by_link(await who.link("ana"))
    row = await store.read(
        lambda connection: dict(
            connection.execute(select(tables.api_key)).mappings().one()
        )
    )
    await people.remove(desk, "ana", person=ada)
    await people.add(desk, "ana", ["analyst"], person=ada)
    statement = update(tables.api_key).values(row)
    await store.write(lambda tx: tx.connection.execute(statement))

    with pytest.raises(NotAuthenticated):
        await who.of_key(issued.text)


async def test_a_key_that_is_nearly_right_is_wrong(who: Identity, desk: Desk) -> None:
    """A typing error is told by the checksum; another secret under a known id opens nothing."""
    issued = await keys.issue(desk, "billing", ["analyst"], person=RHEA)
    known = KeyText.parse(issued.text)
    assert known is not None
    forged = KeyText(id=known.id, secret=KeyText.new().secret)
    typed = issued.text[:-1] + ("a" if issued.text[-1] != "a" else "b")

    assert KeyText.parse(typed) is None
    for wrong in (
        forged.written(),
        KeyText.new().written(),
        typed,
        "",
        "ilk_",
        "\ud800",
    ):
        with pytest.raises(NotAuthenticated):
            await who.of_key(wrong)
    rows = await desk.storage.store.read(
        lambda connection: connection.execute(select(tables.api_key)).all()
    )
    assert known.secret.encode() not in str(rows).encode()
    assert "rhea" not in str(rows)


async def test_the_use_of_a_key_is_seen_to_the_minute(
    who: Identity, desk: Desk, clock: Any
) -> None:
    """The first use within a minute is noted, and what was noted is no change of the key."""
    issued = await keys.issue(desk, "billing", ["analyst"], person=RHEA)
    seen = []
    for wait in (0, 30, 30):
        clock.now += wait
        await who.of_key(issued.text)
        (key,) = await keys.listed(desk, person=RHEA)
        seen.append(key.seen)

    assert seen == [1_800_000_000, 1_800_000_000, 1_800_000_060]
    assert await differences(desk.storage.store, desk.storage.vault) == []
