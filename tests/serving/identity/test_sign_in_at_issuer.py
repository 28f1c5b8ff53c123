"""Signing in at an issuer: one browser, one code, one person, and a session like any other."""

import base64
import hashlib
import time
import warnings
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from tests.serving.identity.provider import (
    AUDIENCE,
    CLIENT,
    GUIDE,
    STRANGER,
    URL,
    Provider,
    settings_of,
    with_provider,
)

from interlock.errors import BadInput, NotAuthenticated, NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries
from interlock.runtime.record.state import differences
from interlock.serving import desk as desks
from interlock.serving.desk import Desk
from interlock.serving.home import opened
from interlock.serving.identity.flow import Answer
from interlock.serving.identity.identity import Identity
from interlock.serving.identity.issuer import FRESH_S
from interlock.serving.identity.refusal import TokenRefused
from interlock.serving.operations import people
from interlock.serving.queue.cookie import FLOW, NAME
from interlock.serving.queue.guard import TOKEN_FIELD
from interlock.serving.queue.pages import application

SITE: Final = "https://lock.example.com"
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


@pytest.fixture
def provider(clock: Any) -> Provider:
    """An issuer that names itself in each answer."""
    provider = Provider(clock=clock)
    provider.document["authorization_response_iss_parameter_supported"] = True
    return provider


@pytest.fixture
async def desk(home: Path, clock: Any) -> AsyncIterator[Desk]:
    """A home with that issuer."""
    async with desks.opened(settings_of(home), clock=clock) as desk:
        yield desk


@pytest.fixture
def who(desk: Desk, provider: Provider) -> Identity:
    """Who asks there."""
    return with_provider(desk, provider)


async def entered(
    who: Identity,
    provider: Provider,
    *,
    brought: dict[str, Any] | None = None,
    cookie: str = "",
    again: Any = None,
    **claims: Any,
) -> str:
    """Sign in at the issuer, and return the cookie of the session, or why there is none."""
    assert who.issuer is not None
    url, waiting = await who.issuer.begin("/runs", again=again)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    header = {"header": {"typ": "JWT"}}
    provider.codes["c"] = {"aud": CLIENT, "nonce": asked["nonce"], **header, **claims}
    answer = Answer(
        **{"code": "c", "state": asked["state"], "iss": URL, **(brought or {})}
    )
    try:
        return (await who.issuer.enter(cookie or waiting, answer)).cookie
    except TokenRefused as refused:
        return refused.why


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


async def test_the_pages_lead_to_the_issuer_and_back(home: Path) -> None:
    """The sign-in page offers the issuer, the cookies are this host's, a code serves once, and
    signing out leads to where the issuer's session ends.

    The issuer sees the digest of a secret first, and the secret with the code only.
    """
    provider = Provider(clock=time.time)
    provider.document["end_session_endpoint"] = f"{URL}/end"
    async with opened(settings_of(home)) as house:
        who = with_provider(house.desk, provider)
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=application(house, who)), base_url=SITE
        )
        offered = await client.get("/sign-in?to=/runs")
        assert "/sign-in/issuer?to=/runs" in offered.text
        gone = await client.get("/sign-in/issuer?to=/runs")
        query = parse_qs(urlsplit(gone.headers["location"]).query)
        asked = {name: values[0] for name, values in query.items()}
        waiting = client.cookies[FLOW]
        provider.codes["c"] = {
            "aud": CLIENT,
            "nonce": asked["nonce"],
            "header": {"typ": None},
        }
        place = f"/sign-in/issuer/back?code=c&state={asked['state']}"
        foreign = await client.get(place.replace("state=", "state=x"))
        assert (foreign.status_code, FLOW in client.cookies) == (401, False)
        back = await client.get(place, headers={"Cookie": f"{FLOW}={waiting}"})
        again = await client.get(place, headers={"Cookie": f"{FLOW}={waiting}"})
        inside = await client.get(
            "/runs", headers={"Cookie": f"{NAME}={client.cookies[NAME]}"}
        )
        nowhere = await client.get("/sign-in/issuer?to=//evil.test")
        secret = client.cookies[NAME]
        out = await client.post(
            "/sign-out",
            headers={"Cookie": f"{NAME}={secret}", "Origin": SITE},
            data={TOKEN_FIELD: who.csrf_token(secret)},
        )
        with pytest.raises(NotAuthenticated):
            await who.of_session(secret)
        recorded = await entries(house.store, house.vault)
        await client.aclose()

    (form,) = [form for form in provider.forms if form["code"] == "c"][:1]
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (
        challenge,
        "S256",
    )
    assert f"`{asked['redirect_uri']}`" in GUIDE.read_text("utf-8")
    assert (
        asked["redirect_uri"] == form["redirect_uri"] == f"{SITE}/sign-in/issuer/back"
    )
    assert (asked["ui"], asked["client_id"], asked["scope"]) == (
        "plain",
        CLIENT,
        "openid profile email",
    )
    assert form["code_verifier"] not in gone.headers["location"]
    (kept,) = gone.headers.get_list("set-cookie")
    for part in (FLOW, "HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert part in kept
    assert (back.status_code, again.status_code) == (200, 401)
    end = f"{URL}/end?client_id={CLIENT}&amp;post_logout_redirect_uri="
    assert f'content="0;url={end}{quote(f"{SITE}/sign-in", safe="")}"' in out.text
    assert 'content="0;url=/runs"' in back.text
    assert any(
        NAME in text and "SameSite=strict" in text
        for text in back.headers.get_list("set-cookie")
    )
    assert (inside.status_code, "oidc:ana" in inside.text) == (200, True)
    assert nowhere.status_code == 303
    methods = [
        entry["body"]["method"]
        for entry in recorded
        if entry["body"]["event"] == "signed_in"
    ]
    assert methods == ["oidc"]


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
