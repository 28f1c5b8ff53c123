"""The keys of an issuer: which of them can check a signature, and for which algorithm."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from interlock.serving.identity.refusal import TokenRefused

#: For each algorithm that counts, type and curve of its keys. None of them has a shared secret
ALGORITHMS: Final[Mapping[str, tuple[str, str]]] = {
    "RS256": ("RSA", ""),
    "PS256": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
}
#: What is read of a key: nothing that is private, and no address from which to fetch another
_PARTS: Final = ("kty", "crv", "n", "e", "x", "y")
_SHORTEST_RSA: Final = 2048  # bits
#: Keys beyond are not looked at
_MOST: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    id: str
    algorithms: frozenset[str]
    key: Key


class KeySet:
    """The keys that an issuer had when they were fetched; each checks only what it is for."""

    def __init__(self, keys: Sequence[_Known]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def parse(cls, document: Any) -> "KeySet":
        """Return the usable keys of a JWK set; a key of another kind, or a broken one, is none."""
        listed = document.get("keys") if isinstance(document, dict) else None
        rows = listed[:_MOST] if isinstance(listed, list) else []
        known = [_known(row) for row in rows if isinstance(row, dict)]
        return cls([key for key in known if key is not None])

    def __bool__(self) -> bool:
        return bool(self._keys)

    def has(self, name: str) -> bool:
        """Whether a token may name the key; one that names none may mean the only one."""
        return bool(self._named(name))

    def key(self, name: str, algorithm: str) -> Key:
        """Return the key of that name for that algorithm; raises `TokenRefused` (fails closed)."""
        for known in self._named(name):
            if algorithm in known.algorithms:
                return known.key
        raise TokenRefused("key_unknown")

    def _named(self, name: str) -> list[_Known]:
        if not name:
            return list(self._keys) if len(self._keys) == 1 else []
        return [known for known in self._keys if known.id == name]


def _bits(parts: Mapping[str, Any]) -> int:
    """Return the length of an RSA key; of another kind one curve is taken, which is long enough."""
    if parts["kty"] != "RSA":
        return _SHORTEST_RSA
    modulus = urlsafe_b64decode(parts["n"] + "==")
    return int.from_bytes(modulus).bit_length()


def _known(row: Mapping[str, Any]) -> _Known | None:
    try:
        fitting = _fitting(row)
        parts = {part: row[part] for part in _PARTS if part in row}
        if not fitting or _bits(parts) < _SHORTEST_RSA:
            return None
        key = JWKRegistry.import_key(parts)
    except (JoseError, ValueError, TypeError, LookupError):
        return None
    return _Known(
        id=str(row.get("kid", "")),
        algorithms=frozenset(fitting),
        key=key,
    )


def _fitting(row: Mapping[str, Any]) -> set[str]:
    """Return the algorithms whose signatures the key may check."""
    kind = (row.get("kty"), row.get("crv", ""))
    fitting = {name for name, of in ALGORITHMS.items() if of == kind}
    stated = row.get("alg")
    if stated is not None:
        fitting &= {stated}
    is_for_checking = row.get("use", "sig") == "sig" and "verify" in row.get(
        "key_ops", ["verify"]
    )
    return fitting if is_for_checking else set()
