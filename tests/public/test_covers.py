"""Covers in the studio, from the file to the chosen part (C-1, B-8)."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from backoffice.db import db, unguarded
from backoffice.integrations.storage.house import ORIGINAL, storage
from backoffice.models.content import Revision
from backoffice.models.media import Upload, UploadState
from tests.factories.courses import draft_course, live_course
from tests.factories.media import Uploader
from tests.factories.people import Cast, log_in
from tests.factories.tasks import drain


def tall() -> bytes:
    """A picture of 600 by 1000 points, red above and blue below."""
    picture = Image.new("RGB", (600, 1000), "red")
    picture.paste("blue", (0, 500, 600, 1000))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def sent(app: Flask, client: FlaskClient, cast: Cast) -> str:
    upload_id = Uploader(client, cast.owner).send(tall(), kind="image")
    drain(app)
    return upload_id


def put(upload_id: str) -> None:
    with unguarded():
        for revision in db.session.scalars(select(Revision)):
            revision.cover_upload_id = upload_id
        db.session.commit()


def cover_of(client: FlaskClient, upload_id: str) -> Image.Image:
    return Image.open(io.BytesIO(client.get(f"/media/image/{upload_id}/cover-480.webp").data))


def test_c1_the_part_is_chosen_by_a_plain_form_and_made_by_a_worker(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    first = sent(app, client, cast)
    base = f"/studio/courses/{draft_course(cast.owner).id}"
    put(first)
    assert f'href="{base}/cover"' in client.get(f"{base}/texts").text
    page = client.get(f"{base}/cover").text
    assert f"/media/image/{first}/whole.webp" in page
    # Without a choice it is the middle: red above, blue below.
    with cover_of(client, first) as middle:
        assert middle.getpixel((240, 4))[0] > 200
        assert middle.getpixel((240, 265))[2] > 200
    part = {"shown_upload_id": first, "x": "0", "y": "6500", "width": "10000"}
    answer = client.post(f"{base}/cover", data=part)
    assert answer.location == f"{base}/texts#cover"
    assert "data-poll" in client.get(f"{base}/cover/state").text
    drain(app)
    made = db.session.scalars(select(Upload).where(Upload.source_id == first)).one()
    assert made.state is UploadState.DONE
    with cover_of(client, made.id) as cover:
        assert cover.getpixel((240, 4))[2] > 200
    assert made.id in client.get(f"{base}/cover/state").text
    # The next choice starts from what is chosen, and from the whole picture.
    again = client.get(f"{base}/cover").text
    assert f"/media/image/{first}/whole.webp" in again
    assert 'value="6500"' in again


def test_c1_senseless_parts_are_told_and_change_nothing(app: Flask, client: FlaskClient, cast: Cast) -> None:
    first = sent(app, client, cast)
    base = f"/studio/courses/{draft_course(cast.owner).id}"
    assert client.get(f"{base}/cover").status_code == 302
    put(first)
    for changed in ({"y": "9999"}, {"width": "10"}, {"x": "many"}, {"x": "9" * 30}, {"shown_upload_id": "another"}):
        part = {"shown_upload_id": first, "x": "0", "y": "0", "width": "10000", **changed}
        assert client.post(f"{base}/cover", data=part).status_code == 422, changed
    assert db.session.scalars(select(Upload.id)).all() == [first]


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("moderator", 200), ("other_author", 404), (None, 404)])
def test_b8_what_was_cut_off_is_seen_by_the_author_and_staff_alone(
    app: Flask, client: FlaskClient, cast: Cast, who: str | None, status: int
) -> None:
    first = sent(app, client, cast)
    live_course(cast.owner)
    put(first)
    visitor = app.test_client()
    if who is not None:
        log_in(visitor, getattr(cast, who))
    assert visitor.get(f"/media/image/{first}/cover-480.webp").status_code == 200
    assert visitor.get(f"/media/image/{first}/whole.webp").status_code == status
    assert visitor.get(f"/media/image/{first}/original").status_code == 404


def test_t3_an_original_that_is_gone_is_said(app: Flask, client: FlaskClient, cast: Cast) -> None:
    first = sent(app, client, cast)
    base = f"/studio/courses/{draft_course(cast.owner).id}"
    put(first)
    storage().delete(f"image/{first}/{ORIGINAL}")
    client.post(f"{base}/cover", data={"shown_upload_id": first, "x": "0", "y": "0", "width": "10000"})
    drain(app)
    made = db.session.scalars(select(Upload).where(Upload.source_id == first)).one()
    assert (made.state, made.error_code) == (UploadState.FAILED, "source_missing")
    assert "Upload it again" in client.get(f"{base}/cover/state").text
