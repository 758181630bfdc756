"""Who is given covers and videos (B-8, C-1, X-5)."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.integrations.storage.house import storage
from backoffice.models.content import Lecture, Revision
from backoffice.models.courses import Course
from backoffice.models.media import Upload, UploadState
from backoffice.operations import blocks, purchases
from backoffice.public.media.links import (
    EVERYBODY,
    cover_url,
    signed_master_url,
    signed_poster_url,
    signed_storyboard_url,
)
from backoffice.public.media.routes import TRUSTED_S
from tests.factories import courses
from tests.factories.media import Uploader, picture_bytes, video_bytes
from tests.factories.people import Cast, log_in
from tests.factories.tasks import drain


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def stored(upload_id: str) -> Upload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)


def done_video(app: Flask, browser: Uploader) -> str:
    upload_id = browser.send(video_bytes())
    drain(app)
    assert stored(upload_id).state is UploadState.DONE
    return upload_id


def test_x5_a_video_plays_for_the_holder_of_the_link(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id = done_video(app, browser)
    with app.test_request_context():
        master, poster = (make(upload_id, cast.owner.person_id) for make in (signed_master_url, signed_poster_url))
    visitor = log_in(app.test_client(), cast.owner)
    playlist = visitor.get(master)
    assert playlist.status_code == 200
    assert playlist.mimetype == "application/vnd.apple.mpegurl"
    assert playlist.headers["X-Content-Type-Options"] == "nosniff"
    assert visitor.get(poster).mimetype == "image/jpeg"
    with app.test_request_context():
        storyboard = signed_storyboard_url(upload_id, cast.owner.person_id)
    track = visitor.get(storyboard)
    assert track.mimetype == "text/vtt"
    sheet = storyboard.rsplit("/", 1)[0] + "/" + re.findall(r"(\S+)#xywh=", track.text)[0]
    assert visitor.get(sheet).mimetype == "image/jpeg"

    folder = master.rsplit("/", 1)[0]
    rung = next(line for line in playlist.text.splitlines() if line.endswith("p.m3u8"))
    file = re.findall(r'URI="([^"]+)"', visitor.get(f"{folder}/{rung}").text)[0]
    whole = storage().open(f"video/{upload_id}/{file}").read()
    part = visitor.get(f"{folder}/{file}", headers={"Range": "bytes=100-299"})
    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(whole)}"
    assert part.data == whole[100:300]
    assert visitor.get(f"{folder}/{file}", headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


def test_l8_a_link_to_a_free_preview_closes_with_the_course(app: Flask, client: FlaskClient, cast: Cast) -> None:
    course = courses.live_course(cast.owner)
    made = courses.upload(cast.owner)
    with unguarded():
        lecture = db.session.scalars(select(Lecture).where(Lecture.revision_id == course.live_revision_id)).first()
        assert lecture is not None
        lecture.video_upload_id, lecture.free_preview = made.id, True
        db.session.commit()
    with app.test_request_context():
        url = signed_master_url(made.id, EVERYBODY)
    # The factory makes no files: whoever may look is told that there is none.
    assert client.get(url).status_code == 404
    blocks.block(actor=cast.moderator, course_id=course.id, reason="A complaint.")
    for person in (cast.visitor, cast.student):
        browser = log_in(app.test_client(), person) if person.user_id else app.test_client()
        assert browser.get(url).status_code == 403
    blocks.unblock(actor=cast.moderator, course_id=course.id)
    assert client.get(url).status_code == 404


def test_x5_forged_and_expired_links_open_nothing(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id, other = done_video(app, browser), "f" * 32
    with app.test_request_context():
        url = signed_master_url(upload_id, cast.owner.person_id)
        elsewhere = signed_master_url(other, cast.owner.person_id)
    client = app.test_client()
    _, _, token, _, name = url.split("/")
    expires, viewer, digest = token.split(".")
    turned = ("A" if digest[0] != "A" else "B") + digest[1:]
    for forged in (
        f"{expires}.{viewer}.{turned}",
        f"{int(expires) + 1}.{viewer}.{digest}",
        f"{expires}.{int(viewer) + 1}.{digest}",
        "x",
    ):
        assert client.get(f"/v/{forged}/{upload_id}/{name}").status_code == 403
    assert client.get(f"/v/{elsewhere.split('/')[2]}/{upload_id}/{name}").status_code == 403
    assert client.get(url).status_code == 403
    log_in(client, cast.owner)
    assert client.get(f"/v/{token}/{upload_id}/no-such-file.m4s").status_code == 404
    assert client.get(f"/v/{token}/{upload_id}/..%2f..%2fmaster.m3u8").status_code == 404
    with clock.at(clock.now() + timedelta(minutes=settings().media_link_minutes)):
        assert client.get(url).status_code == 403


def test_m4_a_link_ends_with_the_access_to_the_course(app: Flask, client: FlaskClient, cast: Cast) -> None:
    course = courses.live_course(cast.owner, price_minor=0)
    made = courses.upload(cast.owner)
    with unguarded():
        lecture = db.session.scalars(select(Lecture).where(Lecture.revision_id == course.live_revision_id)).first()
        assert lecture is not None
        lecture.video_upload_id = made.id
        db.session.commit()
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=0)
    with app.test_request_context():
        urls = [signed_master_url(made.id, person.person_id) for person in (cast.student, cast.other_student)]
    # The factory makes no files: whoever may look is told that there is none.
    assert log_in(client, cast.student).get(urls[0]).status_code == 404
    assert log_in(app.test_client(), cast.other_student).get(urls[1]).status_code == 403
    purchases.refund(actor=cast.student, purchase_id=purchase.id)
    with clock.at(clock.now() + timedelta(seconds=TRUSTED_S)):
        assert client.get(urls[0]).status_code == 403


def test_c1_a_cover_is_seen_by_all_when_its_course_is_live(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id = browser.send(picture_bytes(), kind="image", pieces=1)
    drain(app)
    asset = stored(upload_id).asset
    assert asset is not None
    with app.test_request_context():
        url = cover_url(upload_id, asset, width=400)
    assert url == f"/media/image/{upload_id}/cover-480.webp"

    def statuses() -> list[int]:
        people = (cast.owner, cast.moderator, cast.other_author, cast.student)
        clients = [log_in(app.test_client(), person) for person in people]
        return [client.get(url).status_code for client in (*clients, app.test_client())]

    assert statuses() == [200, 200, 404, 404, 404]
    course_id = courses.live_course(cast.owner).id
    with unguarded():
        course = db.session.get_one(Course, course_id)
        db.session.get_one(Revision, course.live_revision_id).cover_upload_id = upload_id
        db.session.commit()
    assert statuses() == [200] * 5
    shown = app.test_client().get(url)
    assert shown.mimetype == "image/webp"
    assert shown.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert app.test_client().get(f"/media/image/{upload_id}/cover-1.webp").status_code == 404
    with unguarded():
        course = db.session.get_one(Course, course_id)
        course.blocked_at, course.block_reason = clock.now(), "copied"
        db.session.commit()
    assert statuses() == [200, 200, 404, 404, 404]
