"""The first schema: every table of `interlock.runtime.record.store.tables`.

It is named by the version of the tables, so a database of other tables is never taken for one of
these.
"""

from alembic import op

from interlock.runtime.record.store.scope import guards
from interlock.runtime.record.store.tables import NEWEST, metadata

revision = NEWEST
down_revision = None


def upgrade() -> None:
    """Create the tables, and hold every account to its scope where the database can."""
    connection = op.get_bind()
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        for statement in guards():
            op.execute(statement)
