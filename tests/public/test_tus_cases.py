"""What tus 1.0 asks of a server, case by case: creation, pieces, lengths told later, parts, ends (T-5).

The cases are those that the reference server tries on itself.
"""

from base64 import b64encode
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.integrations.storage.house import part_path
from backoffice.models.media import Upload, UploadState
from backoffice.operations import users
from backoffice.operations.quotas import MIB
from backoffice.public.media import part_file
from tests.factories.media import TUS, Uploader
from tests.factories.people import Cast
from tests.public.test_uploads import PIECE, id_of, received_events, stored

KIND = "kind " + b64encode(b"video").decode()
CHUNK = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def post(browser: Uploader, data: bytes = b"", **headers: str) -> TestResponse:
    """Announce with these headers, their dashes written as underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.client.post("/uploads", headers=TUS | {"Upload-Metadata": KIND} | named, data=data)


def head(browser: Uploader, location: str) -> TestResponse:
    return browser.client.head(location, headers=TUS)


def deferred(browser: Uploader) -> str:
    return post(browser, Upload_Defer_Length="1").headers["Location"]


def part(browser: Uploader, data: bytes, size: int | None = None) -> str:
    """A part of so many bytes of which these have come."""
    made = browser.client.post(
        "/uploads", headers=TUS | {"Upload-Concat": "partial", "Upload-Length": str(size or len(data))}
    )
    location = made.headers["Location"]
    assert browser.append(location, 0, data).status_code == 204
    return location


def put_together(browser: Uploader, *locations: str, **headers: str) -> TestResponse:
    return post(browser, Upload_Concat=f"final;{' '.join(locations)}", **headers)


def rows() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Upload.id))) or 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload_Length": "-5"},
        {"Upload_Length": "five"},
        {"Upload_Length": "5", "Upload_Defer_Length": "1"},
        {"Upload_Defer_Length": "0"},
        {"Upload_Defer_Length": "bad"},
        {"Upload_Length": "5", "Upload_Concat": "all"},
        {"Upload_Defer_Length": "1", "Upload_Concat": "partial"},
        {"Upload_Length": "5", "Upload_Metadata": "kind " + "A" * 5000},
        {"Upload_Length": "5", "Upload_Metadata": ""},
    ],
)
def test_an_announcement_that_says_nothing_sensible(browser: Uploader, headers: dict[str, str]) -> None:
    answer = post(browser, **headers)
    assert answer.status_code == 400
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert rows() == 0


def test_what_a_file_was_announced_with_is_told_again(browser: Uploader) -> None:
    sent = f"{KIND},filename {b64encode('лекция.mp4'.encode()).decode()},empty"
    location = post(browser, Upload_Length="30", Upload_Metadata=sent).headers["Location"]
    answer = head(browser, location)
    assert answer.headers["Upload-Metadata"] == sent
    assert answer.headers["Upload-Length"] == "30"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Upload-Concat" not in answer.headers
    assert answer.data == b""


def test_refusals_of_the_house_speak_tus_too(browser: Uploader) -> None:
    for answer in (head(browser, "/uploads/" + "0" * 32), browser.append("/uploads/no", 0, PIECE)):
        assert (answer.status_code, answer.headers["Tus-Resumable"]) == (404, "1.0.0")


def test_a_piece_of_nothing_is_harmless(browser: Uploader) -> None:
    location = browser.create(30).headers["Location"]
    assert browser.append(location, 0, b"").status_code == 204
    assert browser.append(location, 0, 3 * PIECE).status_code == 204
    assert received_events() == [id_of(location)]


def test_methods_come_in_disguise(browser: Uploader) -> None:
    location = browser.create(20).headers["Location"]

    def disguised(method: str, data: bytes = b"", **headers: str) -> TestResponse:
        return browser.client.post(location, headers=TUS | headers | {"X-HTTP-Method-Override": method}, data=data)

    assert disguised("PATCH", PIECE, **{"Upload-Offset": "0"}, **CHUNK).status_code == 204
    assert disguised("HEAD").headers["Upload-Offset"] == "10"
    assert disguised("GET").status_code == 405
    assert disguised("DELETE").status_code == 204
    assert disguised("PATCH", PIECE, **{"Upload-Offset": "10"}, **CHUNK).status_code == 404


def test_t5_a_length_is_told_with_the_first_piece(browser: Uploader) -> None:
    location = deferred(browser)
    answer = head(browser, location)
    assert (answer.headers["Upload-Defer-Length"], answer.headers["Upload-Offset"]) == ("1", "0")
    assert "Upload-Length" not in answer.headers
    assert browser.append(location, 0, PIECE, **{"Upload-Length": "30"}).status_code == 204
    assert head(browser, location).headers["Upload-Length"] == "30"
    assert browser.append(location, 10, 2 * PIECE, **{"Upload-Length": "30"}).status_code == 204
    assert stored(id_of(location)).state is UploadState.UPLOADED
    assert received_events() == [id_of(location)]


def test_t5_a_length_is_told_with_the_last_piece_or_after_it(browser: Uploader) -> None:
    first, second = deferred(browser), deferred(browser)
    assert browser.append(first, 0, PIECE).status_code == 204
    assert browser.append(first, 10, PIECE, **{"Upload-Length": "20"}).status_code == 204
    assert browser.append(second, 0, 2 * PIECE).status_code == 204
    assert stored(id_of(second)).state is UploadState.RECEIVING
    assert browser.append(second, 20, b"", **{"Upload-Length": "20"}).status_code == 204
    for location in (first, second):
        assert stored(id_of(location)).state is UploadState.UPLOADED
        assert part_path(id_of(location)).read_bytes() == 2 * PIECE


@pytest.mark.parametrize(("length", "status"), [("9", 413), ("99999999999", 413), ("0", 422), ("-1", 400), ("", 400)])
def test_a_length_that_cannot_be(browser: Uploader, length: str, status: int) -> None:
    location = deferred(browser)
    browser.append(location, 0, PIECE)
    assert browser.append(location, 10, PIECE, **{"Upload-Length": length}).status_code == status
    assert head(browser, location).headers["Upload-Defer-Length"] == "1"
    assert browser.offset(location) == 10


def test_a_length_is_told_once(browser: Uploader) -> None:
    location = deferred(browser)
    browser.append(location, 0, PIECE, **{"Upload-Length": "30"})
    assert browser.append(location, 10, PIECE, **{"Upload-Length": "40"}).status_code == 400
    known = browser.create(30).headers["Location"]
    assert browser.append(known, 0, PIECE, **{"Upload-Length": "40"}).status_code == 400
    assert browser.append(known, 0, PIECE, **{"Upload-Length": "30"}).status_code == 204


def test_x5_without_a_length_no_more_comes_than_there_is_room_for(browser: Uploader, cast: Cast) -> None:
    users.set_quota(actor=cast.admin, user_id=cast.owner.person_id, quota_mb=1)
    location = deferred(browser)
    assert browser.append(location, 0, bytes(MIB)).status_code == 204
    assert browser.append(location, MIB, PIECE).status_code == 413
    assert post(browser, Upload_Defer_Length="1").status_code == 413
    assert browser.create(1).status_code == 413
    assert browser.append(location, MIB, b"", **{"Upload-Length": str(MIB)}).status_code == 204


def test_first_bytes_come_with_an_announcement_without_length(browser: Uploader) -> None:
    made = post(browser, PIECE, Upload_Defer_Length="1", **CHUNK)
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "10")


def test_t5_parts_become_one_file_in_their_order(browser: Uploader) -> None:
    parts = [part(browser, bytes([letter]) * 10) for letter in b"abc"]
    answer = head(browser, parts[0])
    assert (answer.headers["Upload-Concat"], answer.headers["Upload-Offset"]) == ("partial", "10")
    assert received_events() == []
    made = put_together(browser, parts[2], f"http://localhost{parts[0]}", parts[1])
    assert made.status_code == 201
    upload_id = id_of(made.headers["Location"])
    assert part_path(upload_id).read_bytes() == b"c" * 10 + b"a" * 10 + b"b" * 10
    assert (stored(upload_id).state, stored(upload_id).size) == (UploadState.UPLOADED, 30)
    assert received_events() == [upload_id]
    assert rows() == 1
    for location in parts:
        assert head(browser, location).status_code == 404
        assert not part_path(id_of(location)).exists()
    # Whoever has not heard that it is done asks again.
    assert put_together(browser, parts[2], parts[0], parts[1]).headers["Location"] == made.headers["Location"]
    assert received_events() == [upload_id]
    answer = head(browser, made.headers["Location"])
    assert answer.headers["Upload-Concat"] == f"final;{parts[2]} {parts[0]} {parts[1]}"
    assert answer.headers["Upload-Length"] == answer.headers["Upload-Offset"] == "30"


def test_what_parts_make_takes_no_bytes_of_its_own(browser: Uploader) -> None:
    parts = [part(browser, PIECE), part(browser, PIECE)]
    assert post(browser, PIECE, Upload_Concat=f"final;{' '.join(parts)}", **CHUNK).status_code == 403
    location = put_together(browser, *parts).headers["Location"]
    assert browser.append(location, 20, PIECE).status_code == 403


def test_parts_that_are_not_whole_or_none_at_all_make_nothing(app: Flask, browser: Uploader, cast: Cast) -> None:
    whole, half, plain = part(browser, PIECE), part(browser, PIECE, 20), browser.create(10).headers["Location"]
    other = part(Uploader(app.test_client(), cast.other_author), PIECE)
    before = rows()
    for wanted, status in (
        ([whole, half], 400),
        ([whole, plain], 400),
        ([whole, whole], 400),
        ([whole, other], 404),
        ([whole, "/uploads/" + "0" * 32], 404),
        ([], 404),
    ):
        assert put_together(browser, *wanted).status_code == status, wanted
    assert put_together(browser, whole, Upload_Metadata="").status_code == 400
    with clock.at(clock.now() + timedelta(hours=settings().upload_hours)):
        assert put_together(browser, whole).status_code == 400
    assert rows() == before
    assert browser.offset(whole) == 10


def test_t2_putting_together_goes_on_where_it_was_broken_off(
    browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [part(browser, PIECE), part(browser, PIECE)]
    with monkeypatch.context() as broken:
        broken.setattr(part_file, "keep_safe", lambda _handle: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            put_together(browser, *parts)
    assert rows() == 3
    assert received_events() == []
    location = put_together(browser, *parts).headers["Location"]
    assert rows() == 1
    assert part_path(id_of(location)).read_bytes() == 2 * PIECE


def test_parts_are_copied_by_hand_where_the_kernel_cannot(browser: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    parts = [part(browser, PIECE), part(browser, b"x" * 300_000)]
    monkeypatch.setattr(part_file.os, "copy_file_range", refuse)
    location = put_together(browser, *parts).headers["Location"]
    assert part_path(id_of(location)).read_bytes() == PIECE + b"x" * 300_000


def test_x5_parts_take_up_room_once(browser: Uploader, cast: Cast) -> None:
    users.set_quota(actor=cast.admin, user_id=cast.owner.person_id, quota_mb=1)
    parts = [part(browser, bytes(MIB // 2)), part(browser, bytes(MIB // 2))]
    assert browser.create(1).status_code == 413
    assert put_together(browser, *parts).status_code == 201


def test_a_part_is_no_file_of_a_lecture_and_can_be_cancelled(browser: Uploader) -> None:
    location = part(browser, PIECE)
    assert "10 B of 10 B" in browser.client.get("/studio/files").text
    assert browser.client.delete(location, headers=TUS).status_code == 204
    assert not part_path(id_of(location)).exists()


def test_the_database_refuses_to_process_parts(browser: Uploader) -> None:
    row = stored(id_of(part(browser, PIECE)))
    row.state = UploadState.UPLOADED
    with unguarded(), pytest.raises(IntegrityError, match="received_whole"):
        db.session.commit()
    db.session.rollback()
