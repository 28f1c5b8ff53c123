"""A database that is thrown away, of the same kind as the database of the installation.

Guarantees are tried on it, so no row of the installation is touched. Where it cannot be made,
nothing is tried (fails closed).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, NullPool, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema, DropSchema, ExecutableDDLElement

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store.writer import reason

#: What the names of scratch schemas begin with: one that a killed process left can be dropped
PREFIX: Final = "interlock_verify_"


class NoScratch(GuardFailed):
    """The database lets nobody make the schema that guarantees are tried in."""

    def __init__(self, *, account: str, database: str, why: str) -> None:
        super().__init__(
            guard="scratch schema",
            why=why,
            next_step=f'Let it be made: GRANT CREATE ON DATABASE "{database}" TO "{account}".',
        )


@asynccontextmanager
async def scratch(database: str, folder: Path) -> AsyncIterator[str]:
    """Make an empty database, yield its URL, and take the database away again.

    Beside SQLite it is a file in *folder*; in PostgreSQL a schema of its own in *database*. Raises
    `NoScratch` where the schema cannot be made.
    """
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        yield f"sqlite:///{folder / 'interlock.db'}"
        return
    name = f"{PREFIX}{secrets.token_hex(6)}"
    await asyncio.to_thread(_execute, url, CreateSchema(name))
    try:
        yield _within(url, name).render_as_string(hide_password=False)
    finally:
        await asyncio.to_thread(_execute, url, DropSchema(name, cascade=True))


def _within(url: URL, schema: str) -> URL:
    """Return the URL under which *schema* is the one that tables are made in."""
    options = url.query.get("options", "")
    before = [options] if isinstance(options, str) else list(options)
    path = " ".join([*before, f"-csearch_path={schema}"]).strip()
    return url.update_query_dict({"options": path})


def _execute(url: URL, statement: ExecutableDDLElement) -> None:
    whole = url.set(drivername="postgresql+psycopg")
    engine = create_engine(whole, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(statement)
    except SQLAlchemyError as error:
        raise _refusal(url, error) from error
    finally:
        engine.dispose()


def _refusal(url: URL, error: Any) -> NoScratch:
    return NoScratch(
        account=url.username or "",
        database=url.database or "",
        why=reason(error),
    )
