"""Cursors: where the next page of a list begins, in a form that only this home can make.

A cursor is of one list and one tenant. So nobody learns from a cursor of somebody else's, or from
one that was made up, what there is.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final

from interlock.runtime.record.events import HOME
from interlock.runtime.record.vault import DataKey
from interlock.serving.home import Home
from interlock.serving.http.refusal import RequestRefused

_MAC: Final = 16  # hexadecimal digits
_LONGEST: Final = 400


class Cursors:
    """Makes and reads cursors; lives as long as its home is open."""

    def __init__(self, key: DataKey) -> None:
        self._key = key

    @classmethod
    async def of(cls, home: Home) -> "Cursors":
        """Return the cursors of *home*."""
        return cls(
            await home.store.read(lambda connection: home.vault.key(connection, HOME))
        )

    def made(self, name: str | None, *, of: str, tenant: str) -> str | None:
        """Return the cursor of the list *of* a tenant that goes on after *name*, None for none."""
        if name is None:
            return None
        plain = f"{self._mac(name, of, tenant)}{name}"
        return urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    def read(self, cursor: str | None, *, of: str, tenant: str) -> str | None:
        """Return after what the list goes on; raises `RequestRefused` ("bad_cursor")."""
        if cursor is None:
            return None
        padding = "=" * (-len(cursor) % 4)
        try:
            plain = urlsafe_b64decode(cursor[:_LONGEST] + padding).decode()
        except (Error, ValueError) as error:
            raise RequestRefused("bad_cursor") from error
        name = plain[_MAC:]
        if not hmac.compare_digest(
            plain[:_MAC].encode(), self._mac(name, of, tenant).encode()
        ):
            raise RequestRefused("bad_cursor")
        return name

    def _mac(self, name: str, of: str, tenant: str) -> str:
        return self._key.commit(f"cursor/{tenant}/{of}/{name}".encode())[:_MAC]
