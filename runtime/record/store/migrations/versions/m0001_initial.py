"""The first schema: every table of `interlock.runtime.record.store.tables`.

A released migration never changes; the next schema change is the next file, and a test holds the
migrated schema equal to the declared one.
"""

from alembic import op

from interlock.runtime.record.store.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    metadata.create_all(op.get_bind())
