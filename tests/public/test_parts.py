"""Uploads past the application: signed parts, what the bucket says is what counts, strangers stay out (X-5, T-5)."""

import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backoffice import clock
from backoffice.access import Actor
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage import parts as parts_module
from backoffice.integrations.storage.base import INCOMING
from backoffice.integrations.storage.house import part_path, parts, storage
from backoffice.models.media import Upload, UploadState
from backoffice.operations import uploads
from backoffice.public.media import parts_routes
from backoffice.tasks import originals
from backoffice.tasks.actors import media
from tests.factories.media import picture_bytes, video_bytes
from tests.factories.people import Cast, log_in
from tests.factories.s3 import S3Server, keep_media_in
from tests.factories.tasks import drain

PART = 64 * 1024


class Sender:
    """A logged-in browser that sends files as parts-upload.js does."""

    def __init__(self, client: FlaskClient, actor: Actor) -> None:
        self.client = log_in(client, actor)

    def begin(self, size: int, *, kind: str = "video", filename: str = "lecture.mp4") -> str:
        """Announce a file; its address."""
        answer = self.client.post("/uploads/in-parts", json={"filename": filename, "kind": kind, "size": size})
        assert answer.status_code == 201, answer.text
        return str(answer.json["url"])

    def ask(self, url: str) -> TestResponse:
        return self.client.get(f"{url}/parts")

    def send_next(self, url: str, data: bytes, most: int = 99) -> int:
        """Put the parts that are asked for next, `most` of them; returns how many bytes had come before."""
        answer = self.ask(url)
        assert answer.status_code == 200, answer.text
        for part in answer.json["parts"][:most]:
            assert put(part["link"], data[part["start"] : part["end"]]) == 200
        return int(answer.json["sent"])

    def send(self, data: bytes, *, kind: str = "video") -> str:
        """The whole way; the upload's id."""
        url = self.begin(len(data), kind=kind)
        while self.send_next(url, data) < len(data):
            pass
        answer = self.client.post(f"{url}/complete")
        assert answer.status_code == 204, answer.text
        return url.rsplit("/", 1)[-1]


