"""kill -9 at random while videos are made: all end done, byte for byte the same, nothing is left lying (T-1 to T-4)."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage.house import storage, uploads_folder
from backoffice.models.media import Upload, UploadState
from backoffice.tasks.actors import media
from tests.conftest import ROOT
from tests.factories.media import Uploader, picture_bytes, video_bytes
from tests.factories.people import make_cast

FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")
COMMANDS = {
    "relay": (*FLASK, "relay"),
    "scheduler": (*FLASK, "scheduler"),
    "worker": (sys.executable, "-m", "dramatiq", "backoffice.tasks.worker:setup", "-p", "1", "-t", "1", "-Q", "media"),
}
PATIENCE_S = 1800


class Crew:
    """Relay, scheduler and a worker of videos, each in a group that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | {
            "DATABASE_URL": settings().database_url,
            "REDIS_URL": settings().redis_url,
            "SECRET_KEY": settings().secret_key,
            "ENVIRONMENT": "test",
            "VAR_DIR": str(settings().var_dir),
            "TASK_LEASE_SECONDS": "5",
            "TASK_ATTEMPTS": "1000",
            "dramatiq_worker_timeout": "100",
        }
        self.running = {name: self.start(name) for name in COMMANDS}

    def start(self, name: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                COMMANDS[name], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        # On several cores x264 plans by how far its other threads have come: now and then a frame differs by a byte.
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        return process

    def kill(self, name: str) -> None:
        os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name].wait()

    def end(self) -> None:
        for name in COMMANDS:
            self.kill(name)


def open_uploads() -> int:
    count = db.session.scalar(select(func.count(Upload.id)).where(Upload.state != UploadState.DONE)) or 0
    db.session.rollback()
    return count


def products(upload: Upload) -> dict[str, str]:
    """Digest of each file that was made, by name."""
    prefix = f"{upload.kind.value}/{upload.id}/"
    return {
        key.removeprefix(prefix): hashlib.sha256(storage().open(key).read()).hexdigest()
        for key in storage().list(prefix.rstrip("/"))
    }


@pytest.mark.soak
def test_t4_a_hundred_files_under_fire(committed_app: Flask, tmp_path: Path) -> None:
    chance = random.Random(4)
    browser = Uploader(committed_app.test_client(), make_cast().owner)
    sources = {
        "short": (video_bytes(3), "video"),
        "long": (video_bytes(12, "640x360"), "video"),
        "upright": (video_bytes(4, "180x320"), "video"),
        "cover": (picture_bytes(), "image"),
    }
    kinds = [kind for kind in sources for _ in range(25)]
    chance.shuffle(kinds)
    sent = {browser.send(sources[kind][0], kind=sources[kind][1], pieces=1): kind for kind in kinds[:25]}
    crew, killed = Crew(tmp_path), Counter[str]()
    deadline = time.monotonic() + PATIENCE_S
    try:
        while (left := open_uploads()) or len(sent) < len(kinds):
            assert time.monotonic() < deadline, f"{left} files are not done"
            # No more on their way than one person may have.
            for kind in kinds[len(sent) : len(sent) + max(0, 20 - left)]:
                sent[browser.send(sources[kind][0], kind=sources[kind][1], pieces=1)] = kind
            time.sleep(chance.uniform(3, 15))
            victim = chance.choice(["worker", "worker", "worker", "relay", "scheduler"])
            crew.kill(victim)
            crew.running[victim] = crew.start(victim)
            killed[victim] += 1
    finally:
        crew.end()
    made: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for upload in db.session.scalars(select(Upload)):
        assert upload.asset is not None
        for name, digest in products(upload).items():
            made[sent[upload.id], name][digest] += 1
    db.session.rollback()
    assert {kind for kind, _ in made} == set(sources)
    assert {file: copies for file, copies in made.items() if list(copies.values()) != [25]} == {}
    media.clear_leftovers()
    assert list(uploads_folder().iterdir()) == []
    assert {key.split("/")[1] for key in storage().list("")} == set(sent)
    assert killed["worker"] >= 5
