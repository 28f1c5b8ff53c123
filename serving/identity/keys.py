"""Keys: what proves a program to be somebody's.

A key is looked up at every request and nothing remembers it, so it is over the moment it is
revoked. Its roles are those that its owner still has.
"""

import hmac
from typing import Final

from sqlalchemy import Connection, update

from interlock.runtime.errors import NotAuthenticated
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.account import account_of
from interlock.runtime.run.api_key import ApiKey, key_of
from interlock.serving.identity import secret as secrets
from interlock.serving.identity.caller import Caller
from interlock.serving.identity.key_text import KeyText
from interlock.serving.identity.roster import Roster

#: A key's use is noted once in so many seconds
_COARSE_S: Final = 60
_KIND: Final = "api_key"


class Keys:
    """Tells whose key it is; holds nothing but the list of people as last read."""

    def __init__(self, *, store: Store, vault: Vault, roster: Roster) -> None:
        self._store = store
        self._vault = vault
        self._roster = roster

    async def caller(self, text: str) -> Caller:
        """Return the caller with the key; raises `NotAuthenticated` (fails closed)."""
        written = KeyText.parse(text)
        if written is None:
            raise _none_such()
        key, is_stale = await self._store.read(
            lambda connection: self._checked(connection, written)
        )
        owner = self._roster.person(key.owner)
        if owner is None:
            raise _none_such()
        if is_stale:
            await self._store.write(lambda tx: _note_use(tx, key.id), logs=())
        roles = tuple(role for role in key.roles if role in owner.roles)
        return Caller(
            principal=Principal(
                id=owner.id,
                tenant=key.tenant,
                roles=roles,
            ),
            method="key",
        )

    def _checked(self, connection: Connection, written: KeyText) -> tuple[ApiKey, bool]:
        """Return the key if it is good, and whether its use was not noted lately."""
        now = self._store.now(connection)
        stated = proof(
            self._vault,
            connection,
            written,
        )
        key = key_of(
            self._vault,
            connection,
            written.id,
        )
        known = "" if key is None else key.proof
        if not hmac.compare_digest(stated, known) or key is None:
            raise _none_such()
        account = account_of(
            self._vault,
            connection,
            key.account,
        )
        is_closed = account is not None and account.state == "closed"
        if is_closed or not key.is_good(now):
            raise _none_such()
        return key, now - key.seen >= _COARSE_S


def proof(vault: Vault, connection: Connection, written: KeyText) -> str:
    """Return what is kept of a key: the HMAC of its id and secret under the home's key."""
    text = f"{written.id}_{written.secret}"
    return secrets.proof(
        vault,
        connection,
        _KIND,
        text,
    )


def _note_use(tx: Tx, key: str) -> None:
    column = tables.api_key.c.id
    seen = update(tables.api_key).where(column == key).values(seen=tx.now)
    tx.connection.execute(seen)


def _none_such() -> NotAuthenticated:
    return NotAuthenticated(
        what="the API key",
        next_step="Look at yours with `interlock keys list`, or issue one: `interlock keys issue`.",
    )
