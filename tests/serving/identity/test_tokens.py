"""Tokens of an issuer: only one that is good in every part lets anybody ask for anything."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from joserfc.jwk import ECKey
from tests.serving.identity.provider import (
    AUDIENCE,
    CLIENT,
    EDWARDS,
    RSA,
    SHORT,
    STRANGER,
    URL,
    Provider,
    settings_of,
    with_provider,
)

from interlock.errors import BadInput, GuardFailed, NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.state import differences
from interlock.serving import desk as desks
from interlock.serving.desk import Desk
from interlock.serving.identity.identity import Identity
from interlock.serving.identity.issuer import AGAIN_S, FRESH_S, LONGEST_S, Issuer
from interlock.serving.identity.issuer_look import look
from interlock.serving.identity.refusal import TokenRefused
from interlock.serving.operations import people

NOW: Final = 1_800_000_000
PUBLIC: Final = RSA.as_pem(private=False)
#: By what is wrong: why it is refused, and the token
BAD: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "unsigned": ("algorithm", {"header": {"alg": "none"}}),
    "unsigned, in other letters": ("algorithm", {"header": {"alg": "nOnE"}}),
    "signed with the public key": (
        "algorithm",
        {"header": {"alg": "HS256", "kid": "rsa"}, "key": PUBLIC},
    ),
    "an algorithm off the list": (
        "algorithm",
        {"header": {"alg": "RS512", "kid": "rsa"}, "key": RSA},
    ),
    "no algorithm that is a text": ("algorithm", {"header": {"alg": "RS1"}}),
    "a key by URL": ("header", {"header": {"jku": "https://evil.test/keys"}}),
    "a certificate by URL": ("header", {"header": {"x5u": "https://evil.test/c"}}),
    "a key of its own": ("header", {"header": {"jwk": STRANGER.as_dict()}}),
    "a certificate of its own": ("header", {"header": {"x5c": ["AAAA"]}}),
    "an extension that must be understood": (
        "header",
        {"header": {"crit": ["exp"], "exp": 1}},
    ),
    "a payload that is not encoded": (
        "header",
        {"header": {"b64": False, "crit": ["b64"]}},
    ),
    "a key that is no name": ("header", {"header": {"kid": ["one"]}}),
    "another key under a known name": ("signature", {"key": STRANGER}),
    "a key that nobody knows": ("key_unknown", {"header": {"kid": "two"}}),
    "no key named, of several": ("key_unknown", {"header": {"kid": None}}),
    "a key for another algorithm": (
        "key_unknown",
        {"header": {"alg": "RS256"}, "key": RSA},
    ),
    "a key that is too short": (
        "key_unknown",
        {"header": {"alg": "RS256", "kid": "short"}, "key": SHORT},
    ),
    "another type": ("type", {"header": {"typ": "logout+jwt"}}),
    "another issuer": ("issuer", {"iss": "https://evil.test"}),
    "an issuer that is nearly ours": ("issuer", {"iss": f"{URL}/"}),
    "several issuers": ("issuer", {"iss": [URL]}),
    "no issuer": ("claim_missing", {"iss": None}),
    "for somebody else": ("audience", {"aud": "https://other.test"}),
    "for somebody of a longer name": ("audience", {"aud": f"{AUDIENCE}/more"}),
    "for several others": ("audience", {"aud": ["a", "b"]}),
    "for nobody": ("claim_missing", {"aud": None}),
    "expired": ("expired", {"exp": NOW - 60}),
    "without an end": ("claim_missing", {"exp": None}),
    "an end that is no number": ("claim_form", {"exp": "never"}),
    "not yet": ("early", {"nbf": NOW + 61}),
    "of the future": ("early", {"iat": NOW + 61}),
    "of no time": ("claim_missing", {"iat": None}),
    "good for too long": ("lifetime", {"exp": NOW + 86_401}),
    "of nobody": ("claim_missing", {"sub": None}),
    "of a number": ("claim_form", {"sub": 7}),
    "of somebody who is listed": ("taken", {"sub": "\uff22ob"}),
    "of a name of nothing": ("name", {"sub": "\u200b"}),
    "of a name in two scripts": ("name", {"sub": "rh\u0435a"}),
    "of a name without end": ("name", {"sub": "a" * 151}),
    "who signed in": (
        "id_token",
        {"header": {"typ": "JWT"}, "nonce": "n"},
    ),
    "for the sign-in as well": (
        "id_token",
        {"header": {"typ": "JWT"}, "aud": [AUDIENCE, CLIENT]},
    ),
}
#: What is no token at all
FORMLESS: Final = (
    "",
    "a",
    "a.b",
    "a.b.c",
    "a.b.c.d.e",
    "e30.e30.",
    "\u00e9",
    "x" * 20_000,
)


@pytest.fixture
def provider(clock: Any) -> Provider:
    """An issuer with keys of every kind, one of them too short."""
    provider = Provider(clock=clock)
    provider.keys |= {"rsa": RSA, "short": SHORT, "edwards": EDWARDS}
    return provider


@pytest.fixture
async def desk(home: Path, clock: Any) -> AsyncIterator[Desk]:
    """A home with an issuer, and the list of people of the other tests."""
    (home / "people.yaml").write_text(
        "people: [{id: bob, roles: [reviewer]}, {id: ada, roles: [administrator]}]",
        "utf-8",
    )
    async with desks.opened(settings_of(home), clock=clock) as desk:
        yield desk


@pytest.fixture
def who(desk: Desk, provider: Provider) -> Identity:
    """Who asks, with that issuer."""
    return with_provider(desk, provider)


async def why(who: Identity, text: str) -> str:
    """Return why the token is refused, or nothing where it is good."""
    try:
        await who.of_token(text)
    except TokenRefused as refused:
        return refused.why if refused.code == "not_authenticated" else refused.code
    return ""


async def test_each_bad_token_is_refused_for_what_is_bad(
    who: Identity, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing in a token says how it is checked, and each claim must be there and be right.

    The log says what was bad, and each of it once however many come.
    """
    reasons = {
        name: await why(who, provider.token(**token))
        for name, (_, token) in BAD.items()
    }
    forms = {await why(who, text) for text in FORMLESS}
    good = provider.token()
    head, payload, signature = good.split(".")
    other = provider.token(sub="rhea").split(".")[1]
    for changed in (
        f"{head}.{other}.{signature}",
        f"{head}.{payload}.",
        f"{good}=",
        f"{good}\n",
    ):
        assert await why(who, changed) in {"signature", "form"}

    assert reasons == {name: reason for name, (reason, _) in BAD.items()}
    assert forms <= {"form", "algorithm"}
    told = [record.args for record in caplog.records if "vouched" in record.msg]
    assert {("lifetime",), ("audience",), ("signature",)} <= set(told)
    assert len(told) == len(set(told))
    assert not await who.has_accounts()
    assert await why(who, good) == ""


