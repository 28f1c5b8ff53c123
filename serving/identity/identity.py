"""Identity: who asks, for pages, the API and the command line."""

from dataclasses import replace
from typing import Protocol

from sqlalchemy import Connection

from interlock.runtime.errors import BadInput, NotAuthenticated, NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import SignedOut
from interlock.runtime.record.store import Tx
from interlock.runtime.run import subject
from interlock.runtime.run.account import (
    account_id,
    account_of,
    has_accounts,
)
from interlock.serving.desk import Desk
from interlock.serving.identity import link, passwords, session
from interlock.serving.identity.caller import Caller
from interlock.serving.identity.keys import Keys
from interlock.serving.identity.roster import Roster
from interlock.serving.identity.session import Session
from interlock.serving.identity.signing_in import SigningIn


class HasDesk(Protocol):
    """What has a desk: a home."""

    @property
    def desk(self) -> Desk:
        """What people's acts need of the home."""
        ...


class Identity:
    """Who asks, by whatever they hold; lives as long as the home that it is over.

    An `Authenticator`: `NotAuthenticated` is the one answer to whatever proves nothing, and no
    answer of it is remembered, so what is taken back is over with the next request.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._store = desk.storage.store
        self._vault = desk.storage.vault
        self._roster = Roster(desk.settings.people)
        self._keys = Keys(
            store=self._store,
            vault=self._vault,
            roster=self._roster,
        )
        self._signing_in = SigningIn(
            store=self._store, vault=self._vault, roster=self._roster
        )

    @classmethod
    def over(cls, place: Desk | HasDesk) -> "Identity":
        """Return the identity of a home or of its desk."""
        return cls(place if isinstance(place, Desk) else place.desk)

    async def has_accounts(self) -> bool:
        """Whether somebody ever had an account, so that nobody is believed on trust."""
        return await self._store.read(has_accounts)

    async def of_session(self, cookie: str) -> Caller:
        """Return the caller of a page; see `Authenticator`."""
        one = await self._session(cookie)
        if one.is_stale:
            await self._store.write(
                lambda tx: session.note_use(tx, one.public), logs=()
            )
        return self._caller(one)

    async def of_key(self, key: str) -> Caller:
        """Return the caller with an API key; see `Authenticator`."""
        return await self._keys.caller(key)

    async def of_token(self, token: str) -> Caller:
