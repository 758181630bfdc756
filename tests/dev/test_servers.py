"""The embedded servers: they start, understand Cyrillic, come back after a kill, keep data, leave nothing behind."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from backoffice.dev import processes
from backoffice.dev.postgres import PostgresServer
from backoffice.dev.processes import StartError
from backoffice.dev.valkey import ValkeyServer


def connect(server: PostgresServer, database: str = "lectern") -> psycopg.Connection:
    return psycopg.connect(server.url(database).replace("+psycopg", ""), autocommit=True)


def one(server: PostgresServer, statement: str, database: str = "lectern") -> object:
    with connect(server, database) as connection:
        row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path / "postgres", processes.free_port(), fast=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path / "valkey", processes.free_port())
    server.start()
    yield server
    server.stop()


def test_postgres_understands_cyrillic(postgres: PostgresServer) -> None:
    assert one(postgres, "SELECT lower('ПРИВЕТ')") == "привет"
    assert one(postgres, "SELECT 'Привет' ILIKE '%ВЕТ'") is True
    with connect(postgres) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    assert float(str(one(postgres, "SELECT similarity('привет', 'привт')"))) > 0


def test_postgres_settings(postgres: PostgresServer) -> None:
    assert one(postgres, "SHOW max_connections") == "200"
    assert one(postgres, "SHOW timezone") == "UTC"
    assert one(postgres, "SHOW listen_addresses") == "127.0.0.1"
    assert one(postgres, "SHOW unix_socket_directories") == ""


def test_postgres_databases_are_cloned_and_dropped(postgres: PostgresServer) -> None:
    url = postgres.create_database("template_for_tests")
    assert url == postgres.url("template_for_tests")
    with connect(postgres, "template_for_tests") as connection:
        connection.execute("CREATE TABLE course (title text)")
        connection.execute("INSERT INTO course VALUES ('Ёлки')")
    postgres.create_database("clone", template="template_for_tests")
    assert one(postgres, "SELECT lower(title) FROM course", "clone") == "ёлки"
    postgres.drop_database("clone")
    assert not postgres.database_exists("clone")
    assert postgres.database_exists("template_for_tests")


@pytest.mark.parametrize("fast", [True, False])
def test_postgres_comes_back_after_kill_with_its_data(tmp_path: Path, fast: bool) -> None:
    server = PostgresServer(tmp_path / "postgres", processes.free_port(), fast=fast)
    server.start()
    try:
        with connect(server) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (1)")
            connection.execute("CHECKPOINT")
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.start()
        assert one(server, "SELECT n FROM kept") == 1
    finally:
        server.stop()


def test_postgres_comes_back_while_a_busy_backend_of_the_killed_one_lives(postgres: PostgresServer) -> None:
    with connect(postgres) as connection:
        connection.execute("CREATE FUNCTION busy() RETURNS int LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'")
        backend = connection.info.backend_pid

        def run() -> None:
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT busy()")

        busy = threading.Thread(target=run)
        busy.start()
        assert processes.wait_until(
            lambda: one(postgres, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT busy()'") == 1, 30
        )
        assert postgres.process is not None
        os.kill(postgres.process.pid, signal.SIGKILL)
        postgres.process.wait()
        try:
            postgres.start()
            assert processes.command_line(backend) == ""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(backend, signal.SIGKILL)
            busy.join()
    assert one(postgres, "SELECT 1") == 1


def test_postgres_of_a_killed_run_is_stopped_first(postgres: PostgresServer) -> None:
    old = postgres.process
    assert old is not None
    successor = PostgresServer(postgres.data_dir, processes.free_port(), fast=True)
    successor.start()
    try:
        assert old.wait(10) == 0
        assert one(successor, "SELECT 1") == 1
    finally:
        successor.stop()


def test_a_stranger_with_the_pid_of_a_stale_server_is_left_alone(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", processes.free_port(), fast=True)
    server.data_dir.mkdir()
    (server.data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data_dir}\n")
    assert server.stop_stale() is False
    valkey = ValkeyServer(tmp_path / "valkey", processes.free_port())
    valkey.data_dir.mkdir()
    (valkey.data_dir / "valkey.pid").write_text(f"{os.getpid()}\n")
    assert valkey.stop_stale() is False


def test_postgres_that_cannot_start_says_why_in_one_line(postgres: PostgresServer, tmp_path: Path) -> None:
    other = PostgresServer(tmp_path / "other", postgres.port, fast=True)
    with pytest.raises(StartError, match=r"PostgreSQL did not start .*; its log is") as caught:
        other.start()
    assert "\n" not in str(caught.value)


def test_data_of_another_major_version_is_refused(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", processes.free_port())
    server.data_dir.mkdir()
    (server.data_dir / "PG_VERSION").write_text("11\n")
    with pytest.raises(StartError, match="holds data of PostgreSQL 11"):
        server.start()


def test_stopped_server_leaves_no_process(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", processes.free_port(), fast=True)
    server.start()
    assert server.process is not None
    pid = server.process.pid
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)
    assert processes.port_is_free(server.port)


def test_valkey_never_evicts_and_keeps_its_data_over_a_stop(valkey: ValkeyServer) -> None:
    with redis.Redis.from_url(valkey.dsn) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        client.set("kept", "yes")
    valkey.stop()
    valkey.start()
    with redis.Redis.from_url(valkey.dsn) as client:
        assert client.get("kept") == b"yes"


def test_valkey_comes_back_after_kill(valkey: ValkeyServer) -> None:
    assert valkey.process is not None
    os.kill(valkey.process.pid, signal.SIGKILL)
    valkey.process.wait()
    valkey.start()
    with redis.Redis.from_url(valkey.dsn) as client:
        assert client.ping() is True


def test_valkey_of_a_killed_run_is_stopped_first(valkey: ValkeyServer) -> None:
    old = valkey.process
    assert old is not None
    successor = ValkeyServer(valkey.data_dir, valkey.port, fast=True)
    successor.start()
    try:
        assert old.wait(10) == 0
    finally:
        successor.stop()


def test_valkey_on_a_taken_port_says_so(valkey: ValkeyServer, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"Valkey did not start .*; its log is"):
        ValkeyServer(tmp_path / "other", valkey.port, fast=True).start()
