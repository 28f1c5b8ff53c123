"""Secrets: random texts that are shown once, and of which only an HMAC is kept."""

import secrets
from typing import Final

from sqlalchemy import Connection

from interlock.runtime.record.events import HOME
from interlock.runtime.record.vault import Vault

_BYTES: Final = 32
#: No secret of ours is longer; what is longer is not looked up
LONGEST: Final = 200


def new() -> str:
    """Return 256 random bits as a text that a URL and a header can carry."""
    return secrets.token_urlsafe(_BYTES)


def name(length: int) -> str:
    """Return a random name of *length* digits, which opens nothing."""
    return secrets.token_hex(length)[:length]


def proof(vault: Vault, connection: Connection, kind: str, secret: str) -> str:
    """Return the HMAC of a secret under the home's key; those of two kinds are never equal."""
    key = vault.key(connection, HOME)
    return key.commit(f"{kind}:{secret}".encode("utf-8", "surrogatepass"))
