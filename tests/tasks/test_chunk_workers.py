"""Real workers share a long video: each takes other chunks, a killed one costs the chunk in its hands (T-2, T-4)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.integrations.storage.house import storage, uploads_folder
from backoffice.models.chunks import Chunk, ChunkKind, ChunkState
from backoffice.models.media import Upload, UploadState
from backoffice.operations import chunks
from tests.conftest import ROOT, redis_url
from tests.factories.media import Uploader, video_bytes
from tests.factories.people import make_cast
from tests.tasks.chunked import pictures

RELAY = (sys.executable, "-m", "flask", "--app", "wsgi", "relay")
WORKER = (sys.executable, "-m", "dramatiq", "backoffice.tasks.worker:setup", "-p", "1", "-t", "1", "-Q", "media")
PATIENCE_SECONDS = 120
SECONDS = 24


@pytest.fixture
def house(committed_app: Flask, tmp_path: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """A relay and two workers of the queue of media; each is a group of processes of its own."""
    committed_app.extensions["lectern.settings"] = replace(settings(), video_rungs="360")
    env = os.environ | {
        "DATABASE_URL": settings().database_url,
        "REDIS_URL": redis_url(),
        "SECRET_KEY": settings().secret_key,
        "ENVIRONMENT": "test",
        "VAR_DIR": str(settings().var_dir),
        "VIDEO_RUNGS": "360",
        "VIDEO_CHUNK_ABOVE_MINUTES": "0",
        "VIDEO_CHUNK_SECONDS": "6",
        "dramatiq_worker_timeout": "100",
        "dramatiq_queue_prefetch": "1",
    }
    processes = []
    for number, command in enumerate((RELAY, WORKER, WORKER)):
        with (tmp_path / f"{number}.log").open("wb") as log:
            processes.append(
                subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
            )
    yield processes
    for process in processes:
        if process.poll() is None:
            kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 of the whole group, and nothing is told to anybody."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def rows() -> list[Chunk]:
    db.session.rollback()
    query = select(Chunk).order_by(Chunk.kind, Chunk.position)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def in_hands() -> set[int]:
    working = (chunk for chunk in rows() if chunk.state is ChunkState.WORKING)
    return {chunk.id for chunk in working if chunk.kind is ChunkKind.PICTURE}


def wait_until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what}: still not so after {PATIENCE_SECONDS} s"
        time.sleep(0.02)


def test_t4_a_killed_worker_costs_one_chunk(committed_app: Flask, house: list["subprocess.Popen[bytes]"]) -> None:
    browser = Uploader(committed_app.test_client(), make_cast().owner)
    upload_id = browser.send(video_bytes(SECONDS, "640x360"))
    wait_until(lambda: len(in_hands()) == 2, "two workers are at two chunks of the picture")
    _relay, victim, other = house
    kill(victim)
    wait_until(lambda: sum(chunk.state is ChunkState.DONE for chunk in rows()) == 4, "the other worker does the rest")
    lost = in_hands()
    assert len(lost) == 1
    with unguarded():
        for chunk in rows():
            if chunk.id in lost:
                chunk.lease_until = clock.now()
        db.session.commit()
    assert chunks.requeue_stuck(actor=SYSTEM) == 1
    wait_until(lambda: db.session.rollback() or state(upload_id) is UploadState.DONE, "the video is done")
    assert {chunk.id: chunk.attempt for chunk in rows()} == {chunk.id: 2 if chunk.id in lost else 1 for chunk in rows()}
    assert pictures(storage().local_path(f"video/{upload_id}/360p.m4s")) == SECONDS * 30
    wait_until(lambda: not list(uploads_folder().iterdir()), "nothing is left lying")
    assert other.poll() is None


def state(upload_id: str) -> UploadState:
    return db.session.scalars(select(Upload.state).where(Upload.id == upload_id)).one()
