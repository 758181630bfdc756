"""`flask storage check` finds what is missing, what is not whole and what nobody points at (X-5)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.integrations.storage.base import Storage, StoredObject
from backoffice.integrations.storage.comparing import OutOfOrder, side_by_side
from backoffice.integrations.storage.house import storage
from backoffice.models.exports import Export, ExportKind, ExportState
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.queries import stored
from tests.factories import courses
from tests.factories.media import Uploader, picture_bytes, video_bytes
from tests.factories.people import Cast
from tests.factories.statements import selects
from tests.factories.tasks import drain

LATER = timedelta(days=2)


@pytest.fixture(params=["folder", "bucket"])
def house(request: pytest.FixtureRequest, app: Flask) -> Iterator[Flask]:
    """The application with an empty storage, of either kind."""
    if request.param == "bucket":
        request.getfixturevalue("app_with_s3")
    _empty(storage())
    yield app
    _empty(storage())


def _empty(kept: Storage) -> None:
    for key in list(kept.list("")):
        kept.delete(key)


def check(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["storage", "check", *options])


def upload(cast: Cast, asset: dict[str, object], *, kind: UploadKind = UploadKind.VIDEO) -> Upload:
    """A finished upload with these products, and those in the storage."""
    made = courses.upload(cast.owner, kind=kind)
    with unguarded():
        made.asset = asset
        db.session.commit()
    for name, size in stored._files(kind, asset, None).items():
        storage().put_bytes(f"{kind.value}/{made.id}/{name}", b"x" * (size or 1))
    return made


def video(cast: Cast) -> Upload:
    rendition = {"file": "360p.m4s", "size_bytes": 20}
    return upload(cast, {"files": ["360p.m3u8", "360p.m4s", "master.m3u8"], "renditions": [rendition]})


def picture(cast: Cast) -> Upload:
    return upload(cast, {"renditions": [{"name": "cover-480.webp", "size_bytes": 9}]}, kind=UploadKind.IMAGE)


def exports(cast: Cast, *ids: int) -> None:
    """Finished exports under these ids, with their files."""
    with unguarded():
        for number in ids:
            export = Export(id=number, user_id=cast.student.person_id, request_key=str(number), kind=ExportKind.HISTORY)
            export.expires_at = clock.now() + LATER
            export.state, export.file_key = ExportState.DONE, f"export/{number}.csv"
            export.filters, export.locale, export.time_zone = {}, "en", "UTC"
            db.session.add(export)
            storage().put_bytes(f"export/{number}.csv", b"a,b")
        db.session.commit()


def test_x5_a_storage_with_all_that_rows_point_at_is_whole(house: Flask, cast: Cast) -> None:
    for _ in range(3):
        video(cast)
        picture(cast)
    exports(cast, 9_000_001, 90_000_010, 9_000_002)
    result = check(house)
    assert result.exit_code == 0, result.output
    assert "15 objects" in result.output
    assert "15 wanted: 0 MISSING, 0 SIZE, 0 ORPHAN, 0 UNKNOWN" in result.output
    assert result.output.endswith("The storage holds what the rows point at.\n")


def test_x5_what_the_pipeline_makes_is_what_the_rows_point_at(house: Flask, client: FlaskClient, cast: Cast) -> None:
    browser = Uploader(client, cast.owner)
    browser.send(picture_bytes(), kind="image", pieces=1)
    browser.send(b"%PDF-1.4\n%%EOF\n", kind="file", filename="sheet.pdf", pieces=1)
    browser.send(video_bytes())
    drain(house)
    # An orphan would be one from the next day on, and be deleted on demand.
    with clock.at(clock.now() + LATER):
        result = check(house)
    assert result.exit_code == 0, result.output
    assert "0 MISSING, 0 SIZE, 0 ORPHAN, 0 UNKNOWN" in result.output


def test_x5_each_kind_of_trouble_is_found_and_named(house: Flask, cast: Cast) -> None:
    lost, short, whole = video(cast), video(cast), picture(cast)
    exports(cast, 9_000_003)
    storage().delete(f"video/{lost.id}/master.m3u8")
    storage().put_bytes(f"video/{short.id}/360p.m4s", b"x")
    storage().delete("export/9000003.csv")
    orphans = [f"video/{whole.id}/360p.m4s", f"image/{whole.id}/cover-960.webp", f"video/{'0' * 32}/poster.jpg"]
    orphans += ["export/9000004.csv"]
    unknown = ["export/nonsense", f"export/{'9' * 40}.csv", "video/1/poster.jpg", "letters/1.txt"]
    for key in [*orphans, *unknown]:
        storage().put_bytes(key, b"x" * 2000)
    with clock.at(clock.now() + LATER):
        result = check(house)
    assert result.exit_code == 1
    found = {tuple(line.split()[:2]) for line in result.output.splitlines() if line.split()[0].isupper()}
    assert found == {
        ("MISSING", f"video/{lost.id}/master.m3u8"),
        ("MISSING", "export/9000003.csv"),
        ("SIZE", f"video/{short.id}/360p.m4s"),
        *(("UNKNOWN", key) for key in unknown),
        *(("ORPHAN", key) for key in orphans),
    }
    assert "1 bytes instead of 20" in result.output
    assert "2 MISSING, 1 SIZE, 4 ORPHAN, 4 UNKNOWN" in result.output
    assert "does NOT agree" in result.output
    assert all(storage().head(key) == 2000 for key in orphans)


def test_x5_orphans_are_deleted_on_demand_and_nothing_else(house: Flask, cast: Cast) -> None:
    kept, working = video(cast), courses.upload(cast.owner, state=UploadState.TRANSCODING)
    failed = courses.upload(cast.owner, state=UploadState.FAILED)
    orphans = {f"video/{failed.id}/x.m4s", f"video/{kept.id}/old.m4s", f"incoming/{kept.id}", f"incoming/{'0' * 32}"}
    made = {f"video/{working.id}/x.m4s", f"incoming/{working.id}", f"incoming/{failed.id}"}
    for key in (*orphans, *made, "strange/x"):
        storage().put_bytes(key, b"x")
    assert check(house, "--delete-orphans").exit_code == 1
    with clock.at(clock.now() + LATER):
        result = check(house, "--delete-orphans")
        assert "4 orphans deleted" in result.output
        assert "3 objects without a row are too new to tell, or still being made" in result.output
        assert result.exit_code == 1
        storage().delete("strange/x")
        assert check(house).exit_code == 0
    names = ("360p.m3u8", "360p.m4s", "master.m3u8")
    assert set(storage().list("")) == made | {f"video/{kept.id}/{name}" for name in names}


def test_x5_what_is_new_is_left_alone(house: Flask, cast: Cast) -> None:
    storage().put_bytes(f"video/{'0' * 32}/poster.jpg", b"x")
    result = check(house, "--delete-orphans")
    assert result.exit_code == 0
    assert "1 objects without a row are too new to tell" in result.output
    assert storage().head(f"video/{'0' * 32}/poster.jpg") == 1


def test_x5_killed_writes_are_cleared_away_a_day_later(app: Flask) -> None:
    _empty(storage())
    storage().put_bytes("video/a/poster.jpg", b"x")
    folder = settings().var_dir / "media" / "video"
    (folder / ".tmp-0123").mkdir()
    (folder / ".tmp-0123" / "360p.m4s").write_bytes(b"x")
    (folder / "a" / ".tmp-4567").write_bytes(b"x")
    assert "0 writes that were killed" in check(app, "--delete-orphans").output
    with clock.at(clock.now() + LATER):
        assert "2 writes that were killed" in check(app, "--delete-orphans").output
    assert list(folder.rglob(".tmp-*")) == []


def test_x5_parts_that_never_became_an_object_are_dropped(app_with_s3: Flask) -> None:
    kept = storage()
    begun = kept.client.create_multipart_upload(Bucket=kept.bucket, Key=kept.name("video/1/x.m4s"))
    assert begun["UploadId"]
    assert kept.discard_unfinished(before=datetime.now(UTC) - timedelta(days=1)) == 0
    assert kept.discard_unfinished(before=datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert kept.discard_unfinished(before=datetime.now(UTC) + timedelta(minutes=1)) == 0


def test_x5_pages_of_rows_miss_none(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _empty(storage())
    monkeypatch.setattr(stored, "PAGE", 2)
    for _ in range(5):
        video(cast)
    exports(cast, 1_000_001, 10_000_010, 100_000_100, 1_000_002, 2_000_000)
    keys = [want.key for want in stored.wanted_objects()]
    assert keys == sorted(keys) == list(storage().list(""))
    assert len(keys) == 20


def test_x5_a_row_more_costs_no_statement_more(app: Flask, cast: Cast) -> None:
    def statements() -> int:
        with selects() as seen:
            list(stored.wanted_objects())
        return len(seen)

    video(cast)
    first = statements()
    for _ in range(20):
        video(cast)
    assert statements() == first


def test_lists_that_are_not_in_order_are_not_compared() -> None:
    def listed(*keys: str) -> list[StoredObject]:
        return [StoredObject(key, 1, datetime.now(UTC)) for key in keys]

    pairs = [(a and a.key, b and b.key) for a, b in side_by_side(listed("a", "b", "d"), listed("b", "c"))]
    assert pairs == [("a", None), ("b", "b"), (None, "c"), ("d", None)]
    for wrong in (("b", "a"), ("a", "a")):
        with pytest.raises(OutOfOrder):
            list(side_by_side(listed(*wrong), listed("x")))
        with pytest.raises(OutOfOrder):
            list(side_by_side(listed("x"), listed(*wrong)))
