"""X-5: the same rights and the same bytes, whether the house sends them, nginx for it, or a bucket by signed links."""

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.errors import SettingsError
from backoffice.integrations.storage.house import storage
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.exports import Export
from backoffice.models.media import Upload, UploadState
from backoffice.public.media.links import cover_url, signed_master_url, signed_poster_url
from tests.factories import courses
from tests.factories.media import Uploader, picture_bytes, video_bytes
from tests.factories.people import Cast, log_in
from tests.factories.s3 import S3Server, get, keep_media_in
from tests.factories.tasks import drain

NAMES = re.compile(r'^(?!#)\S+$|(?<=URI=")[^"]+', re.MULTILINE)


@pytest.fixture
def in_s3(app_with_s3: Flask) -> Flask:
    return app_with_s3


@pytest.fixture
def behind_nginx(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    chosen = replace(app.extensions["lectern.settings"], x_accel_prefix="/media-files/")
    monkeypatch.setitem(app.extensions, "lectern.settings", chosen)
    return app


def made(app: Flask, cast: Cast, data: bytes, kind: str) -> Upload:
    upload_id = Uploader(app.test_client(), cast.owner).send(data, kind=kind)
    drain(app)
    db.session.rollback()
    upload = db.session.get_one(Upload, upload_id, populate_existing=True)
    assert upload.state is UploadState.DONE
    return upload


def link_for(app: Flask, cast: Cast, upload: Upload, make: Callable[[str, int], str] = signed_master_url) -> str:
    with app.test_request_context():
        return make(upload.id, cast.owner.person_id)


def playlist(answer: TestResponse) -> str:
    assert answer.status_code == 200
    assert answer.mimetype == "application/vnd.apple.mpegurl"
    return answer.text


def seconds_of(link: str) -> int:
    return int(parse_qs(urlsplit(link).query)["X-Amz-Expires"][0])


def test_x5_a_playlist_names_one_signed_link_for_each_rendition(in_s3: Flask, cast: Cast) -> None:
    upload = made(in_s3, cast, video_bytes(), "video")
    master = link_for(in_s3, cast, upload)
    viewer = log_in(in_s3.test_client(), cast.owner)
    lists = NAMES.findall(playlist(viewer.get(master)))
    assert lists
    assert all(re.fullmatch(r"[a-z0-9]+\.m3u8", name) for name in lists)
    for name in lists:
        text = playlist(viewer.get(f"{master.rsplit('/', 1)[0]}/{name}"))
        (link,) = set(NAMES.findall(text))
        key = f"video/{upload.id}/{name.removesuffix('.m3u8')}.m4s"
        assert urlsplit(link).path.endswith(f"/{key}")
        whole = storage().open(key).read()
        status, headers, body = get(link, {"Range": "bytes=100-299"})
        assert (status, body, headers["content-type"]) == (206, whole[100:300], "video/mp4")
        written = storage().open(f"video/{upload.id}/{name}").read().decode()
        assert text == written.replace(key.rsplit("/", 1)[1], link)


def test_x5_links_of_a_playlist_end_with_the_token_that_opened_it(in_s3: Flask, cast: Cast) -> None:
    upload = made(in_s3, cast, video_bytes(), "video")
    folder = link_for(in_s3, cast, upload).rsplit("/", 1)[0]
    viewer, other = (log_in(in_s3.test_client(), person) for person in (cast.owner, cast.other_author))
    life = settings().media_link_minutes * 60
    for gone in (0, life - 600):
        with clock.at(clock.now() + timedelta(seconds=gone)):
            answer = viewer.get(f"{folder}/audio.m3u8")
            left = seconds_of(NAMES.findall(playlist(answer))[0])
            assert life - gone - 60 < left <= life - gone
            assert answer.headers["Cache-Control"] == f"private, max-age={min(3600, left)}"
    assert other.get(f"{folder}/audio.m3u8").status_code == 403
    assert in_s3.test_client().get(f"{folder}/audio.m3u8").status_code == 403
    with clock.at(clock.now() + timedelta(seconds=life)):
        assert viewer.get(f"{folder}/audio.m3u8").status_code == 403
        assert viewer.get(f"{folder}/poster.jpg").status_code == 403
    assert viewer.get(f"{folder}/no-such.m3u8").status_code == 404
    assert viewer.get(f"{folder}/..%2f..%2fx.m3u8").status_code == 404


def test_x5_a_long_playlist_is_sent_small(in_s3: Flask, cast: Cast) -> None:
    upload = made(in_s3, cast, video_bytes(), "video")
    lines = "".join(f"#EXTINF:6.000,\n#EXT-X-BYTERANGE:9@{9 * n}\n360p.mp4\n" for n in range(600))
    storage().put_bytes(f"video/{upload.id}/long.m3u8", lines.encode())
    address = link_for(in_s3, cast, upload).replace("master", "long")
    viewer = log_in(in_s3.test_client(), cast.owner)
    plain, packed = viewer.get(address), viewer.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", plain.headers["Vary"])
    assert len(set(NAMES.findall(plain.text))) == 1
    assert len(gzip.decompress(packed.data).splitlines()) == len(plain.data.splitlines()) == 1800
    assert len(packed.data) < len(plain.data) / 10


def test_x5_other_files_of_a_video_are_one_step_away(in_s3: Flask, cast: Cast) -> None:
    upload = made(in_s3, cast, video_bytes(), "video")
    viewer = log_in(in_s3.test_client(), cast.owner)
    answer = viewer.get(link_for(in_s3, cast, upload, signed_poster_url))
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    status, headers, body = get(answer.location)
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert body == storage().open(f"video/{upload.id}/poster.jpg").read()
    # Pages may show it, and run nothing from there.
    policy = viewer.get("/").headers["Content-Security-Policy"]
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(answer.location))
    allowed = {part.split()[0] for part in policy.split("; ") if origin in part.split()}
    assert allowed == {"img-src", "media-src", "connect-src"}


