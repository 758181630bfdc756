"""One's own files in the studio, and the room for them in the back office (X-5, B-3)."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice import clock
from backoffice.db import db
from backoffice.integrations.storage.house import part_path, storage
from backoffice.models.media import Upload
from backoffice.operations import users
from backoffice.operations.quotas import MIB
from backoffice.public.media import upload_routes
from tests.factories.courses import draft_course
from tests.factories.media import Uploader, picture_bytes
from tests.factories.people import Cast, log_in
from tests.factories.tasks import drain


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def test_x5_a_file_is_listed_with_its_room_and_deleted_with_what_was_made_of_it(app: Flask, browser: Uploader) -> None:
    upload_id = browser.send(picture_bytes(), kind="image")
    drain(app)
    made = sum(storage().head(key) or 0 for key in storage().list(f"image/{upload_id}"))
    assert db.session.get_one(Upload, upload_id, populate_existing=True).product_bytes == made > 0
    page = browser.client.get("/studio/files").text
    assert "lecture.mp4" in page
    assert "100 GB" in page
    answer = browser.client.post(f"/studio/files/{upload_id}/delete", follow_redirects=True)
    assert "The file is deleted." in answer.text
    assert "No files yet" in answer.text
    drain(app)
    assert list(storage().list(f"image/{upload_id}")) == []


def test_an_upload_on_its_way_is_cancelled_from_the_list(browser: Uploader) -> None:
    location = browser.create(30).headers["Location"]
    browser.append(location, 0, b"0123456789")
    upload_id = location.rsplit("/", 1)[-1]
    assert "10 B of 30 B" in browser.client.get("/studio/files").text
    browser.client.post(f"/studio/files/{upload_id}/cancel")
    assert db.session.scalars(select(Upload.id)).all() == []
    assert not part_path(upload_id).exists()


def test_b8_files_of_others_are_neither_seen_nor_deleted(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id = browser.create(30).headers["Location"].rsplit("/", 1)[-1]
    other = log_in(app.test_client(), cast.other_author)
    assert "lecture.mp4" not in other.get("/studio/files").text
    for verb in ("delete", "cancel"):
        assert "There is no such upload." in other.post(f"/studio/files/{upload_id}/{verb}", follow_redirects=True).text
    assert log_in(app.test_client(), cast.student).get("/studio/files").status_code == 302
    assert db.session.scalars(select(Upload.id)).all() == [upload_id]


def test_x4_the_quota_is_told_in_the_language_of_the_author_and_no_byte_is_taken(browser: Uploader, cast: Cast) -> None:
    users.set_quota(actor=cast.admin, user_id=cast.owner.person_id, quota_mb=1)
    refused = browser.create(2 * MIB)
    assert refused.status_code == 413
    assert "room for 1 MB" in refused.text
    assert "has 2 MB" in refused.text
    browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ru"
    assert "2 МБ" in browser.create(2 * MIB).text
    assert db.session.scalars(select(Upload.id)).all() == []


def test_the_page_tells_the_browser_how_much_fits(browser: Uploader, cast: Cast) -> None:
    course = draft_course(cast.owner)
    users.set_quota(actor=cast.admin, user_id=cast.owner.person_id, quota_mb=3)
    browser.create(2 * MIB)
    assert f'data-room="{MIB}"' in browser.client.get(f"/studio/courses/{course.id}/texts").text


def test_the_disk_must_take_all_that_was_announced(browser: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = upload_routes.shutil.disk_usage(part_path("x").parent)
    monkeypatch.setattr(upload_routes, "SPARE_BYTES", usage.free - 600 * MIB)
    assert browser.create(400 * MIB).status_code == 201
    assert browser.create(400 * MIB).status_code == 507
    with clock.at(clock.now() + timedelta(hours=1)):
        assert browser.create(400 * MIB).status_code == 201


def test_b3_an_admin_gives_an_author_room(app: Flask, cast: Cast) -> None:
    admin = log_in(app.test_client(), cast.admin)
    address = f"/admin/users/{cast.owner.user_id}"
    assert "Room for files" in admin.get(address).text
    assert (
        "The room for files is changed."
        in admin.post(f"{address}/quota", data={"quota_mb": "7"}, follow_redirects=True).text
    )
    assert "0 B of 7 MB" in admin.get(address).text
    assert (
        "Give the room in whole MB"
        in admin.post(f"{address}/quota", data={"quota_mb": "much"}, follow_redirects=True).text
    )
    admin.post(f"{address}/quota", data={"quota_mb": ""})
    assert "0 B of 100 GB" in admin.get(address).text
    moderator = log_in(app.test_client(), cast.moderator)
    assert moderator.post(f"{address}/quota", data={"quota_mb": "7"}).status_code == 403
