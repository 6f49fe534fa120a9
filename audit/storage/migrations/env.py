"""Runs the steps on the connection that `audit.storage.migrate` opened, in its transaction."""

from alembic import context

from audit.storage.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
context.run_migrations()
