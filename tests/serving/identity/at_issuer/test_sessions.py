"""A session that began at an issuer is one like any other, and ends here first."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.serving.identity.at_issuer.entering import SITE, entered
from tests.serving.identity.provider import Provider, settings_of, with_provider

from interlock.errors import BadInput, NotAuthenticated, NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.state import differences
from interlock.serving.desk import Desk
from interlock.serving.home import opened
from interlock.serving.identity.identity import Identity
from interlock.serving.identity.issuer import FRESH_S
from interlock.serving.operations import people
from interlock.serving.queue.cookie import NAME
from interlock.serving.queue.guard import TOKEN_FIELD
from interlock.serving.queue.pages import application


async def test_a_session_is_over_with_its_person_its_issuer_or_its_mapping(
    who: Identity, provider: Provider, desk: Desk, home: Path
) -> None:
    """Whoever is removed is out at once, until readmitted and signed in anew; settings that say
    less make the session less.
    """
    ada = Principal(id="ada", tenant="default", roles=("administrator",))
    cookie = await entered(who, provider)
    for more, roles in (('roles_claim = "x"', ("analyst",)), ("", ("analyst",))):
        other = replace(desk, settings=settings_of(home, more=more))
        caller = await Identity.over(other).of_session(cookie)
        assert caller.principal.roles == roles
    less = desk.settings.model_copy(
        update={"oidc": desk.settings.oidc.model_copy(update={"roles": {}})}
        if desk.settings.oidc
        else {}
    )
    powerless = await Identity.over(replace(desk, settings=less)).of_session(cookie)
    assert powerless.principal.roles == ()
    elsewhere = settings_of(home, url="https://new.test")
    for settings in (elsewhere, desk.settings.model_copy(update={"oidc": None})):
        with pytest.raises(NotAuthenticated):
            await Identity.over(replace(desk, settings=settings)).of_session(cookie)

    file = desk.settings.people
    file.write_text("people: [{id: Ana}]", "utf-8")
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)
    file.unlink()
    await people.remove(desk, "oidc:ana", person=ada)
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)
    assert await entered(who, provider) == "closed"
    await people.readmit(desk, "oidc:ana", person=ada)
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)
    assert (await who.of_session(await entered(who, provider))).principal.roles == (
        "analyst",
    )
    with pytest.raises(BadInput) as refused:
        await people.readmit(desk, "oidc:ana", person=ada)
    assert refused.value.code == "wrong_state"
    for way in (people.remove, people.readmit):
        with pytest.raises(NotFound):
            await way(desk, "oidc:rhea", person=ada)
    assert await differences(desk.storage.store, desk.storage.vault) == []


class Asked(Provider):
    """An issuer before which one sees whether a session here is over."""

    is_over = False

    async def __call__(self, *args: Any, **more: Any) -> Any:
        for who, secret in self.watched.items():
            with pytest.raises(NotAuthenticated):
                await who.of_session(secret)
            self.is_over = True
        return await super().__call__(*args, **more)

    @cached_property
    def watched(self) -> dict[Identity, str]:
        """Sessions that are to be over before the issuer is asked anything."""
        return {}


async def test_a_session_is_over_before_the_issuer_is_asked(
    home: Path, clock: Any
) -> None:
    """However slow the issuer is when somebody signs out, the session here ends at once."""
    provider = Asked(clock=clock)
    async with opened(settings_of(home), clock=clock) as house:
        who = with_provider(house.desk, provider)
        secret = await entered(who, provider)
        clock.now += FRESH_S
        provider.watched[who] = secret
        transport = httpx2.ASGITransport(app=application(house, who))
        async with httpx2.AsyncClient(transport=transport, base_url=SITE) as client:
            out = await client.post(
                "/sign-out",
                headers={"Cookie": f"{NAME}={secret}", "Origin": SITE},
                data={TOKEN_FIELD: who.csrf_token(secret)},
            )

    assert (out.status_code, provider.is_over) == (303, True)
