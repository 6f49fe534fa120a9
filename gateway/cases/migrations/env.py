"""Runs the steps on the connection that `gateway.cases.migrate` opened, in its transaction."""

from alembic import context

from gateway.cases.tables import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    version_table=VERSION_TABLE,
)
context.run_migrations()
