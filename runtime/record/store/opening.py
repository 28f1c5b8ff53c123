"""How a database is reached, and how its tables are made when it is empty."""

from pathlib import Path
from typing import assert_never

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from interlock.runtime.errors import GuardFailed, NotRecorded, OtherVersion
from interlock.runtime.record.store import postgresql, sqlite
from interlock.runtime.record.store.patience import Patience
from interlock.runtime.record.store.postgresql import Standing
from interlock.runtime.record.store.schema import VERSIONS
from interlock.runtime.record.store.tables import NEWEST, metadata

_MIGRATIONS = Path(__file__).resolve().parent / "migrations"


class DatabaseAway(NotRecorded):
    """No server answers at the address of the database, or it takes nobody now; nothing was done.

    An address or a password that is wrong is none of this.
    """

    def __init__(self, *, database: str, why: str) -> None:
        self.database = database
        GuardFailed.__init__(
            self,
            guard="store",
            why=why,
            next_step=f"Start its server, or check the database at {database}.",
        )


class DatabaseRefused(GuardFailed):
    """The server lets nobody in so: the password, the account or the database is wrong.

    That mends itself by no waiting. Nothing was done.
    """

    def __init__(self, *, database: str, why: str) -> None:
        self.database = database
        super().__init__(
            guard="store",
            why=why,
            next_step=f"Check account, password and name of the database at {database}.",
        )


def prepare(engine: Engine, reader: Engine) -> None:
    """Migrate the database unless it is as it should be; or close both engines and raise.

    So nobody waits for those who write only to look.
    """
    try:
        with reader.connect() as connection:
            stated = _stated(connection)
        if stated != NEWEST:
            migrate(engine)
            engine.dispose()  # whoever connects now finds the tables
    except BaseException:
        engine.dispose()
        reader.dispose()
        raise


def migrate(engine: Engine) -> None:
    """Make the tables in an empty database; does nothing when they are there already.

    Raises `OtherVersion` for a database with the tables of another version (fails closed).
    """
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            # Two processes may open a new database at once.
            connection.execute(text("SELECT pg_advisory_xact_lock(7206418)"))
        stated = _stated(connection)
        if stated is None:
            _make(connection)
        elif stated != NEWEST:
            raise OtherVersion(
                database=shown(engine.url.render_as_string()),
                stated=stated,
                ours=NEWEST,
            )


def _make(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - half a second, needed once in a life
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _stated(connection: Connection) -> str | None:
    """Return the version that the database states, or None when it has none of our tables.

    An empty text stands for tables of ours without a version, or with several.
    """
    tables = set(inspect(connection).get_table_names())
    if VERSIONS in tables:
        query = text(f"SELECT version_num FROM {VERSIONS}")  # noqa: S608 - a constant
        versions = connection.execute(query).scalars().all()
        return str(versions[0]) if len(versions) == 1 else ""
    return "" if tables.intersection(metadata.tables) else None


def engines(url: str, patience: Patience) -> tuple[Engine, Engine, Engine]:
    """Return the engines to write with, to read with, and to read one tenant's rows with.

    Raises ValueError for any other URL.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return sqlite.engines(parsed, patience)
    if backend not in {"postgresql", "postgres"}:
        raise ValueError(f"it is a database of {backend}")
    return postgresql.engines(parsed, patience)


def unopened(url: str, error: Exception, *, why: str) -> GuardFailed:
    """Return what whoever opens the database is told of the *error* that kept it shut."""
    database = shown(url)
    # An error without a statement is one of the connection itself; its text tells of each address.
    if isinstance(error, OperationalError) and error.statement is None:
        match _standing(url, str(error)):
            case "away":
                return DatabaseAway(database=database, why=why)
            case "refusing":
                return DatabaseRefused(database=database, why=why)
            case "unknown":
                pass
            case never:
                assert_never(never)
    return GuardFailed(
        guard="store",
        why=why,
        next_step=f"Check the database at {database}.",
    )


def _standing(url: str, why: str) -> Standing:
    """Return how the server stands; that of SQLite, which has none, is never known."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return "unknown"
    return postgresql.standing(parsed, why)


def shown(url: str) -> str:
    """Return the URL as people may see it, without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError):
        return "INTERLOCK_DATABASE: it is no database URL, such as sqlite:///file or postgresql://host/name"
