"""Uploading by tus, and how far a file is (B-8, T-2, T-5)."""

import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage.house import part_path
from backoffice.models.media import Upload, UploadState
from backoffice.models.outbox import OutboxEvent
from backoffice.outbox import Event
from backoffice.public.media import part_file, upload_routes
from backoffice.public.media.messages import SENTENCES, error_sentence
from tests.factories.media import TUS, Uploader
from tests.factories.people import Cast, make_cast
from tests.factories.tasks import drain

PIECE = b"0123456789"


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


@pytest.fixture
def location(browser: Uploader) -> str:
    """An upload of 30 bytes that was announced."""
    return browser.create(30).headers["Location"]


def id_of(location: str) -> str:
    return location.rsplit("/", 1)[-1]


def stored(upload_id: str) -> Upload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)


def received_events() -> list[str]:
    query = select(OutboxEvent.payload).where(OutboxEvent.name == Event.UPLOAD_RECEIVED.value)
    return [payload["upload_id"] for payload in db.session.scalars(query)]


class Line:
    """The server's end of a connection: `before` happens before each piece that is read, then it is cut."""

    def __init__(self, data: bytes, before: Callable[[], object] = lambda: None) -> None:
        self._rest = io.BytesIO(data)
        self._before = before

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none when the other side has closed."""
        self._before()
        return self._rest.read(size)


class ResetLine(Line):
    """Its other side does not close, it is gone."""

    def read(self, size: int = -1) -> bytes:
        """The next bytes, or the error of the socket."""
        if block := super().read(size):
            return block
        raise ConnectionResetError


def test_what_is_spoken(browser: Uploader) -> None:
    answer = browser.client.options("/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"].split(",") == [
        *("creation", "creation-with-upload", "creation-defer-length"),
        *("checksum", "expiration", "termination", "concatenation"),
    ]
    assert answer.headers["Tus-Max-Size"] == str(settings().max_archive_mb * 1024 * 1024)


def test_a_file_comes_in_pieces(browser: Uploader) -> None:
    made = browser.create(30, filename="лекция 1.mp4")
    assert made.status_code == 201
    location = made.headers["Location"]
    assert "GMT" in made.headers["Upload-Expires"]
    for offset in (0, 10, 20):
        assert browser.offset(location) == offset
        answer = browser.append(location, offset, PIECE)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(offset + 10))
    upload = stored(id_of(location))
    assert (upload.state, upload.offset, upload.filename) == (UploadState.UPLOADED, 30, "лекция 1.mp4")
    assert part_path(upload.id).read_bytes() == 3 * PIECE
    assert received_events() == [upload.id]


def test_t2_the_last_piece_twice_is_harmless(browser: Uploader, location: str) -> None:
    browser.append(location, 0, 3 * PIECE)
    assert browser.offset(location) == 30
    assert browser.append(location, 30, b"").status_code == 204
    assert browser.append(location, 0, PIECE).status_code == 409
    assert received_events() == [id_of(location)]
    assert part_path(id_of(location)).read_bytes() == 3 * PIECE


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Content-Type": "text/plain"}, 415),
        ({"Upload-Offset": "20"}, 409),
        ({"Upload-Offset": "-1"}, 400),
        ({"Upload-Offset": ""}, 400),
    ],
)
def test_a_piece_that_is_refused(browser: Uploader, location: str, changes: dict[str, str], status: int) -> None:
    browser.append(location, 0, PIECE)
    answer = browser.append(location, 10, PIECE, **changes)
    assert answer.status_code == status
    assert not answer.text.startswith("<")
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert browser.offset(location) == 10


def test_more_than_announced_is_refused(browser: Uploader, location: str) -> None:
    assert browser.append(location, 0, 4 * PIECE).status_code == 413
    assert browser.offset(location) == 0


@pytest.mark.parametrize(
    ("size", "kind", "status"),
    [(0, "video", 422), (5120 * 1024 * 1024 + 1, "video", 413), (10, "poem", 400), (10, "", 400)],
)
def test_an_announcement_that_is_refused(browser: Uploader, size: int, kind: str, status: int) -> None:
    answer = browser.create(size, kind=kind)
    assert answer.status_code == status
    assert not answer.text.startswith("<")
    assert db.session.scalars(select(Upload.id)).all() == []


def test_a_full_disk_is_said_before_any_byte_is_sent(browser: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_routes, "SPARE_BYTES", 10**18)
    assert browser.create(10).status_code == 507


def test_broken_metadata_and_version_are_refused(browser: Uploader) -> None:
    broken = browser.client.post("/uploads", headers={**TUS, "Upload-Length": "5", "Upload-Metadata": "kind %%%"})
    assert broken.status_code == 400
    old = browser.client.post("/uploads", headers={"Upload-Length": "5"})
    assert (old.status_code, old.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize("sender", [Line, ResetLine], ids=["closed", "reset"])
def test_what_came_before_the_connection_broke_is_kept(browser: Uploader, location: str, sender: type[Line]) -> None:
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    cut = {"wsgi.input": sender(PIECE), "CONTENT_LENGTH": "30"}
    assert browser.client.patch(location, headers=headers, environ_overrides=cut).status_code == 400
    assert browser.offset(location) == 10
    assert stored(id_of(location)).offset == 10
    assert browser.append(location, 10, 2 * PIECE).status_code == 204
    assert stored(id_of(location)).state is UploadState.UPLOADED
    assert part_path(id_of(location)).read_bytes() == 3 * PIECE


def test_the_file_is_the_truth_after_a_crash(browser: Uploader, location: str) -> None:
    browser.append(location, 0, PIECE)
    with part_path(id_of(location)).open("ab") as handle:
        handle.write(b"never")
    assert stored(id_of(location)).offset == 10
    assert browser.offset(location) == 15
    assert browser.append(location, 15, PIECE).status_code == 204
    assert stored(id_of(location)).offset == 25


def test_two_senders_at_once(browser: Uploader, location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_file, "LOCK_WAIT_S", 0.1)
    with part_file.writing(id_of(location)):
        assert browser.append(location, 0, PIECE).status_code == 423
        assert browser.client.delete(location, headers=TUS).status_code == 423
    assert browser.append(location, 0, PIECE).status_code == 204
    assert browser.append(location, 0, PIECE).status_code == 409
    assert browser.offset(location) == 10


def test_a_dead_line_does_not_shut_out_the_next(app: Flask, browser: Uploader, cast: Cast, location: str) -> None:
    other = Uploader(app.test_client(), cast.owner)

    def go_on() -> None:
        assert other.append(location, 0, 2 * PIECE).status_code == 204

    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    slow = {"wsgi.input": Line(b"x" * 10, go_on), "CONTENT_LENGTH": "10"}
    assert browser.client.patch(location, headers=headers, environ_overrides=slow).status_code == 409
    assert part_path(id_of(location)).read_bytes() == 2 * PIECE
    assert browser.append(location, 20, PIECE).status_code == 204
    assert stored(id_of(location)).state is UploadState.UPLOADED


def test_cancelled_while_a_piece_comes_in(app: Flask, browser: Uploader, cast: Cast, location: str) -> None:
    other = Uploader(app.test_client(), cast.owner)

    def cancel() -> None:
        assert other.client.delete(location, headers=TUS).status_code == 204

    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    slow = {"wsgi.input": Line(PIECE, cancel), "CONTENT_LENGTH": "10"}
    assert browser.client.patch(location, headers=headers, environ_overrides=slow).status_code == 404
    assert not part_path(id_of(location)).exists()


def test_t1_a_crash_after_the_last_byte_is_made_good_by_asking(browser: Uploader, location: str) -> None:
    part_path(id_of(location)).write_bytes(3 * PIECE)
    assert stored(id_of(location)).state is UploadState.RECEIVING
    assert browser.offset(location) == 30
    assert stored(id_of(location)).state is UploadState.UPLOADED
    assert received_events() == [id_of(location)]


def test_b8_nobody_else_sees_it(browser: Uploader, app: Flask, cast: Cast, location: str) -> None:
    for person in (cast.other_author, cast.student, cast.moderator):
        other = Uploader(app.test_client(), person)
        assert other.client.head(location, headers=TUS).status_code == 404
        assert other.append(location, 0, PIECE).status_code == 404
        assert other.client.delete(location, headers=TUS).status_code == 404
    assert Uploader(app.test_client(), cast.other_author).client.get(f"{location}/state").status_code == 404
    assert Uploader(app.test_client(), cast.other_author).client.post(f"{location}/retry").status_code == 404
    assert Uploader(app.test_client(), cast.moderator).client.get(f"{location}/state").status_code == 200
    assert Uploader(app.test_client(), cast.student).create(10).status_code == 403
    visitor = app.test_client()
    assert visitor.head(location, headers=TUS).status_code == 401
    assert visitor.post("/uploads", headers={**TUS, "Upload-Length": "1"}).status_code == 401
    assert browser.offset(location) == 0


def test_cancelling_forgets_the_bytes(browser: Uploader, location: str) -> None:
    browser.append(location, 0, PIECE)
    assert browser.client.delete(location, headers=TUS).status_code == 204
    assert browser.client.head(location, headers=TUS).status_code == 404
    assert browser.append(location, 10, PIECE).status_code == 404
    assert not part_path(id_of(location)).exists()


def test_a_received_file_cannot_be_cancelled(browser: Uploader, location: str) -> None:
    browser.append(location, 0, 3 * PIECE)
    assert browser.client.delete(location, headers=TUS).status_code == 409
    assert part_path(id_of(location)).exists()


def test_time_runs_out(browser: Uploader, location: str) -> None:
    browser.append(location, 0, PIECE)
    with clock.at(stored(id_of(location)).expires_at):
        assert browser.client.head(location, headers=TUS).status_code == 410
        assert browser.append(location, 10, PIECE).status_code == 410
        assert browser.client.delete(location, headers=TUS).status_code == 204


def test_t5_the_state_asks_again_until_it_is_over(app: Flask, browser: Uploader, location: str) -> None:
    browser.append(location, 0, PIECE)
    page = browser.client.get(f"{location}/state").text
    assert "data-poll" in page
    assert "33" in page
    browser.append(location, 10, 2 * PIECE)
    assert "data-poll" in browser.client.get(f"{location}/state").text
    drain(app)
    page = browser.client.get(f"{location}/state").text
    assert "data-poll" not in page
    assert str(error_sentence("not_a_video")) in page
    assert f'action="{location}/retry"' in page

    answer = browser.client.post(f"{location}/retry", data={"next": "/studio"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/studio")
    assert stored(id_of(location)).state is UploadState.UPLOADED
    drain(app)
    page = browser.client.post(f"{location}/retry", headers={"HX-Request": "true"}).text
    assert "data-poll" in page


def test_every_code_has_a_sentence_of_its_own() -> None:
    assert error_sentence(None) == ""
    assert str(error_sentence("new_code"))
    assert all(re.fullmatch(r"[A-Z].*\.", str(sentence)) for sentence in SENTENCES.values())


def test_a_slow_sender_holds_no_connection_of_the_pool(committed_app: Flask) -> None:
    browser = Uploader(committed_app.test_client(), make_cast().owner)
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    held: list[int] = []
    slow = {"wsgi.input": Line(PIECE, lambda: held.append(db.engine.pool.checkedout())), "CONTENT_LENGTH": "10"}
    location = browser.create(10).headers["Location"]
    assert browser.client.patch(location, headers=headers, environ_overrides=slow).status_code == 204
    assert set(held) == {0}
