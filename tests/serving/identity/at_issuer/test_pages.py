"""The pages that lead to the issuer and back."""

import base64
import hashlib
import time
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from tests.serving.identity.at_issuer.entering import SITE
from tests.serving.identity.provider import (
    CLIENT,
    GUIDE,
    URL,
    Provider,
    settings_of,
    with_provider,
)

from interlock.errors import NotAuthenticated
from interlock.runtime.record.audit import entries
from interlock.serving.home import opened
from interlock.serving.queue.cookie import FLOW, NAME
from interlock.serving.queue.guard import TOKEN_FIELD
from interlock.serving.queue.pages import application


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
