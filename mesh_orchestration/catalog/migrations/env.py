"""How alembic reaches the catalog: by the connection, and in the transaction, of whoever opened it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
