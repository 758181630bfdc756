"""The browser's own tus library against a real server: CSRF, pieces, a cut line, parts, no length (T-5)."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage.house import part_path
from backoffice.models.media import Upload, UploadState
from tests.conftest import ROOT
from tests.factories.people import log_in, make_cast

SIZE = 5 * 1024 * 1024 + 17
SCRIPT = Path(__file__).with_name("tus_client.cjs")


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application under gunicorn on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "REDIS_URL": settings().redis_url,
        "SECRET_KEY": settings().secret_key,
        "VAR_DIR": str(settings().var_dir),
        "ENVIRONMENT": "test",
    }
    arguments = [
        "--no-control-socket",
        "--bind",
        f"127.0.0.1:{port}",
        "--worker-class",
        "gthread",
        "--threads",
        "4",
        "wsgi:app",
    ]
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", *arguments], cwd=ROOT, env=environ)
    try:
        _wait(server, f"http://127.0.0.1:{port}/login")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(server: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urlopen(address, timeout=10).close()  # noqa: S310 - our own address
        except OSError:
            assert server.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        else:
            return


@pytest.mark.skipif(
    not (shutil.which("node") and (ROOT / "node_modules" / "tus-js-client").is_dir()),
    reason="node or tus-js-client is not installed: the real client is not tried",
)
def test_tus_js_client_sends_a_file_over_a_cut_line_over_three_lines_and_without_a_length(committed_app: Flask) -> None:
    client = log_in(committed_app.test_client(), make_cast().owner)
    with client.session_transaction() as session:
        session["csrf_token"] = "of this browser"
    cookie = client.get_cookie("lectern")
    assert cookie is not None
    token = URLSafeTimedSerializer(settings().secret_key, salt="wtf-csrf-token").dumps("of this browser")

    with served(committed_app) as address:

        def run(token: str, way: str) -> subprocess.CompletedProcess[str]:
            arguments = ["node", str(SCRIPT), f"{address}/uploads", cookie.value, str(SIZE), "video", token, way]
            return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=120)

        refused = run("forged", "cut")
        sent = [run(token, way) for way in ("cut", "parallel", "deferred")]

    assert refused.returncode == 1
    assert [one.returncode for one in sent] == [0, 0, 0], [one.stderr for one in sent]
    db.session.rollback()
    # Nothing is left of the parts.
    uploads = {upload.id: upload for upload in db.session.scalars(select(Upload))}
    assert sorted(uploads) == sorted(one.stdout.strip().rpartition("/uploads/")[2] for one in sent)
    assert sorted(len(upload.parts or ()) for upload in uploads.values()) == [0, 0, 3]
    for upload in uploads.values():
        assert (upload.state, upload.offset, upload.filename) == (UploadState.UPLOADED, SIZE, "лекция.mp4")
        assert part_path(upload.id).read_bytes() == (b"tus " * SIZE)[:SIZE]
