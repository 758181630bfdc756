"""The same file twice is made once, and what was made stays as long as any of its rows (X-5, T-2)."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from backoffice.access import SYSTEM
from backoffice.db import db, unguarded
from backoffice.integrations.storage.house import part_path, storage
from backoffice.models.content import Lecture, LectureKind, Revision
from backoffice.models.media import Upload, UploadState
from backoffice.operations import own_files, uploads
from backoffice.public.media.links import EVERYBODY, cover_url, signed_master_url
from backoffice.queries.learning import lecture
from backoffice.tasks.actors import media
from tests.concurrency.test_money import codes, together
from tests.factories.courses import live_course, upload
from tests.factories.media import Uploader, picture_bytes, video_bytes
from tests.factories.people import Cast, make_cast
from tests.factories.tasks import drain


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def stored(upload_id: str) -> Upload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)


def sets_of_products(kind: str) -> set[str]:
    return {key.split("/")[1] for key in storage().list(kind)}


def picture(number: int) -> bytes:
    """A picture that no other test has."""
    return picture_bytes(1000 + number, 700)


def sent(app: Flask, browser: Uploader, data: bytes) -> str:
    """A picture that is sent and finished."""
    upload_id = browser.send(data, kind="image")
    drain(app)
    return upload_id


def test_x5_the_same_video_again_is_done_at_once_and_plays(
    app: Flask, browser: Uploader, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = browser.send(video_bytes())
    drain(app)
    monkeypatch.setattr(media, "transcode", None)
    second = browser.send(video_bytes())
    drain(app)
    made, twin = stored(first), stored(second)
    assert (twin.state, twin.attempt, twin.products_id) == (UploadState.DONE, 1, first)
    assert (twin.asset, twin.duration_s, twin.sha256) == (made.asset, made.duration_s, made.sha256)
    assert sets_of_products("video") & {first, second} == {first}
    assert not part_path(second).exists()

    course = live_course(cast.owner)
    with unguarded():
        row = db.session.scalars(select(Lecture).where(Lecture.revision_id == course.live_revision_id)).first()
        row.kind, row.video_upload_id, row.free_preview = LectureKind.VIDEO, second, True
        db.session.commit()
    shown = lecture(course.live_revision_id, row.node_id, 0)
    with app.test_request_context():
        url = signed_master_url(shown.video_id, EVERYBODY)
    assert app.test_client().get(url).status_code == 200


def test_x5_a_cover_that_shares_its_products_is_seen(app: Flask, browser: Uploader, cast: Cast) -> None:
    first, second = (sent(app, browser, picture(1)) for _twice in range(2))
    course = live_course(cast.owner)
    with unguarded():
        db.session.get_one(Revision, course.live_revision_id).cover_upload_id = second
        db.session.commit()
    made = stored(second)
    with app.test_request_context():
        url = cover_url(made.products_id, made.asset)
    assert made.products_id == first
    assert app.test_client().get(url).status_code == 200


def test_x5_people_share_nothing(app: Flask, browser: Uploader, cast: Cast) -> None:
    first = browser.send(picture(2), kind="image")
    drain(app)
    second = Uploader(app.test_client(), cast.other_author).send(picture(2), kind="image")
    drain(app)
    assert stored(first).sha256 == stored(second).sha256
    assert (stored(first).products_id, stored(second).products_id) == (first, second)


def test_x5_what_was_made_goes_with_the_last_row(app: Flask, browser: Uploader, cast: Cast) -> None:
    first, second = (sent(app, browser, picture(3)) for _twice in range(2))
    own_files.delete(actor=cast.owner, upload_id=first)
    third = sent(app, browser, picture(3))
    assert stored(third).products_id == first
    own_files.delete(actor=cast.owner, upload_id=second)
    drain(app)
    assert first in sets_of_products("image")
    own_files.delete(actor=cast.owner, upload_id=third)
    drain(app)
    assert sets_of_products("image") & {first, second, third} == set()


def test_x5_two_equal_files_at_once_leave_one_set(
    app: Flask, browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first one is worked at, the second one is done: neither saw the other when it began."""
    first, second = browser.send(picture(4), kind="image"), browser.send(picture(4), kind="image")
    begin_transcoding: Callable[..., None] = uploads.start_transcoding

    def and_be_overtaken(**arguments: object) -> None:
        begin_transcoding(**arguments)
        if arguments["upload_id"] == first:
            media.process_upload(upload_id=second)

    monkeypatch.setattr(uploads, "start_transcoding", and_be_overtaken)
    drain(app)
    assert (stored(first).state, stored(first).products_id) == (UploadState.DONE, second)
    assert sets_of_products("image") & {first, second} == {second}


def test_x5_eight_workers_that_finish_equal_files_at_the_same_moment(committed_app: Flask) -> None:
    owner = make_cast().owner
    made = [upload(owner, state=UploadState.TRANSCODING).id for _number in range(8)]
    with unguarded():
        for row in db.session.scalars(select(Upload)):
            row.sha256, row.attempt = "same", 1
        db.session.commit()
    jobs = [
        lambda upload_id=upload_id: uploads.complete(
            actor=SYSTEM, upload_id=upload_id, attempt=1, asset={}, product_bytes=5, duration_s=1
        )
        for upload_id in made
    ]
    assert codes(together(committed_app, jobs)) == {"ok": 8}
    db.session.rollback()
    assert len(set(db.session.scalars(select(Upload.products_id)))) == 1


def test_x5_the_database_refuses_to_keep_a_file_made_twice(cast: Cast) -> None:
    rows = [upload(cast.owner), upload(cast.owner)]
    for row in rows:
        row.sha256 = "same"
    with unguarded(), pytest.raises(IntegrityError, match="uq_upload_made_once"):
        db.session.commit()
    db.session.rollback()
