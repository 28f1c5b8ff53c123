"""Sessions: what a browser or a terminal holds after somebody signed in.

The holder has 256 random bits; the database has their HMAC under the home's key. A session ends
when it is not used for a time, at its age, at sign-out, when the password changes, and when the
account is closed. Nothing remembers a session but its row, so it ends everywhere at once.
"""

import hmac
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Final

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from interlock.runtime.errors import NotAuthenticated
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.account import account_of
from interlock.serving.identity import secret as secrets
from interlock.serving.identity.caller import Proof

IDLE_S: Final = 2 * 3600
LONGEST_S: Final = 12 * 3600
#: A session's use is noted once in so many seconds
COARSE_S: Final = 60
_DIGITS: Final = 16
_KIND: Final = "session"
_COLUMNS: Final = tables.sign_in.c
_READ: Final = Statement(
    select(tables.sign_in).where(_COLUMNS.id == bindparam("of_id"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One session, as it is sealed into its row."""

    #: The public id, which opens nothing
    public: str
    name: str
    tenant: str
    account: str
    #: Of the account
    generation: int
    proof: Proof
    #: Those that an issuer of tokens vouched for; None where the list of people says them
    roles: tuple[str, ...] | None
    began: int
    #: When credentials were last shown
    authenticated: int
    #: Whether the person may set a password without the old one
    may_set: bool = False
    #: Whether its use was not noted lately; worked out when the session is read
    is_stale: bool = False
    #: Who vouched for the person; empty for a session that began here
    issuer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """What an issuer says of somebody who signed in there."""

    issuer: str
    roles: tuple[str, ...]
    #: When credentials were last shown there; 0 where nobody can say
    authenticated: int


def none_such() -> NotAuthenticated:
    """Return the one answer to whatever is no session."""
    return NotAuthenticated(what="the session")


def begin(tx: Tx, vault: Vault, session: Session) -> str:
    """Keep the session under a new secret, and return the secret. What is long over is dropped."""
    tx.connection.execute(
        delete(tables.sign_in).where(_COLUMNS.expires <= tx.now),
    )
    secret = secrets.new()
    row = secrets.proof(
        vault,
        tx.connection,
        _KIND,
        secret,
    )
    sealed = orjson.dumps(asdict(replace(session, is_stale=False)))
    values = {
        "id": row,
        "public": session.public,
        "tenant": session.tenant,
        "account": session.account,
        "body": vault.key(tx.connection, HOME).seal(sealed, place=_place(row)),
        "seen": tx.now,
        "expires": session.began + LONGEST_S,
    }
    tx.connection.execute(insert(tables.sign_in).values(values))
    return secret


def public_id() -> str:
    """Return a new public id."""
    return secrets.name(_DIGITS)


def read(connection: Connection, vault: Vault, secret: str, *, now: int) -> Session:
    """Return the session of the secret; raises `NotAuthenticated` unless it is good *now*."""
    if not secret or len(secret) > secrets.LONGEST:
        raise none_such()
    place = secrets.proof(
        vault,
        connection,
        _KIND,
        secret,
    )
    row = _READ.one(connection, {"of_id": place})
    if row is None:
        raise none_such()
    plain = vault.key(connection, HOME).open(row["body"], place=_place(place))
    values = orjson.loads(plain)
    roles = values.pop("roles")
    session = Session(roles=None if roles is None else tuple(roles), **values)
    unused = now - row["seen"]
    account = account_of(
        vault,
        connection,
        session.account,
    )
    generation = 0 if account is None else account.generation
    is_closed = account is not None and account.state == "closed"
    is_over = now >= session.began + LONGEST_S or unused >= IDLE_S
    if is_closed or is_over or generation != session.generation:
        raise none_such()
    return replace(session, is_stale=unused >= COARSE_S)


def note_use(tx: Tx, public: str) -> None:
    """Note that the session was used now."""
    tx.connection.execute(
        update(tables.sign_in).where(_COLUMNS.public == public).values(seen=tx.now)
    )


def end(tx: Tx, public: str) -> bool:
    """End the session of that public id at once, and say whether there was one."""
    ended = tx.connection.execute(
        delete(tables.sign_in).where(_COLUMNS.public == public)
    )
    return ended.rowcount > 0


def end_all(tx: Tx, account: str) -> None:
    """End every session of the account, and every link that would begin one."""
    links = tables.sign_in_link
    tx.connection.execute(delete(tables.sign_in).where(_COLUMNS.account == account))
    tx.connection.execute(delete(links).where(links.c.account == account))


def csrf_token(secret: str) -> str:
    """Return the token that a form of the session carries; it does not tell the secret."""
    return hmac.new(
        secret.encode(),
        b"csrf",
        sha256,
    ).hexdigest()


def _place(row: str) -> str:
    return f"sign_in/{row}"
