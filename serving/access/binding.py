"""Bindings: what ties a request for access to the denial, and an approval to what was approved.

Both are JSON web tokens that this home signs and alone believes. Neither opens anything by itself:
each names what it is for, and is compared with that.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.record.vault import Vault
from interlock.serving.access.query import Query

#: What a token is for
Use: TypeAlias = Literal["denial", "approval"]
ALGORITHM: Final = "Ed25519"
#: Seconds for which a denial may be put before people
FRESH_S: Final = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """What a token says, which this home signed and whose time is not over."""

    evaluation: str
    hash: str
    revision: str
    asker: str
    tenant: str
    expires: int
    #: The members of the context that count
    members: tuple[str, ...]
    #: Empty in the token of a denial
    approval: str = ""


def hash_of(query: Query) -> str:
    """Return the binding hash of the ARAP draft: SHA-256 over JCS, in base64url.

    The actor in the subject's properties does not count.
    """
    written = query.model_dump(exclude_unset=True)
    subject = dict(written["subject"])
    if "act" in subject.get("properties", {}):
        kept = dict(subject["properties"])
        del kept["act"]
        subject["properties"] = kept
    bound: dict[str, Json] = {
        "subject": subject,
        "resource": written["resource"],
        "action": written["action"],
        "context": query.relevant,
    }
    return urlsafe_b64encode(sha256(canonical(bound)).digest()).rstrip(b"=").decode()


class Signer:
    """Signs and reads the tokens of one home, with a key made of the home's; safe to share."""

    def __init__(self, vault: Vault) -> None:
        secret = vault.derived(b"access")
        pem = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._key = OKPKey.import_key(pem)
        self._id = self._key.thumbprint()
        #: The name of this home in its tokens
        self.name = f"urn:interlock:access:{self._id}"

    def keys(self) -> dict[str, Any]:
        """Return the JWK set with which others check the signatures."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._id, "use": "sig", "alg": ALGORITHM}]}

    def signed(self, use: Use, bound: Bound, *, now: int) -> str:
        """Return the token."""
        claims = {
            "iss": self.name,
            "aud": self.name,
            "iat": now,
            "exp": bound.expires,
            "jti": bound.approval or bound.evaluation,
            "use": use,
            "evaluation_id": bound.evaluation,
            "binding_hash": bound.hash,
            "binding_context_members": list(bound.members),
            "denial_expires_at": bound.expires,
            "revision": bound.revision,
            "azp": bound.asker,
            "tenant": bound.tenant,
            "approval_id": bound.approval,
        }
        header = {"alg": ALGORITHM, "kid": self._id, "typ": f"{use}+jwt"}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])

    def read(self, use: Use, token: str) -> Bound | None:
        """Return what *token* says, or None for one that this home did not sign for *use*.

        Whether its time is over is for the caller, who knows the database's clock.
        """
        try:
            read = jwt.decode(token, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError):
            return None
        claims = read.claims
        ours = (self.name, self.name, use)
        if (claims.get("iss"), claims.get("aud"), claims.get("use")) != ours:
            return None
        return _bound(claims)


def _bound(claims: Mapping[str, Any]) -> Bound:
    return Bound(
        evaluation=claims["evaluation_id"],
        hash=claims["binding_hash"],
        revision=claims["revision"],
        asker=claims["azp"],
        tenant=claims["tenant"],
        expires=claims["exp"],
        members=tuple(claims["binding_context_members"]),
        approval=claims["approval_id"],
    )
