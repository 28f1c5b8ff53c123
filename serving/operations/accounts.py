"""Accounts, opened and closed by people whom the policy lets; passwords are their persons' own."""

from collections.abc import Callable
from dataclasses import replace

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import SignedOut
from interlock.runtime.record.store import Tx
from interlock.runtime.run import subject
from interlock.runtime.run.account import (
    Account,
    account_id,
    account_of,
    keep_account,
)
from interlock.runtime.run.api_key import keep_key, keys_of
from interlock.serving import people
from interlock.serving.desk import Desk
from interlock.serving.identity import link, passwords, session


async def open_with_password(
    desk: Desk,
    name: str,
    password: str,
    *,
    person: Principal,
) -> None:
    """Give a listed person an account with this password, or another password.

    Every session of an earlier password ends. Raises `BadInput` for a weak password, and `NotFound`
    for somebody who is not listed: nobody is asked then.
    """
    _check_listed(desk, name)
    passwords.refuse_weak(password, name=name)
    hashed = await passwords.hashed(password)

    def written(tx: Tx) -> None:
        account = _account(tx, desk, name, tenant=person.tenant)
        _open(tx, desk, replace(account, hashed=hashed), by=person.id)

    await _added(desk, name, written, person=person)


async def open_by_link(desk: Desk, name: str, *, person: Principal) -> str:
    """Give a listed person an account, and return the code with which the person sets a password.

    An earlier password and its sessions are over. Raises `NotFound` for somebody who is not listed.
    """
    _check_listed(desk, name)
    codes: list[str] = []

    def written(tx: Tx) -> None:
        account = _account(tx, desk, name, tenant=person.tenant)
        _open(tx, desk, replace(account, hashed=""), by=person.id)
        code = link.make(tx, desk.storage.vault, name, tenant=person.tenant)
        codes.append(code)

    await _added(desk, name, written, person=person)
    return codes[-1]


async def end_sessions(desk: Desk, name: str, *, person: Principal) -> None:
    """End every session of somebody of the person's own tenant; their keys go on."""

    def written(tx: Tx) -> None:
        account = _account(tx, desk, name, tenant=person.tenant)
        named = account_id(desk.storage.vault, tx.connection, account.name)
        session.end_all(tx, named)
        ended = SignedOut(
            log=person.tenant,
            account=named,
            session="",
            by=person.id,
        )
        tx.events.append(ended)

    async def work() -> None:
        await desk.storage.store.write(written, logs=(person.tenant,))

    await desk.acts.perform(
        "session.end",
        work,
        person=person,
        arguments={"name": name},
        look=subject.tenant("account", name),
    )


async def close(desk: Desk, name: str, *, by: str) -> None:
    """Close the account of somebody who is listed no more: sessions, links and keys are over.

    A part of "people.remove". The row stays, closed, so that the home stays one with accounts.
    """
    vault = desk.storage.vault
    known = await desk.storage.store.read(
        lambda connection: account_of(
            vault, connection, account_id(vault, connection, name)
        )
    )
    tenant = desk.settings.tenant if known is None else known.tenant

    def written(tx: Tx) -> None:
        named = account_id(vault, tx.connection, name)
        account = account_of(vault, tx.connection, named)
        if account is not None:
            closed = replace(
                account,
                hashed="",
                state="closed",
                generation=account.generation + 1,
            )
            keep_account(tx, vault, closed, by=by)
        session.end_all(tx, named)
        for key in keys_of(vault, tx.connection, tenant):
            if key.account == named and key.state == "active":
                keep_key(tx, vault, replace(key, state="revoked"), by=by)

    await desk.storage.store.write(written, logs=(tenant,))


async def reopen(desk: Desk, name: str, *, person: Principal) -> None:
    """Open the closed account of somebody of an issuer again. A part of "people.add".

    Raises `BadInput` ("wrong_state") for an account that is open.
    """

    def written(tx: Tx) -> None:
        account = _account(tx, desk, name, tenant=person.tenant)
        if account.state != "closed":
            raise BadInput(
                code="wrong_state",
                what=f"the account {name!r}",
                why="it is open",
                next_step="Nothing is to be done.",
            )
        _open(tx, desk, account, by=person.id)

    await desk.storage.store.write(written, logs=(person.tenant,))


async def refuse_unknown(desk: Desk, name: str, *, person: Principal) -> None:
    """Raise `NotFound` where nobody of the person's tenant has an account of that name."""
    vault = desk.storage.vault
    account = await desk.storage.store.read(
        lambda connection: account_of(
            vault, connection, account_id(vault, connection, name)
        )
    )
    if account is None or account.tenant != person.tenant:
        raise NotFound(
            kind="account",
            name=name,
            next_step="Whoever signed in once has one, under the name that is recorded.",
        )


def _open(tx: Tx, desk: Desk, account: Account, *, by: str) -> None:
    opened = replace(
        account,
        state="active",
        generation=account.generation + 1,
    )
    named = keep_account(tx, desk.storage.vault, opened, by=by)
    session.end_all(tx, named)


def _account(tx: Tx, desk: Desk, name: str, *, tenant: str) -> Account:
    """Return the account, or a new one; raises `BadInput` for that of another tenant."""
    vault = desk.storage.vault
    named = account_id(vault, tx.connection, name)
    account = account_of(vault, tx.connection, named)
    if account is None:
        return Account(name=name, tenant=tenant)
    if account.tenant != tenant:
        raise BadInput(
            code="wrong_tenant",
            what=f"the name {name!r}",
            why="it is taken",
            next_step="Choose another name.",
        )
    return account


async def _added(
    desk: Desk,
    name: str,
    written: Callable[[Tx], None],
    *,
    person: Principal,
) -> None:
    async def work() -> None:
        await desk.storage.store.write(written, logs=(person.tenant,))

    await desk.acts.perform(
        "account.add",
        work,
        person=person,
        arguments={"name": name},
        look=subject.tenant("account", name),
    )


def _check_listed(desk: Desk, name: str) -> None:
    if name not in people.load(desk.settings.people):
        raise NotFound(
            kind="person",
            name=name,
            next_step="Add them first: `interlock people add NAME --role ROLE`.",
        )