async def test_a_good_token_is_somebody_with_the_roles_that_are_mapped(
    who: Identity, provider: Provider, desk: Desk
) -> None:
    """Each algorithm of the list is taken, clocks may differ, and no role comes from elsewhere."""
    tokens: dict[str, dict[str, Any]] = {
        "rs256": {"header": {"alg": "RS256", "kid": "rsa"}, "key": RSA},
        "ps256": {"header": {"alg": "PS256", "kid": "rsa"}, "key": RSA},
        "eddsa": {"header": {"alg": "EdDSA", "kid": "edwards"}, "key": EDWARDS},
        "plain": {"header": {"typ": "JWT"}},
        "untyped": {"header": {"typ": None}, "aud": ["other", AUDIENCE]},
        "slow clock": {"exp": NOW - 59, "iat": NOW - 300},
        "fast clock": {"iat": NOW + 60, "nbf": NOW + 60},
    }
    for name, token in tokens.items():
        caller = await who.of_token(provider.token(**token))
        assert caller.principal == Principal(
            id="oidc:ana", tenant="default", roles=("analyst",)
        ), name
        assert caller.method == "token"
    for groups in (
        ["gods", "administrator", "nobody", 7],
        None,
        {"a": 1},
        "administrator",
    ):
        powerless = await who.of_token(provider.token(groups=groups))
        assert powerless.principal.roles == ()
    assert await who.has_accounts()
    assert await differences(desk.storage.store, desk.storage.vault) == []


async def test_a_name_is_one_persons_for_good(
    who: Identity, provider: Provider, desk: Desk, ada: Principal
) -> None:
    """Nobody of the issuer is somebody of the list, or somebody else of the issuer."""
    first = await who.of_token(provider.token(sub="Ana"))
    assert first.principal.id == "oidc:ana"
    assert await why(who, provider.token(sub="\uff21na")) == "subject"
    assert await why(who, provider.token(sub="ana")) == "subject"
    assert await why(who, provider.token(sub="oidc:ana", groups=["gods"])) == ""
    with pytest.raises(BadInput):
        await people.add(desk, "OIDC:eve", ["reviewer"], person=ada)

    stranger = Principal(id="olga", tenant="other", roles=("administrator",))
    for name, person in (("oidc:nobody", ada), ("oidc:ana", stranger)):
        with pytest.raises(NotFound):
            await people.remove(desk, name, person=person)
    await people.remove(desk, "OIDC:ana", person=ada)
    assert await why(who, provider.token(sub="Ana")) == "closed"
    assert await differences(desk.storage.store, desk.storage.vault) == []


