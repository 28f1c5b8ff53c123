"""A sign-in at the issuer that is under way: what is kept of it, and what is asked.

Whoever waits for the answer, a browser or a command, keeps all of it, sealed under the home's key,
so nothing grows here while people begin and do not come back. The code flow with PKCE (S256), state
and nonce.
"""

import base64
import binascii
import hmac
import os
import secrets
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import quote, urlencode

import orjson
from authlib.common.urls import (  # type: ignore[import-untyped]  # it has no types
    add_params_to_uri,
)
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # it has no types
    prepare_grant_uri,
)
from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]  # it has no types
    create_s256_code_challenge,
)
from sqlalchemy import Connection

from interlock.runtime.errors import BadInput, Tampered
from interlock.runtime.record.events import HOME
from interlock.runtime.record.vault import Vault
from interlock.serving.identity.issuer import Issuer, Provider
from interlock.serving.identity.refusal import IssuerAway, TokenRefused
from interlock.serving.openid import GOOD_FOR_S, OpenId

#: Where the issuer sends people back to, below the site or on the machine of a command
BACK: Final = "/sign-in/issuer/back"
#: Where the issuer sends people to who signed out there
GONE: Final = "/sign-in"
_BYTES: Final = 32
_LONGEST: Final = 4_000  # characters
_PLACE: Final = "openid_flow"
_OK: Final = 200
_REFUSED: Final = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the issuer lets the browser bring back."""

    code: str = ""
    state: str = ""
    iss: str | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """One sign-in that is under way."""

    state: str
    nonce: str
    #: Of which the issuer is shown the digest first
    verifier: str
    #: The address to which the issuer sends the answer
    back: str
    to: str
    began: int
    #: The public id of the session whose person shows credentials again; empty for a new one
    session: str = ""
    name: str = ""

    @classmethod
    def new(
        cls,
        *,
        back: str,
        to: str,
        began: int,
        session: str,
        name: str,
    ) -> "Flow":
        """Return a flow with secrets of its own."""
        return cls(
            state=secrets.token_urlsafe(_BYTES),
            nonce=secrets.token_urlsafe(_BYTES),
            verifier=secrets.token_urlsafe(_BYTES),
            back=back,
            to=to,
            began=began,
            session=session,
            name=name,
        )

    def sealed(self, vault: Vault, connection: Connection) -> str:
        """Return the flow as a cookie can carry it; only this home can read that."""
        body = vault.key(connection, HOME).seal(
            orjson.dumps(asdict(self)), place=_PLACE
        )
        return base64.urlsafe_b64encode(body).decode()

    @classmethod
    def opened(
        cls, cookie: str, vault: Vault, connection: Connection, *, now: int
    ) -> "Flow":
        """Return the flow of a cookie; raises `TokenRefused` for none of ours or an old one."""
        if not cookie or len(cookie) > _LONGEST:
            raise TokenRefused("flow")
        try:
            body = base64.urlsafe_b64decode(cookie)
            plain = vault.key(connection, HOME).open(body, place=_PLACE)
            flow = cls(**orjson.loads(plain))
        except (binascii.Error, ValueError, TypeError, Tampered) as error:
            raise TokenRefused("flow") from error
        if now >= flow.began + GOOD_FOR_S:
            raise TokenRefused("flow")
        return flow

    def refuse(self, answer: Answer, *, issuer: str, names_itself: bool) -> None:
        """Raise `TokenRefused` unless the answer is that of *issuer* to this flow."""
        if not hmac.compare_digest(answer.state.encode(), self.state.encode()):
            raise TokenRefused("state")
        is_missing = answer.iss is None and names_itself
        if is_missing or answer.iss not in {None, issuer}:
            raise TokenRefused("issuer")
        if answer.error or not answer.code:
            raise TokenRefused("denied")


def authorization(settings: OpenId, provider: Provider, flow: Flow) -> str:
    """Return the URL at which the issuer asks the person who they are."""
    if not provider.authorization_endpoint or not provider.token_endpoint:
        raise IssuerAway(settings.issuer, "people cannot sign in there")
    again = {"prompt": "login", "max_age": "0"} if flow.session else {}
    url: str = prepare_grant_uri(
        provider.authorization_endpoint,
        settings.client_id,
        "code",
        redirect_uri=flow.back,
        scope="openid profile email",
        state=flow.state,
        nonce=flow.nonce,
        code_challenge=create_s256_code_challenge(flow.verifier),
        code_challenge_method="S256",
        **again,
    )
    return url


def farewell(settings: OpenId, provider: Provider) -> str:
    """Return the URL at which a browser ends its session at the issuer, or an empty string.

    Of the session the issuer is told nothing but the client, so it may ask the person first.
    """
    if not provider.end_session_endpoint:
        return ""
    url: str = add_params_to_uri(
        provider.end_session_endpoint,
        [
            ("client_id", settings.client_id),
            ("post_logout_redirect_uri", settings.site + GONE),
        ],
    )
    return url


async def exchanged(
    issuer: Issuer, provider: Provider, settings: OpenId, flow: Flow, *, code: str
) -> str:
    """Return the ID token for the code; raises `TokenRefused` where the issuer refuses the code."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": flow.back,
        "client_id": settings.client_id,
        "code_verifier": flow.verifier,
    }
    secret = _secret(settings)
    headers = {}
    if secret and provider.takes_basic:
        headers = {"Authorization": _basic(settings.client_id, secret)}
    elif secret:
        form["client_secret"] = secret
    answer = await issuer.post(
        provider.token_endpoint, headers, urlencode(form).encode()
    )
    if answer.status == _REFUSED:
        raise TokenRefused("denied")
    try:
        document = orjson.loads(answer.body)
        token = document["id_token"]
    except (ValueError, LookupError, TypeError) as error:
        raise IssuerAway(settings.issuer, "it gives no ID token for a code") from error
    if answer.status != _OK or not isinstance(token, str):
        raise IssuerAway(settings.issuer, f"it answers a code with {answer.status}")
    return token


def _secret(settings: OpenId) -> str:
    """Return the client's secret; raises `BadInput` where the variable that holds it is not set."""
    name = settings.secret_variable
    secret = os.environ.get(name, "") if name else ""
    if name and not secret:
        raise BadInput(
            what=f"oidc.secret_variable {name}",
            why="no such variable is set",
            next_step="Set it for the server, or leave the setting out for a public client.",
        )
    return secret


def _basic(client_id: str, secret: str) -> str:
    """Return the header of RFC 6749, 2.3.1: both parts are encoded before they are joined."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
