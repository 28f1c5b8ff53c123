"""Signing in at an issuer: one browser, one code, one person."""

import base64
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.serving.identity.at_issuer.entering import entered
from tests.serving.identity.provider import (
    AUDIENCE,
    CLIENT,
    STRANGER,
    Provider,
    settings_of,
    with_provider,
)

from interlock.errors import BadInput, NotAuthenticated
from interlock.runtime.policy.request import Principal
from interlock.serving import desk as desks
from interlock.serving.desk import Desk
from interlock.serving.identity.flow import Answer
from interlock.serving.identity.identity import Identity

#: By what is wrong: why the sign-in is refused, the claims, and what is brought back
BAD: Final[dict[str, tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "another state": ("state", {}, {"state": "x"}),
    "no state": ("state", {}, {"state": ""}),
    "an answer of another issuer": ("issuer", {}, {"iss": "https://evil.test"}),
    "an answer of nobody": ("issuer", {}, {"iss": None}),
    "a no": ("denied", {}, {"error": "access_denied"}),
    "no code": ("denied", {}, {"code": ""}),
    "a code of somebody else": ("denied", {}, {"code": "stolen"}),
    "another nonce": ("nonce", {"nonce": "x"}, {}),
    "no nonce": ("nonce", {"nonce": None}, {}),
    "for another client": ("audience", {"aud": AUDIENCE}, {}),
    "for several clients": ("audience", {"aud": [CLIENT, "other"]}, {}),
    "asked for by another client": ("audience", {"azp": "other"}, {}),
    "an access token": ("type", {"header": {"typ": "at+jwt"}}, {}),
    "unsigned": ("algorithm", {"header": {"alg": "none"}}, {}),
    "of another key": ("signature", {"key": STRANGER}, {}),
    "of another issuer": ("issuer", {"iss": "https://evil.test"}, {}),
    "expired": ("expired", {"exp": 1}, {}),
    "of nobody": ("name", {"sub": "\u200b"}, {}),
}


async def test_each_bad_answer_begins_no_session(
    who: Identity, provider: Provider, clock: Any
) -> None:
    """An answer counts in the browser that asked, for what was asked, and for ten minutes."""
    reasons = {
        name: await entered(who, provider, brought=brought, **claims)
        for name, (_, claims, brought) in BAD.items()
    }
    assert who.issuer is not None
    _, theirs = await who.issuer.begin("/")
    forged = base64.urlsafe_b64encode(b"{}" * 40).decode()
    for cookie, why in ((theirs, "state"), (forged, "flow"), ("\u00e9", "flow")):
        assert await entered(who, provider, cookie=cookie) == why
    clock.now += 600
    assert await entered(who, provider, cookie=theirs) == "flow"

    assert reasons == {name: why for name, (why, _, _) in BAD.items()}
    assert not await who.has_accounts()
    assert len(await entered(who, provider)) > len("another_person")


async def test_the_secret_goes_where_the_issuer_takes_it(
    desk: Desk, provider: Provider, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An issuer that takes no header is shown the secret in the form; no secret, no sign-in."""
    ways = "token_endpoint_auth_methods_supported"
    provider.document[ways] = ["client_secret_post"]
    settings = settings_of(home, more='secret_variable = "LOCK_SECRET"')
    who = with_provider(replace(desk, settings=settings), provider)
    with pytest.raises(BadInput):
        await entered(who, provider)
    monkeypatch.setenv("LOCK_SECRET", "a secret")
    await entered(who, provider)

    assert "a secret" in provider.forms[-1].values()
    assert len(provider.forms) == 1


async def test_who_shows_credentials_again_is_the_same_person_and_just_did(
    who: Identity, provider: Provider, clock: Any
) -> None:
    """Nobody is fresh whom the issuer merely remembers, and the old cookie is over."""
    now = int(clock.now)
    cookie = await entered(who, provider, groups=["lawyers", "gods"])
    caller = await who.of_session(cookie)
    assert (caller.authenticated, caller.proof) == (0, "oidc")
    assert caller.principal.roles == ("analyst",)
    clock.now += 1_000
    for why, claims in (
        ("not_fresh", {}),
        ("not_fresh", {"auth_time": now}),
        ("not_fresh", {"auth_time": now + 2_000}),
        ("another_person", {"sub": "rhea", "auth_time": now + 1_000}),
    ):
        assert await entered(who, provider, again=caller, **claims) == why
    assert (await who.of_session(cookie)).session == caller.session

    assert who.issuer is not None
    url, _ = await who.issuer.begin("/", again=caller)
    assert "prompt=login" in url
    assert "max_age=0" in url
    fresh = await entered(who, provider, again=caller, auth_time=now + 1_000)
    assert (await who.of_session(fresh)).authenticated == now + 1_000
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)
    with pytest.raises(NotAuthenticated):
        await who.reauthenticate(fresh, "")


async def test_a_provider_that_we_did_not_write_lets_somebody_in(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discovery, keys, the code and the ID token of another program, over a connection."""
    monkeypatch.setenv("LOCK_SECRET", "a secret: 100 %")
    more = 'secret_variable = "LOCK_SECRET"'
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the program warns about a library of its own
        from oidc_provider_mock import (  # type: ignore[import-untyped]  # noqa: PLC0415 - as above; it has no types
            User,
            run_server_in_thread,
        )

        somebody = User(sub="ana", claims={"groups": ["lawyers"]})
        with run_server_in_thread(user_claims=[somebody]) as server:
            url = f"http://localhost:{server.server_port}"
            async with desks.opened(settings_of(home, url=url, more=more)) as desk:
                who = Identity.over(desk)
                assert who.issuer is not None
                there, waiting = await who.issuer.begin("/")
                async with httpx2.AsyncClient(trust_env=False) as client:
                    sent = await client.post(there, data={"sub": "ana"})
                brought = parse_qs(urlsplit(sent.headers["location"]).query)
                answer = Answer(code=brought["code"][0], state=brought["state"][0])
                came = await who.issuer.enter(waiting, answer)
                caller = await who.of_session(came.cookie)

    assert caller.principal == Principal(
        id="oidc:ana", tenant="default", roles=("analyst",)
    )
