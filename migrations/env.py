"""Runs the migrations with the application's own engine, and gives up rather than queue behind a long lock."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from backoffice.db import Base, db

LOCK_TIMEOUT = "5s"
MIGRATION_LOCK = 7_264_211


def run() -> None:
    """Upgrade or downgrade in one transaction; two migrators at once wait for each other."""
    config = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
        connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, **config)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})"))
        connection.commit()


run()
