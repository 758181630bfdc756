"""The application factory: assembly and nothing else."""

import logging
import os

from flask import Flask
from flask_migrate import Migrate

from backoffice import admin, assets, cli, clock, formats, models, public
from backoffice.config import Settings
from backoffice.db import db

__all__ = ["create_app", "models"]


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Raises SettingsError when a setting is missing or senseless."""
    settings = settings or Settings.from_environ(os.environ)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    app = Flask(__name__)
    app.extensions["lectern.settings"] = settings
    app.config.update(
        APP_NAME="Lectern",
        SECRET_KEY=settings.secret_key,
        TESTING=settings.environment == "test",
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": 10,
            "max_overflow": 10,
            "pool_pre_ping": True,
            "connect_args": {
                "options": f"-c timezone=UTC -c statement_timeout={settings.statement_timeout_ms}",
                "connect_timeout": 5,
            },
        },
    )
    clock.configure(settings.var_dir / "clock" if settings.development else None)
    db.init_app(app)
    Migrate(app, db, directory=os.path.join(os.path.dirname(app.root_path), "migrations"), compare_type=True)
    formats.init_app(app)
    assets.init_app(app)
    public.init_app(app, settings)
    admin.init_app(app)
    cli.init_app(app)
    return app
