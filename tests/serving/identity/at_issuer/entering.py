"""One sign-in at the issuer, from the first page to the session."""

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.serving.identity.provider import CLIENT, URL, Provider

from interlock.serving.identity.flow import Answer
from interlock.serving.identity.identity import Identity
from interlock.serving.identity.refusal import TokenRefused

SITE: Final = "https://lock.example.com"


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
