"""The tables of accounts, API keys and sign-ins; what is true of the other tables is true of these.

No secret and no person's name stands here in the clear. What decides is in the sealed `body`, so
whoever writes to the database without the home's key makes no account and no key.
"""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table

from interlock.runtime.record.store.version import metadata

#: Who may sign in. The id commits to the name, as `identity` folds it, under the home's key
account = Table(
    "account",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

#: A key of a program. The id stands in the key itself; of the secret only its HMAC is kept, sealed
api_key = Table(
    "api_key",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("account", String(64), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    #: When the key was last used, to the minute; 0 for never
    Column("seen", BigInteger, nullable=False),
    Index("api_key_by_age", "tenant", "created", "id"),
)

#: A session. The id is the HMAC of its secret; `public` names the session and opens nothing
sign_in = Table(
    "sign_in",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("public", String(16), nullable=False, index=True),
    Column("tenant", String(64), nullable=False),
    Column("account", String(64), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    #: When the session was last used, to the minute
    Column("seen", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
)

#: A link that signs in once; the id is the HMAC of its code
sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("account", String(64), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
)

#: Guesses of a password in a row, of one account or, for names that nobody has, of one of a fixed
#: number of groups; the row of the home counts those of the minute that began at `since`
guess = Table(
    "guess",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("failures", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    #: Until when no guess is taken
    Column("until", BigInteger, nullable=False),
)
