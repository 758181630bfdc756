"""Extensions of tus: pieces with a checksum, the first bytes with the announcement (X-5, T-5)."""

import hashlib
from base64 import b64encode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backoffice.db import db
from backoffice.integrations.storage.house import part_path
from backoffice.models.media import Upload, UploadState
from tests.factories.media import TUS, Uploader
from tests.factories.people import Cast
from tests.public.test_uploads import PIECE, id_of, received_events, stored


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


@pytest.fixture
def location(browser: Uploader) -> str:
    return browser.create(30).headers["Location"]


def checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def send(browser: Uploader, location: str, offset: int, data: bytes, header: str) -> int:
    headers = TUS | {
        "Upload-Offset": str(offset),
        "Upload-Checksum": header,
        "Content-Type": "application/offset+octet-stream",
    }
    return browser.client.patch(location, data=data, headers=headers).status_code


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_piece_is_taken_when_it_adds_up(browser: Uploader, location: str, algorithm: str) -> None:
    assert algorithm in browser.client.options("/uploads").headers["Tus-Checksum-Algorithm"]
    for offset in (0, 10, 20):
        assert send(browser, location, offset, PIECE, checksum(algorithm, PIECE)) == 204
    assert part_path(id_of(location)).read_bytes() == 3 * PIECE
    assert received_events() == [id_of(location)]


def test_a_damaged_piece_leaves_no_byte_even_the_last_one(browser: Uploader, location: str) -> None:
    assert send(browser, location, 0, 2 * PIECE, checksum("sha1", 2 * PIECE)) == 204
    assert send(browser, location, 20, b"damaged!!!", checksum("sha1", PIECE)) == 460
    upload_id = id_of(location)
    assert part_path(upload_id).read_bytes() == 2 * PIECE
    assert stored(upload_id).state is UploadState.RECEIVING
    assert received_events() == []
    assert browser.client.head(location, headers=TUS).headers["Upload-Offset"] == "20"
    assert send(browser, location, 20, PIECE, checksum("sha1", PIECE)) == 204
    assert received_events() == [upload_id]


@pytest.mark.parametrize("header", ["", "crc32 AAAA", "sha1", "sha1 ***", "sha1 AAAA", "shake_128 AAAA", "md5  "])
def test_a_checksum_that_is_none_takes_nothing(browser: Uploader, location: str, header: str) -> None:
    assert send(browser, location, 0, PIECE, header) in (400, 460)
    assert browser.client.head(location, headers=TUS).headers["Upload-Offset"] == "0"


def announce(browser: Uploader, size: int, data: bytes, **more: str) -> tuple[int, str, str]:
    metadata = f"filename {b64encode(b'a.mp4').decode()},kind {b64encode(b'video').decode()}"
    headers = TUS | {
        "Upload-Length": str(size),
        "Upload-Metadata": metadata,
        "Content-Type": "application/offset+octet-stream",
    }
    answer = browser.client.post("/uploads", data=data, headers=headers | more)
    return answer.status_code, answer.headers.get("Location", ""), answer.headers.get("Upload-Offset", "")


def test_the_first_bytes_come_with_the_announcement(browser: Uploader) -> None:
    status, location, offset = announce(browser, 30, PIECE)
    assert (status, offset) == (201, "10")
    assert part_path(id_of(location)).read_bytes() == PIECE
    status, location, offset = announce(browser, 10, PIECE, **{"Upload-Checksum": checksum("sha1", PIECE)})
    assert (status, offset) == (201, "10")
    assert received_events() == [id_of(location)]


@pytest.mark.parametrize(
    ("size", "checksum_sent", "status"), [(5, {}, 413), (30, {"Upload-Checksum": "crc32 AAAA"}, 400)]
)
def test_an_announcement_whose_first_bytes_cannot_be_taken_leaves_no_upload(
    browser: Uploader, size: int, checksum_sent: dict[str, str], status: int
) -> None:
    assert announce(browser, size, PIECE, **checksum_sent)[0] == status
    assert db.session.scalar(select(func.count(Upload.id))) == 0


def test_a_piece_may_be_larger_than_a_form(browser: Uploader) -> None:
    size = 17 * 1024 * 1024
    location = browser.create(size).headers["Location"]
    assert browser.append(location, 0, bytes(size)).status_code == 204
    assert part_path(id_of(location)).stat().st_size == size


def test_a_first_piece_may_be_larger_than_a_form(browser: Uploader) -> None:
    size = 3 * 1024 * 1024
    status, location, offset = announce(browser, size, bytes(size))
    assert (status, offset) == (201, str(size))
    assert part_path(id_of(location)).stat().st_size == size
