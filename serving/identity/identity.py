"""Identity: who asks, for pages, the API and the command line."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

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

if TYPE_CHECKING:
    from interlock.serving.identity.by_issuer import ByIssuer


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
        self.issuer = _by_issuer(desk, self._signing_in)

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
        """Return the caller with a token of the issuer; without one nobody (fails closed)."""
        if self.issuer is None:
            raise NotAuthenticated(
                what="the token",
                next_step="Use an API key: `interlock keys issue`.",
            )
        return await self.issuer.caller(token)

    async def sign_in(self, name: str, password: str) -> tuple[str, Caller]:
        """Return the cookie of a new session, and the caller; see `SigningIn`."""
        return await self._with_caller(
            await self._signing_in.by_password(name, password)
        )

    async def sign_in_by_link(self, code: str) -> tuple[str, Caller]:
        """Return the cookie of a new session, whose holder may set a password, and the caller."""
        logs = (self._desk.settings.tenant,)
        return await self._with_caller(await self._signing_in.by_link(code, logs=logs))

    async def reauthenticate(self, cookie: str, password: str) -> tuple[str, Caller]:
        """Return the new cookie of the same session, whose person has just shown the password.

        The old cookie opens nothing any more.
        """
        one = await self._session(cookie)
        await self._signing_in.checked(one.name, password)

        def work(tx: Tx) -> str:
            if not session.end(tx, one.public):
                raise session.none_such()
            fresh = replace(
                one,
                proof="password",
                authenticated=tx.now,
                may_set=False,
            )
            return self._signing_in.enter(tx, fresh)

        return await self._with_caller(
            await self._store.write(work, logs=(one.tenant,))
        )

    async def set_password(
        self,
        cookie: str,
        new: str,
        *,
        current: str = "",
    ) -> tuple[str, Caller]:
        """Set the caller's own password; every session of the account ends, and a new one begins.

        It takes the *current* password, except in a session that a link began. Raises `BadInput`
        for a weak one: nobody is asked then.
        """
        one = await self._session(cookie)
        person = self._caller(one).principal
        passwords.refuse_weak(new, name=one.name)
        if not one.may_set:
            await self._signing_in.checked(one.name, current)
        hashed = await passwords.hashed(new)

        async def work() -> str:
            return await self._store.write(
                lambda tx: self._signing_in.renew(tx, cookie, hashed),
                logs=(one.tenant,),
            )

        secret = await self._desk.acts.perform(
            "account.password",
            work,
            person=person,
            arguments={"name": person.id},
            look=subject.tenant("account", person.id),
        )
        return await self._with_caller(secret)

    async def sign_out(self, cookie: str) -> str:
        """End the session of the cookie at once; one that is over already is no error.

        Returns where the issuer ends its own session, if this one began there; else nothing.
        """

        def work(tx: Tx) -> None:
            one = session.read(
                tx.connection,
                self._vault,
                cookie,
                now=tx.now,
            )
            session.end(tx, one.public)
            ended = SignedOut(
                log=one.tenant, account=one.account, session=one.public, by=one.name
            )
            tx.events.append(ended)

        try:
            one = await self._session(cookie)
            await self._store.write(work, logs=(one.tenant,))
        except NotAuthenticated:
            return ""
        if self.issuer is None or self.issuer.url != one.issuer:
            return ""
        return await self.issuer.farewell()

    def csrf_token(self, cookie: str) -> str:
        """Return the token that every form of the session carries."""
        return session.csrf_token(cookie)

    async def link(self, name: str) -> str:
        """Return the code of a new sign-in link of somebody who is listed.

        Only for whoever owns the machine: nobody is asked who they are. Raises `NotFound`.
        """
        person = self._roster.person(name)
        if person is None:
            raise NotFound(
                kind="person",
                name=name,
                next_step="Add them first: `interlock people add NAME --role ROLE`.",
            )
        tenant = self._desk.settings.tenant

        def work(tx: Tx) -> str:
            named = account_id(
                self._vault,
                tx.connection,
                person.id,
            )
            account = account_of(
                self._vault,
                tx.connection,
                named,
            )
            if account is not None and account.tenant != tenant:
                raise BadInput(
                    code="wrong_tenant",
                    what=f"the account of {name!r}",
                    why="it is another tenant's",
                    next_step="Set `tenant` to that one for this command.",
                )
            return link.make(
                tx,
                self._vault,
                person.id,
                tenant=tenant,
            )

        return await self._store.write(work, logs=(tenant,))

    async def _session(self, cookie: str) -> Session:
        def look(connection: Connection) -> Session:
            now = self._store.now(connection)
            return session.read(
                connection,
                self._vault,
                cookie,
                now=now,
            )

        return await self._store.read(look)

    async def _with_caller(self, cookie: str) -> tuple[str, Caller]:
        return cookie, self._caller(await self._session(cookie))

    def _caller(self, one: Session) -> Caller:
        """Return the caller of a session, with the roles that the person has now."""
        return Caller(
            principal=Principal(
                id=one.name,
                tenant=one.tenant,
                roles=self._roles(one),
            ),
            method="session",
            session=one.public,
            authenticated=one.authenticated,
            proof=one.proof,
        )

    def _roles(self, one: Session) -> tuple[str, ...]:
        """Return the roles of the session's person; raises `NotAuthenticated` for nobody of ours.

        Of a session that an issuer vouched for it is the issuer that the settings name.
        """
        if one.roles is None:
            person = self._roster.person(one.name)
            if person is None:
                raise session.none_such()
            return person.roles
        if self.issuer is None or self.issuer.url != one.issuer:
            raise session.none_such()
        return self.issuer.roles_still(one.name, one.roles)


def _by_issuer(desk: Desk, signing_in: SigningIn) -> "ByIssuer | None":
    """Return who lets in those whom the settings' issuer vouches for; None without an issuer."""
    settings = desk.settings.oidc
    if settings is None:
        return None
    from interlock.serving.identity.by_issuer import ByIssuer  # noqa: PLC0415 - what reads tokens is slow to import and not always needed
    from interlock.serving.identity.issuer import Issuer  # noqa: PLC0415 - likewise

    issuer = Issuer(settings.issuer, proxy=desk.settings.proxy)
    return ByIssuer(
        desk,
        settings,
        signing_in=signing_in,
        issuer=issuer,
    )
