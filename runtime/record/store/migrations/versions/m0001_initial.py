"""The first schema: every table of `interlock.runtime.record.store.tables`.

It is named by the version of the tables, so a database of other tables is never taken for one of
these.
"""

from alembic import op

from interlock.runtime.record.store.tables import NEWEST, metadata

revision = NEWEST
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    metadata.create_all(op.get_bind())
