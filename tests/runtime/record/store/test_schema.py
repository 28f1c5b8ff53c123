"""What stands in the database beside rows: what the migrations did not make is refused."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from interlock.runtime.errors import SchemaChanged
from interlock.runtime.storage import Storage

ON_BOTH = {
    "view": "CREATE VIEW seen AS SELECT id, status FROM run",
    "index on an expression": "CREATE INDEX lower_id ON run (lower(id))",
    "index of another form": (
        "DROP INDEX run_by_age; CREATE INDEX run_by_age ON run (id) WHERE id <> ''"
    ),
}
ON_SQLITE = ON_BOTH | {
    "trigger": (
        "CREATE TRIGGER t AFTER INSERT ON kill_switch BEGIN DELETE FROM kill_switch; END"
    ),
    "table": "CREATE TABLE other (id TEXT)",
    "table of another form": (
        "ALTER TABLE reservation ADD COLUMN x TEXT COLLATE NOCASE DEFAULT 'x'"
    ),
    "view in place of a table": (
        "ALTER TABLE run RENAME TO hidden; CREATE VIEW run AS SELECT * FROM hidden"
    ),
}
ON_POSTGRESQL = ON_BOTH | {
    "trigger": (
        "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER t BEFORE INSERT ON kill_switch FOR EACH ROW EXECUTE FUNCTION gone()"
    ),
    "rule": "CREATE RULE r AS ON INSERT TO kill_switch DO INSTEAD NOTHING",
    "policy": "CREATE POLICY p ON kill_switch USING (false)",
    "no policy": "DROP POLICY own ON run",
    "wider policy": "ALTER POLICY own ON run USING (true)",
    "policy for some": "ALTER POLICY own ON run TO CURRENT_USER",
    "policy of what is written": "ALTER POLICY own ON run WITH CHECK (true)",
    "rows without policy": "ALTER TABLE run DISABLE ROW LEVEL SECURITY",
    "rows open to their owner": "ALTER TABLE run NO FORCE ROW LEVEL SECURITY",
    "child table": "CREATE TABLE more () INHERITS (kill_switch)",
    "default": "ALTER TABLE run ALTER COLUMN label SET DEFAULT 'x'",
    "check": "ALTER TABLE run ADD CONSTRAINT c CHECK (fence < 5)",
    "hidden rows": (
        "ALTER TABLE policy ENABLE ROW LEVEL SECURITY; "
        "ALTER TABLE policy FORCE ROW LEVEL SECURITY"
    ),
    "table that a crash empties": "ALTER TABLE ledger_entry SET UNLOGGED",
    "table without its key": (
        "ALTER TABLE kill_switch DROP CONSTRAINT kill_switch_pkey"
    ),
    "operator that fits better": (
        "CREATE FUNCTION blind(varchar, varchar) RETURNS boolean LANGUAGE sql AS $$"
        "SELECT $1 OPERATOR(pg_catalog.=) $2 AND $1 OPERATOR(pg_catalog.<>) 'all'$$; "
        "CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = blind)"
    ),
    "function that fits better": (
        "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL'"
    ),
    "column that cuts": "ALTER TABLE kill_switch ALTER COLUMN id TYPE name",
    "column that compares": (
        'ALTER TABLE kill_switch ALTER COLUMN id TYPE varchar COLLATE "C"'
    ),
}


def _change(url: str, statements: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    whole = statements if "TRIGGER" in statements else None
    with engine.begin() as connection:
        for statement in [whole] if whole else statements.split("; "):
            connection.execute(text(statement))
    engine.dispose()


async def _opened(url: str, folder: Path, *, reading: bool = False) -> None:
    async with Storage.open(
        database=url, keys=folder / "keys", reading=reading
    ) as storage:
        storage.refuse_unfit()


async def test_what_the_migrations_made_is_not_refused(
    database_url: str, tmp_path: Path
) -> None:
    """A database opens again, also after its statistics were gathered."""
    await _opened(database_url, tmp_path)
    _change(database_url, "ANALYZE")

    await _opened(database_url, tmp_path)


@pytest.mark.parametrize("statement", ON_SQLITE.values(), ids=list(ON_SQLITE))
async def test_whatever_acts_by_itself_in_sqlite_is_refused(
    tmp_path: Path, statement: str
) -> None:
    """Nothing opens that could act on a database with a trigger, a view or anything of the kind."""
    await _refused(f"sqlite:///{tmp_path / 'interlock.db'}", tmp_path, statement)


@pytest.mark.parametrize("statement", ON_POSTGRESQL.values(), ids=list(ON_POSTGRESQL))
async def test_whatever_acts_by_itself_in_postgresql_is_refused(
    fresh_postgres: str, tmp_path: Path, statement: str
) -> None:
    """Nothing opens that could act on a database with a trigger, a rule or anything of the kind."""
    await _refused(fresh_postgres, tmp_path, statement)


async def _refused(url: str, folder: Path, statement: str) -> None:
    await _opened(url, folder)
    _change(url, statement)
    with pytest.raises(SchemaChanged) as refusal:
        await _opened(url, folder)

    assert refusal.value.code == "schema_changed"
    assert refusal.value.objects


async def test_whoever_only_reads_may_look_at_a_changed_schema(tmp_path: Path) -> None:
    """A record with a trigger can still be read and exported."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    await _opened(url, tmp_path)
    _change(url, ON_SQLITE["trigger"])

    await _opened(url, tmp_path, reading=True)
