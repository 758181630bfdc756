"""The server as `make up` runs it, with the shop or with the yardstick on it, and those who send and ask."""

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import text

from backoffice import clock
from backoffice.bench import crew
from backoffice.bench.cpu import tree_cpu_s
from backoffice.db import db, operation
from backoffice.dev.processes import free_port
from backoffice.dev.up import SERVER

SHOP, YARDSTICK = "wsgi:app", "backoffice.bench.yardstick:app"
START_S = 120.0
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
_AUTHOR = text(
    "WITH made AS (INSERT INTO user_account (email, password_hash, name, time_zone, session_epoch, created_at)"
    " VALUES ('web-bench@lectern.example', '', 'Bench', 'UTC', 0, :now) RETURNING id)"
    " INSERT INTO user_role (user_id, role, granted_at) SELECT id, 'author', :now FROM made RETURNING user_id"
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens, and the process above its workers."""

    port: int
    pid: int

    def connect(self) -> http.client.HTTPConnection:
        """A connection of a client."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def cpu_s(self) -> float:
        """CPU seconds of all its processes so far."""
        return tree_cpu_s(self.pid)


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser of a signed-in author sends along."""

    user_id: int
    headers: dict[str, str]


@contextmanager
def serving(application: str, folder: Path) -> Iterator[Server]:
    """A server with one of both applications, warm."""
    port = free_port()
    with crew.running((*SERVER, "-b", f"127.0.0.1:{port}", application), YARDSTICK_FOLDER=str(folder)) as (pid,):
        server = Server(port, pid)
        crew.wait_until(lambda: _answers(server), within_s=START_S)
        yield server


def _answers(server: Server) -> bool:
    connection = server.connect()
    try:
        for _worker in range(8):
            connection.request("GET", "/")
            connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def sign_in() -> Session:
    """An author with a session, made here: how to log in is not what is measured."""
    user_id = _make_author()
    client = current_app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = f"{user_id}.0", True
    token = _TOKEN.search(client.get("/").text)
    cookie = client.get_cookie("lectern")
    if token is None or cookie is None:
        raise RuntimeError("the home page gave no session")
    return Session(user_id, {"Cookie": f"lectern={cookie.value}", "X-CSRFToken": token[1]})


@operation
def _make_author() -> int:
    return int(db.session.execute(_AUTHOR, {"now": clock.now()}).scalar_one())
