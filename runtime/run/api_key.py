"""API keys as the database has them; how a key is written and checked is for who serves."""

from dataclasses import asdict, dataclass, field
from typing import Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, bindparam, select

from interlock.runtime.errors import Tampered
from interlock.runtime.record.events import HOME, ApiKeyKept
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.upsert import upsert
from interlock.runtime.record.vault import Vault

KeyState: TypeAlias = Literal["active", "revoked"]
_KEEP: Final = Statement(
    upsert(
        tables.api_key,
        keys=("id",),
        keep=("created", "seen"),
    )
)
_READ: Final = Statement(
    select(tables.api_key).where(tables.api_key.c.id == bindparam("of_id"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """One key, for a program that acts in the name of its *owner*, with some of the owner's roles.

    Whether a key is still good says `is_good`; its roles are those it shares with the owner.
    """

    id: str
    #: What the owner calls it
    name: str
    owner: str
    tenant: str
    account: str
    roles: tuple[str, ...]
    #: The HMAC of the secret under the home's key
    proof: str = field(repr=False)
    state: KeyState
    #: In Unix seconds
    expires: int
    created: int = 0
    #: When it was last used, to the minute; 0 for never
    seen: int = 0

    def is_good(self, now: int) -> bool:
        """Whether the key is neither revoked nor past its time."""
        return self.state == "active" and now < self.expires


#: What the columns alone say
_UNSEALED: Final = frozenset({"created", "seen"})


def key_of(vault: Vault, connection: Connection, key: str) -> ApiKey | None:
    """Return the key of that id, or None; raises `Tampered` for one that somebody changed."""
    row = _READ.one(connection, {"of_id": key})
    return (
        None
        if row is None
        else _opened(
            vault,
            connection,
            row,
        )
    )


def keys_of(vault: Vault, connection: Connection, tenant: str) -> list[ApiKey]:
    """Return the keys of a tenant, newest first."""
    columns = tables.api_key.c
    query = select(tables.api_key).where(columns.tenant == tenant)
    rows = connection.execute(
        query.order_by(columns.created.desc(), columns.id)
    ).mappings()
    return [
        _opened(
            vault,
            connection,
            row,
        )
        for row in rows
    ]


def keep_key(tx: Tx, vault: Vault, key: ApiKey, *, by: str) -> None:
    """Make or change the key in the caller's transaction, which holds the tenant's log."""
    sealed = {
        name: value for name, value in asdict(key).items() if name not in _UNSEALED
    }
    home = vault.key(tx.connection, HOME)
    body = home.seal(orjson.dumps(sealed), place=_place(key.id))
    row = {
        "id": key.id,
        "tenant": key.tenant,
        "account": key.account,
        "state": key.state,
        "body": body,
        "created": tx.now,
        "expires": key.expires,
        "seen": 0,
    }
    _KEEP.run(tx.connection, row)
    tx.events.append(
        ApiKeyKept(
            log=key.tenant,
            key=key.id,
            account=key.account,
            state=key.state,
            expires=key.expires,
            by=by,
            sealed={"body": body},
        )
    )


def _opened(vault: Vault, connection: Connection, row: Row) -> ApiKey:
    place = _place(row["id"])
    plain = orjson.loads(vault.key(connection, HOME).open(row["body"], place=place))
    roles = tuple(plain.pop("roles"))
    key = ApiKey(
        roles=roles,
        created=row["created"],
        seen=row["seen"],
        **plain,
    )
    stated = (row["tenant"], row["account"], row["state"], row["expires"])
    if (key.tenant, key.account, key.state, key.expires) != stated:
        raise Tampered(what=place, why="its columns are not what was sealed")
    return key


def _place(key: str) -> str:
    return f"api_key/{key}"
