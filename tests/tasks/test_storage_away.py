"""The storage of products stops answering: files wait, nothing is half there, a later try brings all (T-3, X-5)."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage import s3
from backoffice.integrations.storage.base import StorageAway
from backoffice.integrations.storage.house import part_path, storage, uploads_folder
from backoffice.models.exports import Export, ExportState
from backoffice.models.media import Upload, UploadState
from backoffice.models.outbox import Delivery
from backoffice.operations import exports, uploads
from backoffice.queries.history import Filters
from backoffice.tasks.actors import media
from backoffice.tasks.actors.exports import write_export
from tests.factories.media import Uploader, picture_bytes, video_bytes
from tests.factories.people import Cast
from tests.factories.s3 import S3Server, keep_media_in
from tests.factories.tasks import drain


@pytest.fixture
def server(app: Flask, stoppable_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server that keeps the application's media."""
    keep_media_in(app, stoppable_s3, monkeypatch)
    monkeypatch.setattr(s3, "TELL_EVERY_S", 0)
    return stoppable_s3


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def stored(upload_id: str) -> Upload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)


def error_of(actor: str) -> str:
    delivery = db.session.scalars(select(Delivery).where(Delivery.actor == actor)).one()
    assert delivery.done_at is None
    return delivery.error or ""


def test_x5_products_go_to_the_bucket_and_nowhere_else(app: Flask, server: S3Server, browser: Uploader) -> None:
    upload_id = browser.send(video_bytes())
    drain(app)
    upload = stored(upload_id)
    assert upload.state is UploadState.DONE
    assert upload.asset is not None
    assert set(storage().list("")) == {f"video/{upload_id}/{name}" for name in upload.asset["files"]}
    assert not (settings().var_dir / "media" / "video" / upload_id).exists()
    assert list(uploads_folder().glob(f"{upload_id}*")) == []


def test_t3_a_storage_that_stops_in_the_middle_loses_nothing(
    app: Flask, server: S3Server, browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = browser.send(video_bytes())
    tell = uploads.progress

    def stop_the_server_after_some_files(**arguments: object) -> None:
        tell(**arguments)
        if arguments["percent"] == 100 and len(list(storage().list(""))) == 2:
            server.stop()

    with monkeypatch.context() as broken:
        broken.setattr(uploads, "progress", stop_the_server_after_some_files)
        drain(app)
    upload = stored(upload_id)
    assert (upload.state, upload.asset, upload.lease_until) == (UploadState.UPLOADED, None, None)
    assert "storage.away" in error_of(media.process_upload.name)
    assert {path.name for path in uploads_folder().glob(f"{upload_id}*")} == {f"{upload_id}.part"}

    server.start()
    assert len(list(storage().list(""))) == 2
    media.process_upload(upload_id=upload_id)
    upload = stored(upload_id)
    assert (upload.state, upload.attempt) == (UploadState.DONE, 2)
    assert upload.asset is not None
    assert set(storage().list("")) == {f"video/{upload_id}/{name}" for name in upload.asset["files"]}
    assert not part_path(upload_id).exists()


def test_t3_no_work_is_done_for_a_storage_that_is_away(
    app: Flask, server: S3Server, browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = browser.send(picture_bytes(), kind="image")
    server.stop()
    begun: list[Path] = []
    monkeypatch.setattr(media, "prepare_cover", lambda source, folder: begun.append(source))
    with pytest.raises(StorageAway):
        media.process_upload(upload_id=upload_id)
    assert begun == []
    assert (stored(upload_id).state, stored(upload_id).percent) == (UploadState.UPLOADED, 0)


def test_t3_an_attempt_that_was_overtaken_stops_between_files(
    app: Flask, server: S3Server, browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = browser.send(picture_bytes(), kind="image")
    tell = uploads.progress

    def lose_the_lease_on_the_way(**arguments: object) -> None:
        if len(list(storage().list(""))) == 1:
            arguments = arguments | {"attempt": 99}
        tell(**arguments)

    monkeypatch.setattr(uploads, "progress", lose_the_lease_on_the_way)
    media.process_upload(upload_id=upload_id)
    assert stored(upload_id).state is UploadState.TRANSCODING
    assert len(list(storage().list(""))) == 1


def test_m9_an_export_waits_for_the_storage(app: Flask, server: S3Server, cast: Cast) -> None:
    asked = exports.ask(
        actor=cast.student,
        request_key="key",
        filters=Filters(kind="", status="", since=None, until=None).to_json(),
        locale="en",
        time_zone="UTC",
    )
    server.stop()
    drain(app)
    assert "storage.away" in error_of(write_export.name)
    server.start()
    write_export(export_id=asked.id)
    export = db.session.get_one(Export, asked.id, populate_existing=True)
    assert export.state is ExportState.DONE
    assert list(storage().list("")) == [export.file_key]
