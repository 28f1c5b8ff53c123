"""Accounts: who may sign in. What they may do then is for the list of people and the policy."""

from dataclasses import asdict, dataclass, field
from typing import Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, bindparam, select

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.request import identity
from interlock.runtime.record.events import HOME, AccountKept
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.upsert import upsert
from interlock.runtime.record.vault import Vault

#: A closed account lets nobody in, whatever the person holds
AccountState: TypeAlias = Literal["active", "closed"]
_KEEP: Final = Statement(
    upsert(
        tables.account,
        keys=("id",),
        keep=("created",),
    )
)
_READ: Final = Statement(
    select(tables.account).where(tables.account.c.id == bindparam("of_id"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One account. Sessions and keys of an earlier *generation* are over."""

    name: str
    tenant: str
    #: The argon2id hash of the password; empty where there is no password yet
    hashed: str = field(default="", repr=False)
    generation: int = 0
    state: AccountState = "active"
    #: Issuer and subject of somebody who signs in there; empty for who has an account of this home
    subject: str = ""


def account_id(vault: Vault, connection: Connection, name: str) -> str:
    """Return the id of the account of that name, whether or not there is one."""
    key = vault.key(connection, HOME)
    return key.commit(b"account:" + identity(name).encode())


def account_of(vault: Vault, connection: Connection, account: str) -> Account | None:
    """Return the account of that id, or None; raises `Tampered` for one that somebody changed."""
    row = _READ.one(connection, {"of_id": account})
    return (
        None
        if row is None
        else _opened(
            vault,
            connection,
            row,
        )
    )


def accounts(vault: Vault, connection: Connection) -> list[Account]:
    """Return every account that is active, by name."""
    rows = connection.execute(select(tables.account)).mappings()
    listed = [
        _opened(
            vault,
            connection,
            row,
        )
        for row in rows
    ]
    active = [account for account in listed if account.state == "active"]
    return sorted(active, key=lambda account: account.name)


def has_accounts(connection: Connection) -> bool:
    """Whether anybody can sign in to this home; a closed account counts, so none opens a home."""
    query = select(tables.account.c.id).limit(1)
    return connection.execute(query).first() is not None


def keep_account(tx: Tx, vault: Vault, account: Account, *, by: str) -> str:
    """Make or change the account in the caller's transaction, and return its id.

    The transaction holds the head of the tenant's log.
    """
    key = vault.key(tx.connection, HOME)
    name = account_id(
        vault,
        tx.connection,
        account.name,
    )
    body = key.seal(orjson.dumps(asdict(account)), place=_place(name))
    row = {
        "id": name,
        "tenant": account.tenant,
        "state": account.state,
        "body": body,
        "created": tx.now,
        "updated": tx.now,
    }
    _KEEP.run(tx.connection, row)
    tx.events.append(
        AccountKept(
            log=account.tenant,
            account=name,
            state=account.state,
            by=by,
            sealed={"body": body},
        )
    )
    return name


def _opened(vault: Vault, connection: Connection, row: Row) -> Account:
    place = _place(row["id"])
    plain = vault.key(connection, HOME).open(row["body"], place=place)
    account = Account(**orjson.loads(plain))
    if (account.tenant, account.state) != (row["tenant"], row["state"]):
        raise Tampered(what=place, why="its columns are not what was sealed")
    return account


def _place(account: str) -> str:
    return f"account/{account}"