def put(link: str, data: bytes) -> int:
    request = urllib.request.Request(  # noqa: S310 (this machine)
        link, data=data, method="PUT", headers={"Content-Type": "application/octet-stream"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def house(app_with_s3: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with its media in a bucket that takes small parts."""
    monkeypatch.setattr(parts_module, "LEAST_PART_BYTES", PART)
    return app_with_s3


@pytest.fixture
def sender(house: Flask, client: FlaskClient, cast: Cast) -> Sender:
    return Sender(client, cast.owner)


def stored(upload_id: str) -> Upload | None:
    db.session.rollback()
    return db.session.get(Upload, upload_id, populate_existing=True)


def incoming() -> list[str]:
    """Ids of what lies in the bucket or is on its way there."""
    bucket = parts()
    assert bucket is not None
    return [key.removeprefix(f"{INCOMING}/") for key in (*storage().list(INCOMING), *bucket.begun(INCOMING))]


def test_x5_a_video_in_parts_becomes_a_lecture_and_leaves_nothing(house: Flask, sender: Sender) -> None:
    data = video_bytes()
    assert len(data) > 2 * PART
    upload_id = sender.send(data)
    upload = stored(upload_id)
    assert upload is not None
    assert (upload.state, upload.offset) == (UploadState.UPLOADED, len(data))
    assert storage().open(f"{INCOMING}/{upload_id}").read() == data
    assert not part_path(upload_id).exists()
    drain(house)
    upload = stored(upload_id)
    assert upload is not None
    assert (upload.state, upload.error_code, upload.duration_s) == (UploadState.DONE, None, 3)
    assert originals.clear_incoming() == 1
    assert incoming() == []
    assert not part_path(upload_id).exists()


def test_x5_a_file_goes_on_where_the_bucket_has_it(
    house: Flask, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_routes, "LINKS_AT_ONCE", 2)
    data = bytes(range(256)) * (5 * PART // 256) + b"the rest"
    url = sender.begin(len(data))
    assert len(sender.ask(url).json["parts"]) == 2
    sender.send_next(url, data, most=1)
    # The tab was closed here; another one asks again.
    assert sender.send_next(url, data) == PART
    upload = stored(url.rsplit("/", 1)[-1])
    assert upload is not None
    assert upload.offset == PART
    for expected in (3 * PART, 5 * PART, len(data)):
        assert sender.send_next(url, data) == expected
    assert sender.client.post(f"{url}/complete").status_code == 204
    assert storage().open(f"{INCOMING}/{upload.id}").read() == data
    # Once more, as after a lost answer.
    assert sender.client.post(f"{url}/complete").status_code == 204
    assert sender.ask(url).json == {"sent": len(data), "parts": []}


def test_x5_what_is_not_all_there_is_not_taken(house: Flask, sender: Sender) -> None:
    data = b"x" * (2 * PART + 1)
    url = sender.begin(len(data))
    assert sender.client.post(f"{url}/complete").status_code == 409
    sender.send_next(url, data, most=2)
    assert sender.client.post(f"{url}/complete").status_code == 409
    upload = stored(url.rsplit("/", 1)[-1])
    assert upload is not None
    assert upload.state is UploadState.RECEIVING
    sender.send_next(url, data)
    assert sender.client.post(f"{url}/complete").status_code == 204


def test_x5_a_link_takes_its_own_part_and_nothing_larger(house: Flask, sender: Sender) -> None:
    url = sender.begin(PART + 10)
    first, second = sender.ask(url).json["parts"]
    assert put(first["link"], b"x" * (PART + 1)) == 403
    assert put(second["link"], b"x" * PART) == 403
    assert put(first["link"].replace("partNumber=1", "partNumber=7"), b"x" * PART) == 403
    assert put(first["link"].replace(INCOMING, "video"), b"x" * PART) == 403
    assert sender.ask(url).json["sent"] == 0


def test_x5_strangers_and_visitors_are_kept_out(house: Flask, sender: Sender, cast: Cast) -> None:
    url = sender.begin(PART)
    for actor in (cast.other_author, cast.student, cast.moderator):
        stranger = log_in(house.test_client(), actor)
        assert stranger.get(f"{url}/parts").status_code == 404
        assert stranger.post(f"{url}/complete").status_code == 404
        assert stranger.delete(f"{url}/parts").status_code == 404
    assert house.test_client().post("/uploads/in-parts", json={}).status_code == 401
    student = log_in(house.test_client(), cast.student)
    announced = {"filename": "a.mp4", "kind": "video", "size": 5}
    assert student.post("/uploads/in-parts", json=announced).status_code == 403
    assert incoming() == [url.rsplit("/", 1)[-1]]


@pytest.mark.parametrize(
    ("announced", "status"),
    [
        ({"filename": "a.mp4", "kind": "video", "size": 0}, 422),
        ({"filename": "a.mp4", "kind": "video", "size": -1}, 422),
        ({"filename": "a.mp4", "kind": "video", "size": 6000 * 1024 * 1024}, 422),
        ({"filename": "a.mp4", "kind": "video", "size": 10**30}, 400),
        ({"filename": "a.mp4", "kind": "video", "size": True}, 400),
        ({"filename": "a.mp4", "kind": "video", "size": 1.5}, 400),
        ({"filename": "a.mp4", "kind": "program", "size": 1}, 400),
        ({"filename": 7, "kind": "video", "size": 1}, 400),
        ({"kind": "video", "size": 1}, 400),
        (["video"], 400),
        ("video", 400),
        (None, 415),
    ],
)
def test_x5_senseless_announcements_are_refused(sender: Sender, announced: object, status: int) -> None:
    assert sender.client.post("/uploads/in-parts", json=announced).status_code == status
    assert incoming() == []


def test_x5_a_cancelled_file_is_gone_from_the_bucket(house: Flask, sender: Sender) -> None:
    data = b"x" * (PART + 1)
    url = sender.begin(len(data))
    sender.send_next(url, data)
    assert sender.client.delete(f"{url}/parts").status_code == 204
    assert (stored(url.rsplit("/", 1)[-1]), incoming()) == (None, [])
    assert sender.ask(url).status_code == 404


def test_x5_a_bucket_that_is_away_takes_no_announcement(
    app: Flask, stoppable_s3: S3Server, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_media_in(app, stoppable_s3, monkeypatch)
    sender = Sender(app.test_client(), cast.owner)
    stoppable_s3.stop()
    announced = {"filename": "a.mp4", "kind": "video", "size": 5}
    answer = sender.client.post("/uploads/in-parts", json=announced)
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    db.session.rollback()
    assert db.session.query(Upload).count() == 0


def test_x5_an_application_that_stopped_before_it_recorded_the_end_catches_up(
    house: Flask, sender: Sender, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = picture_bytes()
    url = sender.begin(len(data), kind="image")
    while sender.send_next(url, data) < len(data):
        pass
    with monkeypatch.context() as broken:

        def die(**_arguments: object) -> None:
            raise SystemExit

        broken.setattr(uploads, "receive", die)
        with pytest.raises(SystemExit):
            sender.client.post(f"{url}/complete")
    assert sender.ask(url).json == {"sent": len(data), "parts": []}
    assert sender.client.post(f"{url}/complete").status_code == 204
    drain(house)
    upload = stored(url.rsplit("/", 1)[-1])
    assert upload is not None
    assert upload.state is UploadState.DONE


def test_t4_what_came_for_nobody_is_cleared_away(house: Flask, sender: Sender) -> None:
    begun, waiting = sender.begin(PART).rsplit("/", 1)[-1], sender.send(picture_bytes(), kind="image")
    failed = sender.send(b"no picture at all", kind="image")
    media.process_upload(upload_id=failed)
    storage().put_bytes(f"{INCOMING}/{'0' * 32}", b"nobody's")
    bucket = parts()
    assert bucket is not None
    bucket.begin(f"{INCOMING}/{'1' * 32}")
    assert originals.clear_incoming() == 2
    assert set(incoming()) == {begun, waiting, failed}
    with clock.at(clock.now() + timedelta(hours=settings().upload_hours + 1)):
        assert media.expire_unfinished() == 1
        assert originals.clear_incoming() == 2
    assert incoming() == [waiting]


def test_t3_a_failed_file_is_tried_again_from_the_bucket(
    house: Flask, sender: Sender, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = sender.send(picture_bytes(), kind="image")
    with monkeypatch.context() as broken:

        def refuse(*_: object, **__: object) -> None:
            raise media.ImageRefused("too_heavy", "")

        broken.setattr(media, "prepare_cover", refuse)
        drain(house)
    upload = stored(upload_id)
    assert upload is not None
    assert upload.state is UploadState.FAILED
    # Another worker, on another machine.
    part_path(upload_id).unlink(missing_ok=True)
    uploads.retry(actor=cast.owner, upload_id=upload_id)
    drain(house)
    upload = stored(upload_id)
    assert upload is not None
    assert upload.state is UploadState.DONE


def test_x5_a_house_with_a_folder_takes_no_parts(client: FlaskClient, cast: Cast) -> None:
    announced = {"filename": "a.mp4", "kind": "video", "size": 5}
    assert log_in(client, cast.owner).post("/uploads/in-parts", json=announced).status_code == 400
    assert originals.clear_incoming() == 0
