"""Tokens: JSON web tokens that an issuer signed, and what must be true of each.

Nothing in a token says how the token is checked: of its header only the algorithm, out of a fixed
list, the type and the name of a key are read, and a header with anything else is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from joserfc import jws
from joserfc.errors import (
    ClaimError,
    ExpiredTokenError,
    JoseError,
    MissingClaimError,
)
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from interlock.serving.identity.keyset import ALGORITHMS, KeySet
from interlock.serving.identity.refusal import TokenRefused, Why

Claims: TypeAlias = Mapping[str, Any]
#: How far the clocks of issuer and server may be apart, in seconds
LEEWAY_S: Final = 60
#: No token is good for longer, whatever it says: nobody hears of one that its issuer took back
_LONGEST_S: Final = 24 * 3600
_LONGEST: Final = 16_384  # characters
_HEADER: Final = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})
#: Types after RFC 9068, and the type that says nothing; where there is none, that one is meant
_ACCESS: Final = frozenset({"at+jwt", "application/at+jwt"})
_PLAIN: Final = frozenset({"jwt", ""})
#: Claims that only a token about a sign-in has
_OF_SIGN_IN: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
_WHY: Final[Mapping[str, Why]] = {
    "iss": "issuer",
    "aud": "audience",
    "exp": "claim_form",
    "nbf": "early",
    "iat": "early",
}


class _Registry(JWSRegistry):
    """Knows the algorithms of the list alone; EdDSA is the one of the curve Ed25519."""

    def get_alg(self, name: str) -> Any:
        """Return the algorithm; the caller has looked at the name."""
        return self.algorithms["Ed25519" if name == "EdDSA" else name]


_REGISTRY: Final = _Registry()


@dataclass(frozen=True, kw_only=True, slots=True)
class Unchecked:
    """A token whose form is right and whose signature nobody has looked at yet."""

    algorithm: str
    type: str
    #: The key that is said to have signed it; empty where the token names none
    key: str
    signed: jws.CompactSignature

    @classmethod
    def parse(cls, text: str) -> "Unchecked":
        """Return what *text* says of itself; raises `TokenRefused`."""
        if len(text) > _LONGEST or not text.isascii():
            raise TokenRefused("form")
        try:
            signed = jws.extract_compact(text.encode())
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefused("form") from error
        header: Any = signed.protected
        if not isinstance(header, dict):
            raise TokenRefused("form")
        words = [header.get("typ", ""), header.get("kid", "")]
        if not _HEADER.issuperset(header) or not all(
            isinstance(word, str) for word in words
        ):
            raise TokenRefused("header")
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise TokenRefused("algorithm")
        return cls(
            algorithm=algorithm,
            type=words[0].lower(),
            key=words[1],
            signed=signed,
        )

    def checked(self, keys: KeySet) -> Claims:
        """Return the claims; raises `TokenRefused` unless one of *keys* signed them."""
        key = keys.key(self.key, self.algorithm)
        try:
            is_signed = jws.validate_compact(self.signed, key, registry=_REGISTRY)
            claims = orjson.loads(self.signed.payload)
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefused("signature") from error
        if not is_signed or not isinstance(claims, dict):
            raise TokenRefused("signature")
        return claims


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What a token must say to count at this moment."""

    issuer: str
    client_id: str
    audience: str
    now: int

    def refuse_access(self, token: Unchecked, claims: Claims) -> None:
        """Raise `TokenRefused` unless it is a token with which to ask this API for something."""
        self._refuse(claims, audience=self.audience)
        if token.type in _ACCESS:
            return
        if token.type not in _PLAIN:
            raise TokenRefused("type")
        is_own = self.client_id and self.client_id in _listed(claims["aud"])
        if is_own or not _OF_SIGN_IN.isdisjoint(claims):
            raise TokenRefused("id_token")

    def refuse_sign_in(self, token: Unchecked, claims: Claims, *, nonce: str) -> None:
        """Raise `TokenRefused` unless it says who signed in for the sign-in with that nonce."""
        self._refuse(claims, audience=self.client_id)
        if token.type not in _PLAIN:
            raise TokenRefused("type")
        is_for_others = _listed(claims["aud"]) != [self.client_id]
        if is_for_others or claims.get("azp", self.client_id) != self.client_id:
            raise TokenRefused("audience")
        if not nonce or claims.get("nonce") != nonce:
            raise TokenRefused("nonce")

    def _refuse(self, claims: Claims, *, audience: str) -> None:
        if not audience:
            raise TokenRefused("not_configured")
        registry = JWTClaimsRegistry(
            now=self.now,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            registry.validate(dict(claims))
        except MissingClaimError as error:
            raise TokenRefused("claim_missing") from error
        except ExpiredTokenError as error:
            raise TokenRefused("expired") from error
        except ClaimError as error:
            raise TokenRefused(_WHY.get(error.claim, "claim_form")) from error
        if claims["exp"] - claims["iat"] > _LONGEST_S:
            raise TokenRefused("lifetime")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