async def test_a_claim_says_whose_somebody_is(
    desk: Desk, provider: Provider, home: Path
) -> None:
    """Claims inside others are found, no tenant is nobody's, and nobody changes the tenant."""
    more = 'tenant_claim = "org.name"\nname_claim = "nick"\nroles_claim = "org.jobs"'
    who = with_provider(replace(desk, settings=settings_of(home, more=more)), provider)
    acme: dict[str, Any] = {"nick": "Ana", "org": {"name": "acme", "jobs": "partners"}}

    assert (await who.of_token(provider.token(**acme))).principal == Principal(
        id="oidc:ana", tenant="acme", roles=("reviewer",)
    )
    for name in ("other", "@home", "", 7, None):
        token = provider.token(**acme | {"org": {"name": name}})
        assert await why(who, token) == "tenant", name
    assert await why(who, provider.token(nick="ana")) == "tenant"
    assert await differences(desk.storage.store, desk.storage.vault) == []


async def test_keys_are_fetched_when_they_are_old_or_lacking_and_no_oftener(
    who: Identity, provider: Provider, clock: Any
) -> None:
    """A new key is found within a minute, a key taken back is over, and who is away lets nobody in.

    However many tokens name keys that nobody knows, the issuer is asked once a minute.
    """
    provider.is_away = True
    for _ in range(3):
        with pytest.raises(GuardFailed) as away:
            await who.of_token(provider.token())
    assert away.value.code == "issuer_away"
    assert len(provider.asked) == 1

    provider.is_away = False
    clock.now += AGAIN_S
    await who.of_token(provider.token())
    provider.keys["two"] = ECKey.generate_key("P-256")
    new: dict[str, Any] = {"header": {"kid": "two"}, "key": provider.keys["two"]}
    for _ in range(5):
        assert await why(who, provider.token(**new)) == "key_unknown"
    assert len(provider.asked) == 3
    clock.now += AGAIN_S
    assert await why(who, provider.token(**new)) == ""

    old = provider.keys.pop("two")
    clock.now += FRESH_S
    assert (
        await why(who, provider.token(header={"kid": "two"}, key=old)) == "key_unknown"
    )
    provider.is_away = True
    clock.now += FRESH_S
    assert await why(who, provider.token()) == ""
    clock.now += LONGEST_S
    with pytest.raises(GuardFailed):
        await who.of_token(provider.token())


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": f"{URL}/"},
        {"jwks_uri": "http://id.test/keys"},
        {"jwks_uri": f"{URL}/keys#one"},
        {"token_endpoint": "ftp://id.test"},
        {"jwks_uri": f"{URL}/nothing"},
    ],
)
async def test_a_discovery_document_of_somebody_else_is_none(
    changes: dict[str, str], clock: Any
) -> None:
    """The issuer names itself exactly as the settings do, and leads nowhere unencrypted."""
    provider = Provider(clock=clock)
    provider.document |= changes
    with pytest.raises(GuardFailed):
        await Issuer(URL, way=provider).provider(NOW)


async def test_the_doctor_says_what_keeps_people_out(
    desk: Desk, provider: Provider, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """A role that no policy knows, a secret that is not set and an issuer that is away are red."""
    monkeypatch.setattr("time.time", lambda: NOW)
    issuer = Issuer(URL, way=provider)
    assert "omnipotent" in (await look(desk, issuer))[1]
    for more, is_well in (("", True), ('secret_variable = "NOT_SET"\n', False)):
        settings = settings_of(home, more=more, roles="")
        well, words = await look(replace(desk, settings=settings), issuer)
        assert well is is_well, words
    provider.is_away = True
    with pytest.raises(GuardFailed):
        await look(
            replace(desk, settings=settings_of(home, roles="")),
            Issuer(URL, way=provider),
        )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('issuer = "http://id.example.com"', "plain HTTP"),
        ('issuer = "https://id.example.com/?a=1"', "more than scheme"),
        ('site = "https://lock.example.com/pages"', "scheme and host alone"),
        ('client_id = ""', "go together"),
        ('secret_variable = "INTERLOCK_SECRET"', "no name of a variable"),
        ('audiences = "x"', "no such setting"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(
    home: Path, wrong: str, told: str
) -> None:
    """What is wrong with an issuer is told with the name of the setting, before anything opens."""
    name = wrong.partition(" ")[0]
    with pytest.raises(BadInput) as refused:
        settings_of(home, more=wrong, without=name)
    assert "oidc" in str(refused.value)
    assert told in str(refused.value)


async def test_what_a_document_leads_to_is_not_in_this_network(clock: Any) -> None:
    """On the issuer's own host any address is the operator's choice, elsewhere no private one."""
    reached: list[tuple[str, str]] = []
    provider = Provider(clock=clock)
    provider.document["jwks_uri"] = "https://keys.test/keys"

    async def way(destination: Any, **request: Any) -> Any:
        reached.append((destination.host, destination.reach))
        return await provider(destination, **request)

    await Issuer(URL, way=way).provider(NOW)
    assert reached == [("id.test", "any"), ("keys.test", "public")]
