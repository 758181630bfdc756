"""`flask storage migrate` brings all of the folder into a bucket, however often it is stopped (X-5)."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from backoffice.config import settings
from backoffice.integrations.storage import s3
from backoffice.integrations.storage.base import Storage
from backoffice.integrations.storage.house import local_storage, s3_storage
from tests.conftest import ROOT
from tests.factories.s3 import BUCKET, KEYS, S3Server

KILLED_WITHIN_S = 60
# What the command does, without the start of the whole application.
MOVER = f"""
import sys
from pathlib import Path
from backoffice.integrations.storage.local import LocalStorage
from backoffice.integrations.storage.moving import move
from backoffice.integrations.storage.s3 import S3Storage
folder, server, prefix = sys.argv[1:]
list(move(LocalStorage(Path(folder)), S3Storage("{BUCKET}", endpoint_url=server, prefix=prefix)))
"""


@pytest.fixture
def house(app: Flask, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with its media in a folder of its own, and a bucket to move to."""
    return with_settings(app, monkeypatch, s3_server, tmp_path)


def with_settings(app: Flask, monkeypatch: pytest.MonkeyPatch, server: S3Server, tmp_path: Path) -> Flask:
    bucket = {"s3_bucket": BUCKET, "s3_endpoint_url": server.url, "s3_prefix": f"moved/{tmp_path.name}".lower()}
    chosen = replace(app.extensions["lectern.settings"], var_dir=tmp_path / "var", **bucket)
    monkeypatch.setitem(app.extensions, "lectern.settings", chosen)
    return app


def migrate(app: Flask) -> Result:
    return app.test_cli_runner().invoke(args=["storage", "migrate"])


def both() -> tuple[Storage, Storage]:
    return local_storage(settings()), s3_storage(settings())


def fill(folder: Storage, videos: int = 4) -> dict[str, bytes]:
    """Objects of many sizes."""
    chance, made = random.Random(3), {}
    for video in range(videos):
        for name in ("360p.m4s", "360p.m3u8", "master.m3u8"):
            made[f"video/{video:032x}/{name}"] = chance.randbytes(chance.choice([0, 1, 100, 70_000]))
    made["export/1.csv"] = b"a,b"
    for key, data in made.items():
        folder.put_bytes(key, data)
    return made


def contents(kept: Storage) -> dict[str, bytes]:
    found = {}
    for key in kept.list(""):
        with kept.open(key) as file:
            found[key] = file.read()
    return found


def test_x5_all_of_the_folder_is_in_the_bucket_afterwards(house: Flask) -> None:
    folder, bucket = both()
    made = fill(folder)
    result = migrate(house)
    assert result.exit_code == 0, result.output
    assert contents(bucket) == contents(folder) == made
    assert "13 of 13 objects" in result.output
    assert "13 sent now" in result.output
    assert "Now set STORAGE=s3 for all processes" in result.output


def test_x5_once_more_sends_what_is_new_and_nothing_else(house: Flask) -> None:
    folder, bucket = both()
    fill(folder)
    migrate(house)
    before = {found.key: found.modified_at for found in bucket.scan("")}
    assert "0 sent now" in migrate(house).output
    folder.put_bytes("video/ff/poster.jpg", b"finished meanwhile")
    assert "1 sent now" in migrate(house).output
    after = {found.key: found.modified_at for found in bucket.scan("")}
    assert {key: after[key] for key in before} == before
    assert contents(bucket) == contents(folder)


def test_x5_an_object_of_another_size_is_replaced_by_the_later_one(house: Flask) -> None:
    folder, bucket = both()
    bucket.put_bytes("export/1.csv", b"of an earlier try")
    folder.put_bytes("export/2.csv", b"before the house moved")
    # Buckets tell times in whole seconds.
    time.sleep(1.1)
    folder.put_bytes("export/1.csv", b"whole")
    bucket.put_bytes("export/2.csv", b"made in the bucket")
    bucket.put_bytes("export/3.csv", b"made there alone")
    result = migrate(house)
    assert result.exit_code == 0, result.output
    assert contents(bucket) == {
        "export/1.csv": b"whole",
        "export/2.csv": b"made in the bucket",
        "export/3.csv": b"made there alone",
    }


def test_x5_a_server_that_stops_is_said_and_the_move_goes_on_later(
    app: Flask, stoppable_s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(app, monkeypatch, stoppable_s3, tmp_path)
    folder, bucket = both()
    made = fill(folder)
    put, sent = s3.S3Storage.put_file, 0

    def stop_after_five(self: s3.S3Storage, key: str, path: Path) -> None:
        nonlocal sent
        if sent == 5:
            stoppable_s3.stop()
        put(self, key, path)
        sent += 1

    with monkeypatch.context() as broken:
        broken.setattr(s3.S3Storage, "put_file", stop_after_five)
        result = migrate(app)
    assert result.exit_code == 1
    assert "the storage does not answer" in result.output
    assert "Run this again" in result.output
    stoppable_s3.start()
    result = migrate(app)
    assert f"{len(made) - 5} sent now" in result.output
    assert (result.exit_code, contents(bucket)) == (0, made)


def test_x5_a_move_that_is_killed_goes_on_where_it_was(house: Flask, tmp_path: Path) -> None:
    folder, bucket = both()
    made = fill(folder, videos=30)
    chosen = settings()
    argv = [sys.executable, "-c", MOVER, str(chosen.var_dir / "media"), chosen.s3_endpoint_url, chosen.s3_prefix]
    mover = subprocess.Popen(argv, cwd=ROOT, env=os.environ | KEYS)
    until = time.monotonic() + KILLED_WITHIN_S
    while sum(1 for _ in bucket.list("")) < 10:
        assert mover.poll() is None
        assert time.monotonic() < until
    mover.send_signal(signal.SIGKILL)
    mover.wait()
    there = sum(1 for _ in bucket.list(""))
    assert 10 <= there < len(made)
    assert f"{len(made) - there} sent now" in migrate(house).output
    assert contents(bucket) == made


def test_x5_a_move_needs_a_bucket(app: Flask) -> None:
    result = migrate(app)
    assert result.exit_code == 1
    assert "S3_BUCKET must name the bucket" in result.output
