"""A twin of an OpenID provider: it answers what it is asked, and signs whatever a test writes."""

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from interlock.serving.desk import Desk
from interlock.serving.identity.by_issuer import ByIssuer
from interlock.serving.identity.identity import Identity
from interlock.serving.identity.issuer import Issuer
from interlock.serving.identity.roster import Roster
from interlock.serving.identity.signing_in import SigningIn
from interlock.serving.settings import Settings
from interlock.serving.workspace import open_workspace
from interlock.tools.outbound.client import Answer, Bounds
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent

URL: Final = "https://id.test"
AUDIENCE: Final = "https://lock.example.com/api"
CLIENT: Final = "lock"
GUIDE: Final = Path(__file__).resolve().parents[3] / "docs/howto/sign-in-with-oidc.md"
#: A role that no policy knows
_UNKNOWN: Final = 'gods = "omnipotent"'


def settings_of(
    home: Path,
    *,
    more: str = "",
    without: str = "nothing",
    url: str = URL,
    site: str = "https://lock.example.com",
    roles: str = _UNKNOWN,
) -> Settings:
    """Return the settings of a home with an issuer, as the guide writes them down."""
    text = GUIDE.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    lines = [line for line in text.splitlines() if not line.startswith(f"{without} =")]
    text = "\n".join([*lines, roles])
    if more:
        text = text.replace("\n[oidc.roles]", f"{more}\n\n[oidc.roles]")
    file = home.parent / "interlock.toml"
    text = text.replace('"https://lock.example.com"', f'"{site}"')
    file.write_text(text.replace('https://id.example.com"', f'{url}"'), "utf-8")
    return open_workspace({}, place=file, chosen={"home": str(home)}).settings


@dataclass(kw_only=True)
class Provider:
    """One issuer whose keys and answers a test changes."""

    clock: Any
    keys: dict[str, Key] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    is_away: bool = False
    #: The paths that were asked for
    asked: list[str] = field(default_factory=list)
    #: What the token endpoint gives for a code
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys |= {"one": ECKey.generate_key("P-256")}
        self.document |= {
            "issuer": URL,
            "authorization_endpoint": f"{URL}/authorize?ui=plain",
            "token_endpoint": f"{URL}/token",
            "jwks_uri": f"{URL}/keys",
        }

    async def __call__(
        self,
        destination: Destination,
        *,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        bounds: Bounds | None = None,
    ) -> Answer:
        """Answer one request."""
        assert bounds is not None
        self.asked.append(destination.base + path)
        if self.is_away:
            raise NotSent(code="not_connected", where=destination.url, why="it is away")
        document = self._document(destination.base, body)
        return Answer(
            status=400 if "error" in document else 200,
            content_type="application/json",
            session="",
            body=json.dumps(document).encode(),
        )

    def _document(self, path: str, body: bytes) -> dict[str, Any]:
        if path == "/keys":
            rows = [key.as_dict(private=False) for key in self.keys.values()]
            names = list(self.keys)
            return {
                "keys": [
                    row | {"kid": name} for row, name in zip(rows, names, strict=True)
                ]
            }
        if path == "/token":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self.forms.append(form)
            claims = self.codes.pop(form["code"], None)
            if claims is None:
                return {"error": "invalid_grant"}
            return {"id_token": self.token(**claims)}
        return self.document

    def token(
        self,
        *,
        header: Mapping[str, Any] | None = None,
        key: Any = None,
        **claims: Any,
    ) -> str:
        """Return a token of somebody; a claim or a part of the header that is None is left out."""
        now = int(self.clock())
        stated = {
            "iss": URL,
            "aud": AUDIENCE,
            "sub": "ana",
            "groups": ["lawyers"],
            "iat": now,
            "exp": now + 300,
            **claims,
        }
        head = {"alg": "ES256", "typ": "at+jwt", "kid": "one", **(header or {})}
        return signed(_stripped(head), _stripped(stated), key or self.keys["one"])


def signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: Any) -> str:
    """Return a token that says exactly this, signed as its header says."""
    text = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{_encoded(_signature(header['alg'], text.encode(), key))}"


def _signature(algorithm: str, text: bytes, key: Any) -> bytes:
    if algorithm == "HS256":
        return hmac.new(key, text, hashlib.sha256).digest()
    if algorithm in JWSRegistry.algorithms and algorithm != "none":
        named = "Ed25519" if algorithm == "EdDSA" else algorithm
        signature: bytes = JWSRegistry.algorithms[named].sign(text, key)
        return signature
    return b""


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _stripped(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def with_provider(desk: Desk, provider: Provider) -> Identity:
    """Return who asks in the home, with the twin as the issuer."""
    who = Identity.over(desk)
    storage, settings = desk.storage, desk.settings
    assert settings.oidc is not None
    who.issuer = ByIssuer(
        desk,
        settings.oidc,
        signing_in=SigningIn(
            store=storage.store,
            vault=storage.vault,
            roster=Roster(settings.people),
        ),
        issuer=Issuer(settings.oidc.issuer, way=provider),
    )
    return who


#: Keys that take a while to make, once for all tests
RSA: Final = RSAKey.generate_key(2048)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that it is too short is what it is for
    SHORT: Final = RSAKey.generate_key(1024)
EDWARDS: Final = OKPKey.generate_key("Ed25519")
STRANGER: Final = ECKey.generate_key("P-256")
