"""Signing in: a password or a link becomes a session."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from interlock.runtime.errors import NotAuthenticated
from interlock.runtime.record.events import SignedIn, SignInsFailed
from interlock.runtime.record.events.event import HOME
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.account import (
    Account,
    account_id,
    account_of,
    keep_account,
)
from interlock.serving.identity import guesses, link, passwords, session
from interlock.serving.identity.caller import Proof
from interlock.serving.identity.roster import Roster
from interlock.serving.identity.session import Session, Vouched

#: No name is longer; a longer one is nobody's
LONGEST_NAME: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class _Guess:
    """One guess that was counted: what is checked, and where it counts."""

    account: Account | None
    row: str
    failures: int


class SigningIn:
    """Begins sessions; holds no state of its own but the list of people as last read.

    Raises `NotAuthenticated` for whoever proves nothing, with one answer for every reason, and
    `TooManyGuesses`. What cannot be recorded does not begin (fails closed).
    """

    def __init__(self, *, store: Store, vault: Vault, roster: Roster) -> None:
        self._store = store
        self._vault = vault
        self._roster = roster

    async def by_password(self, name: str, password: str) -> str:
        """Return the secret of a new session of the person."""
        account = await self.checked(name, password)
        renewed = account
        if passwords.is_outdated(account.hashed):
            renewed = replace(account, hashed=await passwords.hashed(password))

        def work(tx: Tx) -> str:
            if self._now(tx, account) != account:
                raise _nobody()
            if renewed is not account:
                keep_account(
                    tx,
                    self._vault,
                    renewed,
                    by=account.name,
                )
            return self.begin(
                tx,
                account,
                proof="password",
            )

        return await self._store.write(work, logs=(account.tenant,))

    async def by_link(self, code: str, *, logs: Collection[str]) -> str:
        """Return the secret of a new session of whose the link is; the link is used up.

        The account is made where there was none. *logs* are those of the tenants of this home.
        """

        def work(tx: Tx) -> str:
            account = link.redeem(
                tx,
                self._vault,
                code,
            )
            if self._roster.person(account.name) is None:
                raise _nobody()
            if self._now(tx, account) is None:
                keep_account(
                    tx,
                    self._vault,
                    account,
                    by=account.name,
                )
            return self.begin(
                tx,
                account,
                proof="link",
                may_set=True,
            )

        return await self._store.write(work, logs=logs)

    async def checked(self, name: str, password: str) -> Account:
        """Return the account whose password this is, and count the guess where it is not."""
        if len(name) > LONGEST_NAME:
            raise _nobody()
        guess = await self._store.write(
            lambda tx: self._counted(tx, name), logs=(HOME,)
        )
        account = guess.account
        is_right = await passwords.is_right(password, account.hashed if account else "")
        if account is None or not is_right or self._roster.person(name) is None:
            await self._failed(guess)
            raise _nobody()
        await self._store.write(lambda tx: guesses.forget(tx, guess.row), logs=(HOME,))
        return account

    def begin(
        self,
        tx: Tx,
        account: Account,
        *,
        proof: Proof,
        may_set: bool = False,
        vouched: Vouched | None = None,
    ) -> str:
        """Begin a session of the account in the caller's transaction, and return its secret."""
        named = account_id(
            self._vault,
            tx.connection,
            account.name,
        )
        begun = Session(
            public=session.public_id(),
            name=account.name,
            tenant=account.tenant,
            account=named,
            generation=account.generation,
            proof=proof,
            roles=vouched.roles if vouched else None,
            began=tx.now,
            authenticated=vouched.authenticated if vouched else tx.now,
            may_set=may_set,
            issuer=vouched.issuer if vouched else "",
        )
        return self.enter(tx, begun)

    def renew(self, tx: Tx, cookie: str, hashed: str) -> str:
        """Keep another password of whoever has the session, which ends with all others.

        Returns the secret of the session that begins instead. Of two who do so at once one is
        refused: the session of the other is over by then.
        """
        now = tx.now
        one = session.read(tx.connection, self._vault, cookie, now=now)
        account = account_of(self._vault, tx.connection, one.account)
        if account is None:
            raise session.none_such()
        changed = replace(
            account,
            hashed=hashed,
            generation=account.generation + 1,
        )
        keep_account(tx, self._vault, changed, by=one.name)
        session.end_all(tx, one.account)
        return self.begin(tx, changed, proof="password")

    def enter(self, tx: Tx, begun: Session) -> str:
        """Keep and record a session in the caller's transaction, and return its secret."""
        signed_in = SignedIn(
            log=begun.tenant,
            account=begun.account,
            method=begun.proof,
            session=begun.public,
            name=begun.name,
        )
        tx.events.append(signed_in)
        return session.begin(
            tx,
            self._vault,
            begun,
        )

    def _counted(self, tx: Tx, name: str) -> _Guess:
        named = account_id(
            self._vault,
            tx.connection,
            name,
        )
        account = account_of(
            self._vault,
            tx.connection,
            named,
        )
        if account is not None and account.state == "closed":
            account = None
        row = guesses.row_of(named, is_known=account is not None)
        return _Guess(
            account=account,
            row=row,
            failures=guesses.count(tx, row),
        )

    async def _failed(self, guess: _Guess) -> None:
        if not guesses.is_told(guess.failures):
            return
        log = HOME if guess.account is None else guess.account.tenant
        told = SignInsFailed(
            log=log,
            account=guess.row,
            failures=guess.failures,
        )
        await self._store.write(lambda tx: tx.events.append(told), logs=(log,))

    def _now(self, tx: Tx, account: Account) -> Account | None:
        named = account_id(
            self._vault,
            tx.connection,
            account.name,
        )
        return account_of(
            self._vault,
            tx.connection,
            named,
        )


def _nobody() -> NotAuthenticated:
    return NotAuthenticated(
        what="the name or the password",
        next_step="Type both again, or ask whoever runs this home for a sign-in link.",
    )
