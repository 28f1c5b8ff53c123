"""What every connection to PostgreSQL has for its settings, whatever its account says by default.

Anyone who may log in may change the defaults of the account (`ALTER ROLE`). Some of them decide
whether the rails hold: in which order names are looked up, what durable means, and how long
anything is waited for.

No waiting is without end, and a command ends within 30 seconds of a server that froze: a statement
in 15, its last words in 5 more, and its close in 5.
"""

import socket
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from interlock.runtime.record.store.patience import Patience
from interlock.runtime.record.store.scope import SETTING
from interlock.runtime.record.store.statement import Statement, failure

#: How a server stands to whoever was not connected
Standing: TypeAlias = Literal["away", "refusing", "unknown"]
#: What PostgreSQL says when all of its connections, or all for an account or a database, are taken
_CROWDED: Final = (
    "too many clients",
    "connection slots are reserved",
    "too many connections",
)
_TIME: Final = "extract(epoch FROM pg_catalog.clock_timestamp())"
_CLOCK: Final = Statement(text(f"SELECT {_TIME} AS now"))
#: Where a connection that reads keeps when its transaction began, in Unix seconds
_BEGAN: Final = "interlock_began"
_WRITES: Final = "READ COMMITTED READ WRITE"
_READS: Final = "REPEATABLE READ READ ONLY"

#: Seconds for a lock; then `Busy` is raised
WAIT_S: Final = 10
#: Seconds for a connection, and for the next bytes of a server that was asked something
CONNECT_S: Final = 5
LAST_CONNECT_S: Final = 2  # once the store is being closed
SILENCE_S: Final = 15.0
#: Seconds for a statement and for a pause in a transaction, when it writes and when it only reads
_WRITING_S: Final = 14
_READING_S: Final = 600
#: The schema is named alone, so that PostgreSQL's own operators and functions are found first.
#: What is durable on another machine too stays so.
SETTINGS: Final = f"""
    SELECT pg_catalog.set_config(
             'search_path', pg_catalog.quote_ident(current_schema()), false),
           pg_catalog.set_config('lock_timeout', '{WAIT_S}s', false),
           pg_catalog.set_config('statement_timeout', %(longest)s, false),
           pg_catalog.set_config('idle_in_transaction_session_timeout', %(longest)s, false),
           pg_catalog.set_config('{SETTING}', '', false),
           CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off'
             THEN pg_catalog.set_config('synchronous_commit', 'on', false) END
"""
#: What libpq and the system watch over: a host that is gone says nothing, not even that
WIRE: Final = {
    "connect_timeout": CONNECT_S,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": int(SILENCE_S * 1000),
}


def engines(url: URL, patience: Patience) -> tuple[Engine, Engine, Engine]:
    """Return the engines to write with, to read with, and to read one tenant's rows with.

    Every connection of theirs has the settings.
    """
    whole = url.set(drivername="postgresql+psycopg")
    writer = create_engine(whole, pool_pre_ping=True)
    reader = create_engine(whole, pool_pre_ping=True, isolation_level="REPEATABLE READ")
    for engine, longest_s in ((writer, _WRITING_S), (reader, _READING_S)):
        event.listen(engine, "do_connect", _connecting(patience))
        event.listen(engine, "connect", _settling(longest_s), insert=True)
    return writer, reader, reader


def standing(url: URL, why: str) -> Standing:
    """Return how the server at *url* stands to somebody who was not connected, as *why* says.

    Away is one that does not answer, that starts or ends, or that has no place left. One that
    refuses just this account or database is there. A host whose name nobody knows, and a folder of
    sockets that does not exist, are wrong addresses: nothing is known of a server there.
    """
    from psycopg import conninfo, pq  # noqa: PLC0415 - the driver, which SQLite does not need

    whole = url.set(drivername="postgresql+psycopg")
    _, parameters = whole.get_dialect()().create_connect_args(whole)
    known = {**parameters, "connect_timeout": CONNECT_S}
    ping = pq.PGconn.ping(conninfo.make_conninfo(**known).encode())
    if ping == pq.Ping.OK:
        return "away" if any(sign in why for sign in _CROWDED) else "refusing"
    if ping not in {pq.Ping.REJECT, pq.Ping.NO_RESPONSE}:
        return "unknown"
    return "away" if _may_be_there(str(parameters.get("host") or "")) else "unknown"


def _may_be_there(host: str) -> bool:
    """Whether a server that does not answer may be at *host* later."""
    return Path(host).is_dir() if host.startswith("/") else not host or _is_known(host)


def _is_known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        return error.errno == socket.EAI_AGAIN
    return True


def _connecting(patience: Patience) -> Any:
    from interlock.runtime.record.store.session import Session  # noqa: PLC0415 - the driver, which SQLite does not need

    def connect(
        _dialect: object, _record: object, places: Any, parameters: Any
    ) -> Session:
        settings = parameters | WIRE
        if patience.is_hurried:
            settings["connect_timeout"] = LAST_CONNECT_S
        session = Session.connect(*places, **settings)
        session.patience = patience
        return session

    return connect


def _settling(longest_s: int) -> Any:
    def settle(connection: Any, _record: object) -> None:
        # What a transaction set is gone when it is rolled back.
        connection.execute(SETTINGS, {"longest": f"{longest_s}s"})
        connection.commit()

    return settle


def begin(connection: Connection, scope: str) -> None:
    """Begin a transaction that writes in *scope*."""
    _begun(connection, _beginning(_WRITES, scope))


def begin_reading(connection: Connection, scope: str) -> None:
    """Begin a transaction that reads in *scope*; what `now` says of it is when it began."""
    cursor = _begun(connection, _beginning(_READS, scope, told=_TIME))
    cursor.nextset()
    (_, at) = cursor.fetchone()
    connection.info[_BEGAN] = int(at)


def _begun(connection: Connection, sql: str) -> Any:
    driver: Any = connection.connection.dbapi_connection
    errors: Any = connection.dialect.dbapi
    try:
        # Two statements in one message, which nothing can prepare
        return driver.execute(sql, prepare=False)
    except errors.Error as error:
        raise failure(connection, sql, error) from error


@lru_cache(maxsize=1024)
def _beginning(mode: str, scope: str, *, told: str = "true") -> str:
    # This form of a literal reads the same whatever the account's settings are.
    literal = scope.replace("\\", "\\\\").replace("'", "''")
    return (
        f"BEGIN ISOLATION LEVEL {mode}; "
        f"SELECT pg_catalog.set_config('{SETTING}', E'{literal}', true), {told}"
    )


def now(connection: Connection) -> int:
    """Return the time in Unix seconds by the server's clock: of a reading, when it began."""
    began: int | None = connection.info.get(_BEGAN)
    if began is not None:
        return began
    (row,) = _CLOCK.all(connection, {})
    return int(row["now"])
