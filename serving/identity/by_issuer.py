"""By the issuer's word: a token that is good makes a caller, and a sign-in there a session here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from interlock.runtime.record.store import Tx
from interlock.runtime.run.account import (
    Account,
    account_id,
    account_of,
    keep_account,
)
from interlock.serving import people
from interlock.serving.desk import Desk
from interlock.serving.identity import session
from interlock.serving.identity.caller import Caller
from interlock.serving.identity.flow import (
    BACK,
    Answer,
    Flow,
    authorization,
    exchanged,
    farewell,
)
from interlock.serving.identity.issuer import Issuer, Provider
from interlock.serving.identity.refusal import IssuerAway, TokenRefused
from interlock.serving.identity.roster import Roster
from interlock.serving.identity.signing_in import SigningIn
from interlock.serving.identity.stated import Stated, mapped, stated
from interlock.serving.identity.token import (
    LEEWAY_S,
    Claims,
    Expected,
    Unchecked,
)
from interlock.serving.openid import OpenId


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """Somebody who came back from the issuer: the cookie of the new session, and where to go."""

    cookie: str
    to: str


class ByIssuer:
    """Lets in whom the issuer of the settings vouches for; lives as long as its home is open.

    Raises `TokenRefused` for what proves nothing and `IssuerAway` where nobody can tell: in both
    cases there is no caller (fails closed). The first time somebody comes the person gets an
    account, which names them for good and which `interlock people remove` closes.
    """

    def __init__(
        self, desk: Desk, settings: OpenId, *, signing_in: SigningIn, issuer: Issuer
    ) -> None:
        self._desk = desk
        self._store = desk.storage.store
        self._vault = desk.storage.vault
        self._settings = settings
        self._signing_in = signing_in
        self._issuer = issuer
        self._roster = Roster(desk.settings.people)

    @property
    def url(self) -> str:
        """The issuer."""
        return self._settings.issuer

    @property
    def takes_people(self) -> bool:
        """Whether people sign in at the issuer, beside programs that show its tokens."""
        return self._settings.takes_people

    def roles_still(self, name: str, roles: tuple[str, ...]) -> tuple[str, ...]:
        """Return those roles of a session that a value is still mapped to.

        Raises `TokenRefused` where somebody who is listed has the name by now.
        """
        self._refuse_listed(name)
        known = mapped([*self._settings.roles], self._settings, self._desk.roles)
        return tuple(role for role in roles if role in known)

    async def caller(self, text: str) -> Caller:
        """Return the caller with the token."""
        token = Unchecked.parse(text)
        now = await self._now()
        provider = await self._issuer.provider(now, key=token.key)
        claims = token.checked(provider.keys)
        self._expected(now).refuse_access(token, claims)
        person = self._stated(claims)
        is_known = await self._store.read(
            lambda connection: self._is_known(connection, person)
        )
        if not is_known:
            await self._store.write(
                lambda tx: self._kept(tx, person), logs=(person.tenant,)
            )
        return Caller(principal=person.principal, method="token")

    async def begin(
        self, to: str, *, again: Caller | None = None, back: str | None = None
    ) -> tuple[str, str]:
        """Return the URL at the issuer where somebody signs in, and the cookie that waits here.

        Whoever is *again* asked shows their credentials anew, whatever the issuer remembers. The
        issuer sends its answer to the address *back*; where none is named, to the pages.
        """
        now = await self._now()
        provider = await self._issuer.provider(now)
        flow = Flow.new(
            back=back or self._settings.site + BACK,
            to=to,
            began=now,
            session=again.session if again else "",
            name=again.principal.id if again else "",
        )
        sealed = await self._store.read(
            lambda connection: flow.sealed(self._vault, connection)
        )
        return authorization(self._settings, provider, flow), sealed

    async def enter(self, cookie: str, answer: Answer) -> Entered:
        """Return the session of whoever comes back from the issuer with the cookie of `begin`."""
        now = await self._now()
        flow = await self._store.read(
            lambda connection: Flow.opened(cookie, self._vault, connection, now=now)
        )
        provider = await self._issuer.provider(now)
        flow.refuse(answer, issuer=self.url, names_itself=provider.names_itself)
        claims = await self._signed_in(provider, flow, answer.code, now)
        person = self._stated(claims)
        if flow.name and person.name != flow.name:
            raise TokenRefused("another_person")
        authenticated = _authenticated(claims, flow, now)
        # The writer sees the person's own tenant alone: whoever is another's is found here.
        await self._store.read(lambda connection: self._is_known(connection, person))
        secret = await self._store.write(
            lambda tx: self._begun(tx, person, flow, authenticated),
            logs=(person.tenant,),
        )
        return Entered(cookie=secret, to=flow.to)

    async def farewell(self) -> str:
        """Return where a browser ends its session at the issuer; empty where that is unknown."""
        try:
            provider = await self._issuer.provider(await self._now())
        except IssuerAway:
            return ""
        return farewell(self._settings, provider)

    async def _signed_in(
        self, provider: Provider, flow: Flow, code: str, now: int
    ) -> Claims:
        """Return the claims of the ID token for which the issuer takes the code."""
        text = await exchanged(self._issuer, provider, self._settings, flow, code=code)
        token = Unchecked.parse(text)
        provider = await self._issuer.provider(now, key=token.key)
        claims = token.checked(provider.keys)
        self._expected(now).refuse_sign_in(token, claims, nonce=flow.nonce)
        return claims

    def _begun(self, tx: Tx, person: Stated, flow: Flow, authenticated: int) -> str:
        account = self._kept(tx, person)
        if flow.session:
            session.end(tx, flow.session)
        return self._signing_in.begin(
            tx,
            account,
            proof="oidc",
            vouched=session.Vouched(
                issuer=self.url, roles=person.roles, authenticated=authenticated
            ),
        )

    def _kept(self, tx: Tx, person: Stated) -> Account:
        """Return the person's account, made where there was none."""
        named = account_id(self._vault, tx.connection, person.name)
        account = account_of(self._vault, tx.connection, named)
        if account is not None:
            _refuse_another(account, person)
            return account
        account = Account(
            name=person.name, tenant=person.tenant, subject=person.subject
        )
        keep_account(tx, self._vault, account, by=person.name)
        return account

    def _is_known(self, connection: Connection, person: Stated) -> bool:
        """Whether the person has an account; raises `TokenRefused` where it is not for them."""
        named = account_id(self._vault, connection, person.name)
        account = account_of(self._vault, connection, named)
        if account is not None:
            _refuse_another(account, person)
        return account is not None

    def _stated(self, claims: Mapping[str, Any]) -> Stated:
        person = stated(
            claims,
            self._settings,
            tenant=self._desk.settings.tenant,
            roles=self._desk.roles,
        )
        self._refuse_listed(person.name)
        return person

    def _refuse_listed(self, name: str) -> None:
        """Raise `TokenRefused` for the name of somebody who is listed.

        Two accounts of one person would be two voices where several people decide (fails closed).
        """
        if self._roster.person(name.removeprefix(people.OF_ISSUER)) is not None:
            raise TokenRefused("taken")

    def _expected(self, now: int) -> Expected:
        return Expected(
            issuer=self.url,
            client_id=self._settings.client_id,
            audience=self._settings.audience,
            now=now,
        )

    async def _now(self) -> int:
        return await self._store.read(self._store.now)


def _refuse_another(account: Account, person: Stated) -> None:
    """Raise `TokenRefused` unless the account is open, and this person's."""
    if account.state == "closed":
        raise TokenRefused("closed")
    if account.subject != person.subject:
        raise TokenRefused("subject")
    if account.tenant != person.tenant:
        raise TokenRefused("tenant")


def _authenticated(claims: Claims, flow: Flow, now: int) -> int:
    """Return when the person last showed credentials to the issuer, 0 where nobody can say.

    Raises `TokenRefused` where that had to be after the sign-in began, and was not.
    """
    at = claims.get("auth_time")
    known = at if isinstance(at, int) and at <= now + LEEWAY_S else 0
    if flow.session and known < flow.began - LEEWAY_S:
        raise TokenRefused("not_fresh")
    return min(known, now)
