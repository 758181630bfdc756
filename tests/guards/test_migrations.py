"""The migrated database is what the models say, by one line of migrations."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, text

from backoffice.db import Base, db
from tests.guards.sources import ROOT


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata))


def test_migrations_make_what_the_models_say(app: Flask) -> None:
    assert _differences(db.session.connection()) == []


def test_a_missing_column_would_be_found(app: Flask) -> None:
    connection = db.session.connection()
    connection.execute(text("ALTER TABLE course DROP COLUMN rating_sum"))
    assert len(_differences(connection)) == 1


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory(str(ROOT / "migrations")).get_heads()) == 1
