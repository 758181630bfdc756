"""Workers that are killed while they take an archive in (T-2, T-4)."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.integrations.storage.house import part_path, uploads_folder
from backoffice.models.courses import Course
from backoffice.models.media import Upload, UploadState
from backoffice.operations import uploads
from backoffice.tasks.actors import archives, media
from tests.conftest import ROOT
from tests.factories.archives import received, stored, text_of, with_media, zipped
from tests.factories.people import make_cast

FILM = b"a film that nobody has looked at yet " * 100_000
# Copies by so small pieces that it can be killed in the middle.
WORKER = """
import sys
from backoffice.app import create_app
from backoffice.integrations.archives import zips
from backoffice.tasks.actors import archives
zips.BLOCK_BYTES, archives.TELL_EVERY_S = 1024, 0
with create_app().app_context():
    archives.import_course(upload_id=sys.argv[1])
"""


def test_t4_a_worker_killed_while_copying_is_replaced(committed_app: Flask, tmp_path: Path) -> None:
    text, files = with_media(text_of(), video=FILM)
    upload_id = received(make_cast().owner, zipped(text, files))
    environ = os.environ | {
        "DATABASE_URL": committed_app.config["SQLALCHEMY_DATABASE_URI"],
        "REDIS_URL": settings().redis_url,
        "SECRET_KEY": settings().secret_key,
        "VAR_DIR": str(tmp_path),
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER, upload_id], cwd=ROOT, env=environ)
    try:
        until = time.monotonic() + 60
        while stored(upload_id).percent < 2:
            assert worker.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert stored(upload_id).state is UploadState.TRANSCODING
    half = db.session.scalars(select(Upload.id).where(Upload.archive_id == upload_id)).one()
    assert 0 < part_path(half).stat().st_size < len(FILM)
    assert db.session.scalar(select(func.count(Course.id))) == 0
    with unguarded():
        stored(upload_id).lease_until = clock.now()
        db.session.commit()

    assert uploads.requeue_stuck(actor=SYSTEM) == 1
    archives.import_course(upload_id=upload_id)

    assert (stored(upload_id).state, stored(upload_id).attempt) == (UploadState.DONE, 2)
    assert db.session.scalar(select(func.count(Course.id))) == 1
    film = db.session.scalars(select(Upload).where(Upload.archive_id == upload_id)).one()
    assert (film.id != half, film.state) == (True, UploadState.UPLOADED)
    assert part_path(film.id).read_bytes() == FILM
    media.clear_leftovers()
    assert [path.name for path in uploads_folder().iterdir()] == [f"{film.id}.part"]
