"""Alembic's entry: runs on the connection that `Store.open` hands in, never on one of its own."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], target_metadata=None
)
with context.begin_transaction():
    context.run_migrations()
