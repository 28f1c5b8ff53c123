"""Sign-in links: a code that begins one session, within a quarter of an hour.

Whoever owns the machine makes a link, for the first sign-in or for somebody who lost a password.
"""

from typing import Final

import orjson
from sqlalchemy import delete, insert

from interlock.runtime.errors import NotAuthenticated
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.account import Account, account_id, account_of
from interlock.serving.identity import secret as secrets

GOOD_FOR_S: Final = 15 * 60
_KIND: Final = "link"


def make(tx: Tx, vault: Vault, name: str, *, tenant: str) -> str:
    """Keep a new link for the person, and return its code. An older one of the person is over."""
    links = tables.sign_in_link
    account = account_id(
        vault,
        tx.connection,
        name,
    )
    is_over = (links.c.account == account) | (links.c.expires <= tx.now)
    tx.connection.execute(delete(links).where(is_over))
    known = account_of(
        vault,
        tx.connection,
        account,
    )
    code = secrets.new()
    row = secrets.proof(
        vault,
        tx.connection,
        _KIND,
        code,
    )
    sealed = {
        "name": name,
        "tenant": tenant,
        "generation": 0 if known is None else known.generation,
        "expires": tx.now + GOOD_FOR_S,
    }
    body = vault.key(tx.connection, HOME).seal(
        orjson.dumps(sealed), place=f"sign_in_link/{row}"
    )
    values = {
        "id": row,
        "tenant": tenant,
        "account": account,
        "body": body,
        "expires": tx.now + GOOD_FOR_S,
    }
    tx.connection.execute(insert(links).values(values))
    return code


def redeem(tx: Tx, vault: Vault, code: str) -> Account:
    """Use the link up, and return the account of whose it was, new where there was none.

    Raises `NotAuthenticated` for one that is unknown, used, too old or older than the newest change
    of the password. Of two who use one link at once one succeeds: the row is deleted first.
    """
    links = tables.sign_in_link
    none_such = NotAuthenticated(
        what="the link",
        next_step="Ask for a new one: `interlock sign-in-link NAME`, on the machine.",
    )
    if not code or len(code) > secrets.LONGEST:
        raise none_such
    row = secrets.proof(
        vault,
        tx.connection,
        _KIND,
        code,
    )
    statement = delete(links).where(links.c.id == row).returning(links.c.body)
    body = tx.connection.execute(statement).scalar_one_or_none()
    if body is None:
        raise none_such
    place = f"sign_in_link/{row}"
    sealed = orjson.loads(vault.key(tx.connection, HOME).open(body, place=place))
    new = Account(name=sealed["name"], tenant=sealed["tenant"])
    named = account_id(
        vault,
        tx.connection,
        new.name,
    )
    account = (
        account_of(
            vault,
            tx.connection,
            named,
        )
        or new
    )
    is_outdated = account.generation != sealed["generation"]
    if tx.now >= sealed["expires"] or is_outdated or account.state == "closed":
        raise none_such
    return account