def test_x5_pages_of_a_house_with_its_own_files_allow_no_other_origin(client: FlaskClient) -> None:
    assert "http" not in client.get("/").headers["Content-Security-Policy"]


def test_x5_captions_are_sent_by_the_house_itself(in_s3: Flask, cast: Cast) -> None:
    upload = made(in_s3, cast, video_bytes(), "video")
    storage().put_bytes(f"video/{upload.id}/en.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\nСлово\n".encode())
    viewer = log_in(in_s3.test_client(), cast.owner)
    answer = viewer.get(link_for(in_s3, cast, upload).replace("master.m3u8", "en.vtt"))
    assert (answer.status_code, answer.mimetype) == (200, "text/vtt")
    assert "Слово" in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_x5_a_cover_in_s3_has_the_same_viewers(in_s3: Flask, cast: Cast) -> None:
    upload = made(in_s3, cast, picture_bytes(), "image")
    assert upload.asset is not None
    with in_s3.test_request_context():
        url = cover_url(upload.id, upload.asset, width=400)
    private = log_in(in_s3.test_client(), cast.owner).get(url)
    assert (private.status_code, private.headers["Cache-Control"]) == (302, "private, max-age=3600")
    assert get(private.location)[2] == storage().open(f"image/{upload.id}/cover-480.webp").read()
    assert log_in(in_s3.test_client(), cast.student).get(url).status_code == 404
    course_id = courses.live_course(cast.owner).id
    with unguarded():
        course = db.session.get_one(Course, course_id)
        db.session.get_one(Revision, course.live_revision_id).cover_upload_id = upload.id
        db.session.commit()
    public = in_s3.test_client().get(url)
    assert (public.status_code, public.headers["Cache-Control"]) == (302, "public, max-age=3600")
    # The link outlives whoever keeps it.
    assert seconds_of(public.location) >= 2 * 3600


