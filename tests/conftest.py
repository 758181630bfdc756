"""One PostgreSQL and one Valkey per run, one database per worker, one rolled-back transaction per test."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g, has_app_context
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event, text
from werkzeug.test import TestResponse

from backoffice.app import create_app
from backoffice.config import Settings
from backoffice.db import db
from backoffice.dev.postgres import PostgresServer
from backoffice.dev.valkey import ValkeyServer
from tests.factories.people import Cast, make_cast
from tests.factories.s3 import KEYS, S3Server, keep_media_in

SECRET = "a secret that only the tests know, 0123456789"
ROOT = Path(__file__).parent.parent
REDIS_DATABASES = 16


class Browser(FlaskClient):
    """A client whose requests share nothing: in the test's own app context `g` would keep who was logged in before."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if has_app_context():
            for name in list(g):
                g.pop(name)
        return super().open(*args, **kwargs)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pytest_configure(config: pytest.Config) -> None:
    """The controller starts the servers once; workers of xdist find them in the environment."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    folder = Path(tempfile.mkdtemp(prefix="lectern-tests-"))
    postgres = PostgresServer(folder / "postgres", free_port(), fast=True)
    postgres.start()
    valkey = ValkeyServer(folder / "valkey", free_port(), fast=True)
    valkey.start()
    os.environ["TEST_POSTGRES"] = f"{folder}\n{postgres.port}"
    os.environ["TEST_REDIS"] = f"redis://127.0.0.1:{valkey.port}"
    template = postgres.create_database("template_lectern")
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env=os.environ | {"DATABASE_URL": template, "REDIS_URL": os.environ["TEST_REDIS"] + "/0", "SECRET_KEY": SECRET},
    )

    def stop() -> None:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)

    config.add_cleanup(stop)


def running_postgres() -> PostgresServer:
    """The server of this run, to create databases on."""
    folder, port = os.environ["TEST_POSTGRES"].split("\n")
    return PostgresServer(Path(folder) / "postgres", int(port), fast=True)


def redis_url() -> str:
    """The database of this worker of xdist, so that tests side by side share no queue."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{os.environ['TEST_REDIS']}/{int(worker) % REDIS_DATABASES}"


def make_settings(database_url: str, var_dir: Path, **changes: object) -> Settings:
    """Settings of a test application."""
    values: dict[str, object] = {
        "database_url": database_url,
        "redis_url": redis_url(),
        "secret_key": SECRET,
        "environment": "test",
        "var_dir": var_dir,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def worker_database(worker_id: str) -> str:
    """A clone of the migrated template for this worker."""
    return running_postgres().create_database(f"lectern_{worker_id}", template="template_lectern")


@pytest.fixture(scope="session")
def session_app(worker_database: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, made once per worker."""
    app = create_app(make_settings(worker_database, tmp_path_factory.mktemp("var")))
    app.test_client_class = Browser
    app.config["WTF_CSRF_ENABLED"] = False
    app.config["RATELIMIT_ENABLED"] = False
    return app


@pytest.fixture
def app(session_app: Flask) -> Iterator[Flask]:
    """The application with all its sessions inside one transaction that is rolled back at the end."""
    engine = create_engine(session_app.config["SQLALCHEMY_DATABASE_URI"], connect_args={"options": "-c timezone=UTC"})
    connection = engine.connect()
    transaction = connection.begin()
    with session_app.app_context():
        factory = db.session.session_factory
    factory.configure(bind=connection, join_transaction_mode="create_savepoint")

    # SET CONSTRAINTS lasts for the outer transaction here; each operation must start with deferred ones as in life.
    def defer_again(_session: object) -> None:
        if connection.in_transaction():
            connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))

    event.listen(factory.class_, "after_commit", defer_again)
    try:
        with session_app.app_context():
            yield session_app
            db.session.remove()
    finally:
        event.remove(factory.class_, "after_commit", defer_again)
        factory.configure(bind=None)
        transaction.rollback()
        connection.close()
        engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser of a visitor."""
    return app.test_client()


@pytest.fixture
def cast(app: Flask) -> Cast:
    """The people of a test: owner, other author, student, moderator, admin, visitor."""
    return make_cast()


@pytest.fixture
def committed_app(tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    """An application on a database of its own with real commits, for races and real processes."""
    postgres = running_postgres()
    name = f"committed_{worker_id}_{os.getpid()}_{tmp_path.name}"[:60].lower().replace("-", "_")
    url = postgres.create_database(name, template="template_lectern")
    app = create_app(make_settings(url, tmp_path))
    app.test_client_class = Browser
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server of S3 that checks signatures, running; keys to it are in the environment."""
    server = S3Server("nanio", tmp_path_factory.mktemp("nanio"))
    with pytest.MonkeyPatch.context() as environment:
        for name, value in KEYS.items():
            environment.setenv(name, value)
        server.start()
        yield server
    server.stop()


@pytest.fixture
def stoppable_s3(s3_server: S3Server, tmp_path: Path) -> Iterator[S3Server]:
    """A server of S3 of this test alone, with nothing in it."""
    server = S3Server("nanio", tmp_path / "s3")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def app_with_s3(app: Flask, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with its media in a bucket, below a prefix of this test (X-5)."""
    keep_media_in(app, s3_server, monkeypatch, prefix=f"shop/{tmp_path.name}")
    return app
