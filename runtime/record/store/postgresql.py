"""What every connection to PostgreSQL has for its settings, whatever its account says by default.

Anyone who may log in may change the defaults of the account (`ALTER ROLE`). Three of them decide
whether the rails hold: in which order names are looked up, what durable means, and how long a lock
is waited for.
"""

from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event

#: As long as SQLite's busy timeout; then `Busy` is raised
WAIT_S: Final = 30
#: The schema is named alone, so that PostgreSQL's own operators and functions are found first.
#: What is durable on another machine too stays so.
SETTINGS: Final = f"""
    SELECT pg_catalog.set_config(
             'search_path', pg_catalog.quote_ident(current_schema()), false),
           pg_catalog.set_config('lock_timeout', '{WAIT_S}s', false),
           CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off'
             THEN pg_catalog.set_config('synchronous_commit', 'on', false) END
"""


def engines(url: URL) -> tuple[Engine, Engine]:
    """Return the engines to write and to read with; every connection of theirs has the settings."""
    whole = url.set(drivername="postgresql+psycopg")
    writer = create_engine(whole, pool_pre_ping=True)
    reader = create_engine(whole, pool_pre_ping=True, isolation_level="REPEATABLE READ")
    for engine in (writer, reader):
        event.listen(engine, "connect", _settle, insert=True)
    return writer, reader


def _settle(connection: Any, _record: object) -> None:
    # What a transaction set is gone when it is rolled back.
    connection.execute(SETTINGS)
    connection.commit()