def exported(app: Flask, client: FlaskClient) -> str:
    client.post("/account/history/export", data={"request_key": "key"})
    drain(app)
    return f"/account/exports/{db.session.scalars(select(Export)).one().id}/file"


def test_x5_an_export_in_s3_is_its_owners_alone(in_s3: Flask, client: FlaskClient, cast: Cast) -> None:
    address = exported(in_s3, log_in(client, cast.student))
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, no-store")
    assert seconds_of(answer.location) <= 60
    assert "response-content-disposition=attachment" in answer.location
    status, headers, body = get(answer.location)
    assert (status, headers["cache-control"]) == (200, "private, no-store")
    assert body.decode("utf-8-sig").startswith("Date,")
    assert log_in(in_s3.test_client(), cast.owner).get(address).status_code == 404


def test_x5_a_bucket_that_is_away_is_said_in_plain_words(
    app: Flask, stoppable_s3: S3Server, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_media_in(app, stoppable_s3, monkeypatch)
    upload = made(app, cast, video_bytes(), "video")
    viewer = log_in(app.test_client(), cast.owner)
    stoppable_s3.stop()
    answer = viewer.get(link_for(app, cast, upload))
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert answer.text == "The file cannot be reached at the moment. Please try again in a minute."


def test_x5_nginx_is_told_which_file_to_send(behind_nginx: Flask, cast: Cast) -> None:
    upload = made(behind_nginx, cast, video_bytes(), "video")
    master = link_for(behind_nginx, cast, upload)
    viewer = log_in(behind_nginx.test_client(), cast.owner)
    answer = viewer.get(master, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/media-files/video/{upload.id}/master.m3u8"
    assert answer.mimetype == "application/vnd.apple.mpegurl"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    for refused, status in (
        (behind_nginx.test_client().get(master), 403),
        (viewer.get(master.replace("master", "nothing")), 404),
        (viewer.get(master.replace("master.m3u8", "..%2f..%2fexport%2f1.csv")), 404),
    ):
        assert refused.status_code == status
        assert "X-Accel-Redirect" not in refused.headers


def test_x5_nginx_sends_pictures_and_exports_under_their_names(
    behind_nginx: Flask, client: FlaskClient, cast: Cast
) -> None:
    upload = made(behind_nginx, cast, picture_bytes(), "image")
    picture = log_in(client, cast.owner).get(f"/media/image/{upload.id}/cover-480.webp")
    assert picture.headers["X-Accel-Redirect"] == f"/media-files/image/{upload.id}/cover-480.webp"
    assert picture.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    answer = client.get(exported(behind_nginx, client))
    assert re.fullmatch(r"/media-files/export/\d+\.csv", answer.headers["X-Accel-Redirect"])
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r"attachment; filename=lectern-\d{4}-\d\d-\d\d-\d+\.csv", answer.headers["Content-Disposition"])
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"storage": "ftp"}, "STORAGE"),
        ({"storage": "s3"}, "S3_BUCKET"),
        ({"storage": "s3", "s3_bucket": "b", "s3_endpoint_url": "127.0.0.1:9000"}, "S3_ENDPOINT_URL"),
        ({"storage": "s3", "s3_bucket": "b", "s3_public_url": "media.example"}, "S3_PUBLIC_URL"),
        ({"storage": "s3", "s3_bucket": "b", "s3_prefix": "/media"}, "S3_PREFIX"),
        ({"storage": "s3", "s3_bucket": "b", "s3_prefix": "../x"}, "S3_PREFIX"),
        ({"storage": "s3", "s3_bucket": "b", "x_accel_prefix": "/media-files/"}, "X_ACCEL_PREFIX"),
        ({"x_accel_prefix": "media-files"}, "X_ACCEL_PREFIX"),
        ({"x_accel_prefix": "/"}, "X_ACCEL_PREFIX"),
    ],
)
def test_senseless_settings_stop_the_start(app: Flask, changes: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        replace(app.extensions["lectern.settings"], **changes)
